"""The logs of an execution: one per attempt of a step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from typing import Any

from django.db import close_old_connections

from ansflow.apps.executions import queries, running
from ansflow.apps.executions.models import Attempt, PipelineExecution, StepExecution
from ansflow.core.errors import NotFound
from ansflow.core.log_times import LogTimes
from ansflow.core.outline import Outline
from ansflow.engine.ports import LogStore

Key = tuple[int, str, int]

CHUNK = 2**20
MOST_LOOKS = 100  # at a log that has grown each time


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log as long as it was when it was asked for. `ended`: nothing will be added. `row`: that of its attempt."""

    store: LogStore
    execution: int
    step: str
    attempt: int
    length: int
    ended: bool
    row: int = 0

    @property
    def key(self) -> tuple[int, str, int]:
        return (self.execution, self.step, self.attempt)

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Piece by piece: a log of gigabytes needs no memory."""
        for at in range(start, end, CHUNK):
            yield self.store.read(*self.key, start=at, end=min(at + CHUNK, end))

    def read(self, start: int, end: int) -> bytes:
        return self.store.read(*self.key, start=start, end=min(end, self.length))

    def lines(self, first: int, last: int) -> list[bytes]:
        return self.store.lines(*self.key, first=first, last=last)

    def times(self, first: int, last: int) -> LogTimes:
        """Of lines that are there: what is known of the last one holds for none behind it."""
        return self.store.times(*self.key, first=first, last=min(last, self.store.count(*self.key)))

    def outline(self) -> Outline:
        return self.store.outline(*self.key)

    def digest(self) -> str:
        """SHA-256 in hexadecimal digits; "" while it may still grow."""
        return self.store.digest(*self.key) if self.ended else ""


def logs(execution: PipelineExecution) -> list[dict[str, Any]]:
    """Of every attempt so far, in the order in which they began."""
    store = running.engine().logs
    attempts = Attempt.objects.filter(execution=execution).order_by("started_at", "id")
    found = []
    for step, number, ended_at in attempts.values_list("step", "number", "ended_at"):
        length, lines = standing(store, (execution.id, step, number))
        ended = ended_at is not None
        found.append({"step": step, "attempt": number, "length": length, "lines": lines, "ended": ended})
    return found


def standing(store: LogStore, key: Key) -> tuple[int, int]:
    """How many bytes a log has, and how many lines these are: of one moment, also where it grows meanwhile.

    Who follows it from there numbers what comes by them.
    """
    length = store.length(*key)
    for _ in range(MOST_LOOKS):
        lines, now = store.count(*key), store.length(*key)
        if now == length:
            break
        length = now
    return length, lines


def newest(execution: PipelineExecution) -> list[Log]:
    """Of each step that has begun, the log of its last attempt, in the order in which those began."""
    store = running.engine().logs
    attempts = Attempt.objects.filter(execution=execution).order_by("number", "id")
    last = {row[1]: row for row in attempts.values_list("id", "step", "number", "ended_at")}
    return [
        Log(
            store=store,
            execution=execution.id,
            step=step,
            attempt=number,
            length=store.length(execution.id, step, number),
            ended=ended_at is not None,
            row=row,
        )
        for row, step, number, ended_at in sorted(last.values())
    ]


def log(execution: PipelineExecution, step: str, attempt: int | None = None) -> Log:
    """Of the last attempt, unless another is named. A step that never began has an empty log. Raises NotFound."""
    row = queries.step(execution, step)
    number = row.attempt if attempt is None else attempt
    if number > row.attempt:
        raise NotFound("There is no such attempt.")
    found = Attempt.objects.filter(execution=execution, step=step, number=number).first()
    store = running.engine().logs
    return Log(
        store=store,
        execution=execution.id,
        step=step,
        attempt=number,
        length=store.length(execution.id, step, number),
        ended=found is not None and found.ended_at is not None,
        row=found.id if found else 0,
    )


class LogSource:
    """What a log stream reads (`edge.log_stream`), in its threads."""

    def length(self, key: Key) -> int:
        return running.engine().logs.length(*key)

    def ended(self, keys: Collection[Key]) -> Set[Key]:
        """Also those whose attempts are gone."""
        close_old_connections()
        try:
            executions, steps = {key[0] for key in keys}, {key[1] for key in keys}
            attempts = Attempt.objects.filter(execution__in=executions, step__in=steps)
            found = {
                (execution, step, number): ended
                for execution, step, number, ended in attempts.values_list("execution", "step", "number", "ended_at")
            }
            return {key for key in keys if (found[key] is not None if key in found else not self._waits(key))}
        finally:
            close_old_connections()

    def read(self, key: Key, start: int, end: int) -> bytes:
        return running.engine().logs.read(*key, start=start, end=end)

    def digest(self, key: Key) -> str:
        return running.engine().logs.digest(*key)

    def _waits(self, key: Key) -> bool:
        """A step that has not begun yet may still print something."""
        return StepExecution.objects.filter(execution=key[0], key=key[1], ended_at=None).exists()
