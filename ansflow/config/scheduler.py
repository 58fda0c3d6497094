"""`ansflow scheduler`: what is due, what others have lost, and the installation's periodic work.

    scheduler(settings, tell)       # returns when a signal has ended it

One of them is active: the one that holds the lock of the database, which a one-process server takes too. The others
wait for its connection to end, and take over at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from ansflow.config.bus import check_bus
from ansflow.config.celery import check_broker, make_bell
from ansflow.config.isolation import Isolation
from ansflow.config.keys import expect_keys
from ansflow.config.process import Begun, Ending, Tell, begun, database_told, expect_spread
from ansflow.config.settings import Settings
from ansflow.config.startup import expect_tables, start_django

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansflow.config.owning import Ground
    from ansflow.config.wiring import Wired

BETWEEN_LOOKS = 0.25  # seconds, whether the turn is over


def scheduler(settings: Settings, tell: Tell) -> None:
    """Runs until it is ended. Raises an AnsFlowError with a sentence where it cannot start."""
    expect_spread(settings)
    with begun(settings, tell) as process, Ending() as ending:
        _open(settings, tell)
        from ansflow.config.owning import Ground  # noqa: PLC0415 — wants Django

        ground, turn = Ground(), Turn()
        process.log.addFilter(ground.outages)
        process.ending.callback(ground.leave)
        turn.prepare(settings, ground, process)
        tell("ready")
        while ground.wait(ending.asked, lambda: tell("waiting")):
            tell("active")
            turn.take(ending)
        tell("ending")
    tell("ended")


def _open(settings: Settings, tell: Tell) -> None:
    expect_keys(settings.keys_folder, ring_file=settings.key_file)
    with ThreadPoolExecutor(2) as asking:
        asked = [asking.submit(check_bus, settings)]
        start_django(settings)
        from ansflow.config.storage import find_storage  # noqa: PLC0415 — wants Django

        asked.append(asking.submit(check_broker, settings))  # not before: two threads that import Django may deadlock
        with database_told():
            expect_tables()
            find_storage(settings, may_begin=False)
        away = [one.result() for one in asked]
    for sentence in filter(None, away):
        tell("warning", message=sentence)
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415 — wants Django

    with database_told():
        check_keys()


class Turn:
    """The times in which this scheduler is the active one: only then its threads do what they are there for."""

    def __init__(self) -> None:
        self._is_on = Event()
        self._beat: Callable[[], None] = lambda: None
        self._wired: Wired | None = None

    def prepare(self, settings: Settings, ground: Ground, process: Begun) -> None:
        from ansflow.config.health import answer_probes, engine_checks  # noqa: PLC0415
        from ansflow.config.measuring import add_measures  # noqa: PLC0415
        from ansflow.config.schedule import BEAT, beats, called_chores, looks  # noqa: PLC0415
        from ansflow.config.wiring import build  # noqa: PLC0415
        from ansflow.edge.measures import Measures  # noqa: PLC0415
        from ansflow.engine.recovery import Duty  # noqa: PLC0415

        bell = make_bell(settings)
        process.ending.callback(bell.close)
        self._wired = wired = build(settings, Isolation(executor="sandbox"), duties={Duty.MEND}, bell=bell)
        process.ending.callback(wired.close)
        ground.on_taken = (self._is_on.clear, wired.engine.mend_no_more)
        threads = beats(wired, ground), looks(wired), called_chores(settings, bell)
        for thread in threads:
            thread.only_while(self._is_on.is_set)
            process.ending.callback(thread.close)
            thread.open()
        self._beat = partial(threads[0].do, BEAT)
        measures = Measures()
        add_measures(measures, wired, threads)
        measures.ask("ansflow_scheduler_active", "1 for the scheduler that is active; the others wait for its end.",
                     lambda: [((), float(self._is_on.is_set()))])  # fmt: skip
        answer_probes(settings, engine_checks(settings, threads[0]), measures, process.ending)

    def take(self, ending: Ending) -> None:
        """Until the end, or until the database has come to another."""
        from django.db import close_old_connections  # noqa: PLC0415

        assert self._wired is not None
        self._is_on.set()
        close_old_connections()  # nobody has used this thread's while it waited: a restarted database has dropped it
        with database_told():
            self._wired.open()
        self._beat()
        while self._is_on.is_set() and not ending.wait(BETWEEN_LOOKS):
            """Its threads are at work."""
        self._is_on.clear()
