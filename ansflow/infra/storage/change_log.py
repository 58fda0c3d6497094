"""The log of what steps change in workspaces: a port of `storage.travelling`, and its implementation in memory."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple, Protocol

from ansflow.core.errors import Conflict
from ansflow.engine.ports import FENCED


class Change(NamedTuple):
    """What a step has left in a workspace. `body` is for who wrote it: see `infra.storage.changes`."""

    number: int
    worker: str
    body: bytes


class ChangeLog(Protocol):
    """The changes of each execution's workspace, in one order for every worker."""

    def begin(self, execution: int, bodies: Sequence[bytes]) -> None:
        """What the workspace begins with, from number 0 on, unless somebody else was first."""
        ...

    def add(self, execution: int, *, worker: str, step: str, fence: int, body: bytes) -> int:
        """Its number: one more than the highest so far, from 1.

        Raises Conflict with the code FENCED where the step has a newer fence, or has ended.
        """
        ...

    def after(self, execution: int, number: int) -> Sequence[Change]:
        """Those with a higher number, in order."""
        ...

    def last(self, execution: int) -> int:
        """The highest number; -1 where there is none."""
        ...

    def remove(self, execution: int) -> None:
        """Safe to repeat."""
        ...


class MemoryChanges:
    """A `ChangeLog` for workers in one process. It knows of no steps: whatever `fences` holds is refused when older."""

    def __init__(self) -> None:
        self.fences: dict[tuple[int, str], int] = {}
        self._lock = Lock()
        self._changes: dict[int, list[Change]] = {}

    def begin(self, execution: int, bodies: Sequence[bytes]) -> None:
        with self._lock:
            self._changes.setdefault(execution, [Change(number, "", body) for number, body in enumerate(bodies)])

    def add(self, execution: int, *, worker: str, step: str, fence: int, body: bytes) -> int:
        with self._lock:
            if fence < self.fences.get((execution, step), 0):
                raise Conflict(f"Another worker has {step} by now.", code=FENCED)
            known = self._changes.setdefault(execution, [])
            known.append(Change(known[-1].number + 1 if known else 1, worker, body))
            return known[-1].number

    def after(self, execution: int, number: int) -> Sequence[Change]:
        with self._lock:
            return [change for change in self._changes.get(execution, []) if change.number > number]

    def last(self, execution: int) -> int:
        with self._lock:
            known = self._changes.get(execution)
            return known[-1].number if known else -1

    def remove(self, execution: int) -> None:
        with self._lock:
            self._changes.pop(execution, None)
