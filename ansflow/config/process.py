"""What every process of an installation begins with, and how signals end it."""

from __future__ import annotations

import os
import resource
import signal
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from logging import Handler
from threading import Event
from types import FrameType

from ansflow.config.databases import sqlite_file
from ansflow.config.folders import make_data_folder
from ansflow.config.holding import Hold
from ansflow.config.settings import Settings, unknown_variables
from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.edge.record import open_log

Tell = Callable[..., None]
"""What happens is told as it happens, `tell("ready", address=…)`: the command line has the words."""

MOST_FILES = 20_000
SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Begun:
    """`ending` is closed at the end, in the opposite order."""

    log: Handler
    ending: ExitStack


@contextmanager
def begun(settings: Settings, tell: Tell) -> Iterator[Begun]:
    """Its log is open, and its data folder is nobody else's. Raises an AnsFlowError with a sentence."""
    log = open_log(settings.log_format)
    for sentence in unknown_variables():
        tell("warning", message=sentence)
    make_data_folder(settings.data_dir)
    _allow_many_files()
    with ExitStack() as ending:
        ending.callback(Hold(settings.data_dir, sqlite_file(settings)).release)
        yield Begun(log, ending)


def expect_spread(settings: Settings) -> None:
    """Raises InvalidSpec where the settings are those of one process alone."""
    if not settings.is_spread:
        message = (
            "This command is for an installation of several processes: set ANSFLOW_BROKER_URL, ANSFLOW_DATABASE_URL, "
            "ANSFLOW_REDIS_URL and ANSFLOW_STORAGE_URL as for its `ansflow serve`."
        )
        raise InvalidSpec([Problem(code="not_spread", message=message)])


@contextmanager
def database_told() -> Iterator[None]:
    """At a start, what the database or its disk refuses is a sentence: there is nobody yet who could try again."""
    from ansflow.infra.database.trouble import AWAY, why_not_written  # noqa: PLC0415 — wants Django

    try:
        yield
    except AWAY as error:
        said = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
        raise NotAvailable(why_not_written(error) or f"The database cannot be used: {said}") from error


class Ending:
    """While open, SIGTERM and SIGINT ask for the end. A second one ends the process at once: steps that run live on
    under their shims all the same."""

    def __init__(self) -> None:
        self.asked = Event()
        self._has_come = False

    def wait(self, seconds: float | None = None) -> bool:
        if seconds is not None:
            return self.asked.wait(seconds)
        while not self.asked.wait(LOOK):
            """A signal that another thread was given does not wake this one, which alone can act on it."""
        return True

    def __enter__(self) -> Ending:
        self._before = {number: signal.signal(number, self._arrived) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._has_come or self.asked.is_set():
            os._exit(128 + number)
        self._has_come = True
        start_new_thread(self.asked.set, ())  # not here: what was interrupted may hold the very lock that this needs


def _allow_many_files() -> None:
    """Each viewer is one: many shells give 1,024 to begin with, and let a process take more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
