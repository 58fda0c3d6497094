"""What is known about an execution while it runs: a row per step, per bundle and for the whole; what `decide` reads.

Rows are small and change alone: a finished step touches its own row, those of the steps that need it, its bundles and
the execution, never the rest. Everything that would otherwise be counted by a scan is kept as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

from ansflow.core.outcome import Outcome
from ansflow.core.status import ExecutionStatus, Reason, StepStatus

JUDGE = "judge"
"""The line of steps whose needs have ended and whose `if`, or the text of whose gate, has not been evaluated yet."""


class Answer(NamedTuple):
    """One person's yes to a gate."""

    by: str
    comment: str = ""
    fields: Mapping[str, str] = {}


class Guard(NamedTuple):
    """What a row must still be for a write to count."""

    status: StepStatus
    attempt: int
    fence: int


@dataclass(slots=True)
class StepState:
    """One step execution. Only `Turn` changes a row, and only its own copy of it."""

    key: str
    status: StepStatus = StepStatus.PENDING
    reason: Reason | None = Reason.NEEDS
    message: str = ""
    attempt: int = 0
    fence: int = 0
    unmet: int = 0  # needs that have not ended
    failures: int = 0  # attempts that failed and were tried again
    losses: int = 0  # attempts whose worker was lost
    lost: bool = False  # its worker was lost, and nobody has claimed it since: a late result still counts
    line: str = ""  # the line it stands in: JUDGE, a limiter, or "" for none
    held: int = 0  # how many of its limiters have let it pass
    offered_at: datetime | None = None  # it may be claimed
    due_at: datetime | None = None  # of its next try, or of its gate
    judged: bool = False
    approved: bool = False
    answers: tuple[Answer, ...] = ()
    concurrency: str = ""  # the name of its concurrency group, where that had to be evaluated
    worker: str = ""
    stop: Reason | None = None  # it was asked to stop, and why
    stop_message: str = ""
    allowed: bool = False  # it failed, and may
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def guard(self) -> Guard:
        return Guard(self.status, self.attempt, self.fence)


@dataclass(slots=True)
class BundleState:
    """A group, or the legs of a matrix. `status` is set when the bundle's result is certain."""

    name: str
    open: int = 0
    success: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    status: StepStatus | None = None
    closing: bool = False  # the rest has been asked to stop
    deadline: datetime | None = None


@dataclass(slots=True)
class ExecutionState:
    """`version` is raised by every write, so that two decisions over the same picture cannot both be stored."""

    id: int
    status: ExecutionStatus = ExecutionStatus.PENDING
    reason: Reason | None = Reason.QUEUED
    message: str = "Waits to be started."
    version: int = 0
    seq: int = 0
    by: str = ""
    kept: Mapping[str, Outcome] = field(default_factory=dict)  # of the execution that this one resumes
    open_main: int = 0  # steps outside `finally` that have not ended
    open_all: int = 0
    failed: int = 0
    first_failed: str = ""
    cancelled: int = 0  # steps that a person cancelled one by one
    stop: Reason | None = None  # it was asked to stop, and why
    stop_message: str = ""
    immediate: bool = False
    deadline: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class State(Protocol):
    """A consistent picture of one execution. Nothing here costs more than what it returns.

    The rows are shared: whoever wants to change one copies it first (`copied`).
    """

    @property
    def execution(self) -> ExecutionState: ...

    def step(self, key: str) -> StepState: ...

    def bundle(self, name: str) -> BundleState: ...

    def used(self, limiter: str) -> int:
        """How many steps hold a place of a limiter."""
        ...

    def line(self, name: str) -> Iterator[str]:
        """The steps standing in a line, best first: highest priority, then lowest index. Read lazily."""
        ...


Row = TypeVar("Row", StepState, BundleState, ExecutionState)

_READ = {row: attrgetter(*row.__slots__) for row in (StepState, BundleState, ExecutionState)}


def copied(row: Row) -> Row:
    """A shallow copy: several times as quick as `dataclasses.replace`, and on the path of every transition."""
    return type(row)(*_READ[type(row)](row))
