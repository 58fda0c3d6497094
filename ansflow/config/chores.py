"""What the server does by itself, over and over: each chore counted, and none held up by another's fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic, perf_counter

from django.db import close_old_connections, connections

from ansflow.engine.stumbling import stumbling

log = logging.getLogger("ansflow.chores")

AT_THE_END = 0.5  # seconds that the thread gets to end

Work = Callable[[], object]
"""Returns what it did, by name (`{"sessions": 3}`), or nothing worth telling."""


@dataclass(slots=True)
class Chore:
    """`every` in seconds, from the end of one turn to the begin of the next."""

    name: str
    work: Work
    every: float
    first: float = 0.0  # seconds after the start
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    ended_at: float | None = None  # monotonic, of the last turn that went well
    due: float = field(default=0.0)


class Chores:
    """One thread that does its chores in turn. `open` starts it, `close` ends it between two chores."""

    def __init__(self, name: str, chores: list[Chore]) -> None:
        self.chores: Mapping[str, Chore] = {chore.name: chore for chore in chores}
        self._closing = Event()
        self._may: Callable[[], bool] = lambda: True
        self._lock = Lock()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def only_while(self, may: Callable[[], bool]) -> None:
        """A turn that comes while it may not is passed over."""
        self._may = may

    def open(self) -> None:
        now = monotonic()
        for chore in self.chores.values():
            chore.due = now + chore.first
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(AT_THE_END)

    def do(self, name: str) -> None:
        """One turn of one chore, now."""
        chore = self.chores[name]
        with self._lock:
            self._turn(chore)

    def age(self, name: str) -> float | None:
        """Seconds since the chore last went well; None when it never has."""
        ended_at = self.chores[name].ended_at
        return None if ended_at is None else monotonic() - ended_at

    def _run(self) -> None:
        try:
            while not self._closing.wait(max(0.0, min(chore.due for chore in self.chores.values()) - monotonic())):
                chore = min(self.chores.values(), key=lambda chore: chore.due)
                with self._lock:
                    self._turn(chore)
        finally:
            connections.close_all()

    def _turn(self, chore: Chore) -> None:
        began = perf_counter()
        with stumbling("chore %s failed", chore.name, log=log.name) as stumble:  # it comes again in its turn
            close_old_connections()  # one that a restarted database has dropped
            told = chore.work() if self._may() else None
            if isinstance(told, Mapping) and any(told.values()):
                log.info("chore %s: %s", chore.name, dict(told))
        if stumble.error is None:
            chore.done += 1
            chore.ended_at = monotonic()
        else:
            chore.failed += 1
        chore.seconds += perf_counter() - began
        chore.due = monotonic() + chore.every
