"""One viewer's end of a socket, and where he stands. Only the event loop touches it."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol

from ansflow.edge.live.frames import error
from ansflow.edge.live.source import Credential

NO_LOGS = "You may not read these logs any more."


class Connection(Protocol):
    """A `line.Line`."""

    free: bool
    on_free: Callable[[], None]

    @property
    def is_open(self) -> bool: ...

    def write(self, frames: bytes) -> None: ...

    async def drained(self) -> None: ...

    def end(self, code: int, reason: str) -> None: ...


@dataclass(slots=True)
class Place:
    """How far a viewer has read the log of a step."""

    attempt: int
    offset: int


class Viewer:
    """`seq` is the number of the last frame that he has, None while he waits for a snapshot."""

    __slots__ = ("credential", "every_log", "line", "may_read", "missed", "only", "places", "seq", "sight")

    def __init__(self, line: Connection, credential: Credential, *, may_read: bool) -> None:
        self.line = line
        self.credential = credential
        self.may_read = may_read  # logs: as it was when he came in, or was last asked for
        self.seq: int | None = None
        self.places: dict[str, Place] = {}
        self.every_log = False
        self.sight: Container[int] = frozenset()
        self.only = 0  # the one project that he wants to see, 0: all
        self.missed = False

    @property
    def takes(self) -> bool:
        """Whether something may be written now: he is there, and keeps up."""
        return self.line.free and self.line.is_open

    def sees(self, project: int) -> bool:
        return project in self.sight and self.only in (0, project)

    def stop_reading(self) -> None:
        """Logs, which want more than the rest."""
        self.places, self.every_log = {}, False
        self.line.write(error("forbidden", NO_LOGS))
