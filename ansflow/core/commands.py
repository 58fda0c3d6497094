"""What may be asked of an execution, and what a decision answers: values, to be stored, sent and replayed.

Randomness and time come in from outside: `jitter` (0 to 1) stands in the commands that may plan another try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansflow.core.events import Fact
from ansflow.core.outcome import Outcome
from ansflow.core.state import BundleState, ExecutionState, Guard, StepState
from ansflow.core.status import Reason

# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begins the execution: skips what the plan skips, takes over what is kept, lines up what needs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is to be said of an execution that has not begun: what it waits for, or what it continues."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What the expressions of a step gave, now that its needs have ended. `error` and `reason` say why nothing."""

    step: str
    run: bool = True
    explained: str = ""
    message: str = ""  # of the gate
    concurrency: str = ""  # name of the concurrency group
    error: str = ""
    reason: Reason = Reason.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker wants to run an offered step. Exactly one gets it; fence and attempt are raised."""

    step: str
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A restarted worker goes on with the attempt of its former self: the fence is raised, the attempt is not."""

    step: str
    fence: int
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """An attempt has ended. Counts while nobody has claimed the step since.

    `worker` is who has carried it, and would go on with a step that may run now: the same write then claims that one,
    where it waits in one of `queues`; () stands for every queue.
    """

    step: str
    fence: int
    outcome: Outcome
    jitter: float = 1.0
    worker: str = ""
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An attempt ended through no fault of its command: the lease ran out, or this installation failed (`reason`)."""

    step: str
    fence: int
    reason: Reason = Reason.WORKER_LOST
    message: str = "Its worker was lost."
    jitter: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The delay before another try is over."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """A deadline has passed: of a group or matrix, or of the execution when `bundle` is empty."""

    bundle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Of one step, or of the whole when `step` is empty. `immediate` grants no grace, and no `finally` steps.

    `superseded`: a newer execution takes the place of the whole, which is nobody's wish against it.
    """

    step: str = ""
    by: str = ""
    message: str = ""
    immediate: bool = False
    superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """`groups` are those the person belongs to. `override`: the owner of this installation opens the gate alone."""

    step: str
    by: str
    groups: tuple[str, ...] = ()
    comment: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    step: str
    by: str
    groups: tuple[str, ...] = ()
    comment: str = ""
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """The time in which a gate may be answered is over."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteUpdate:
    """News of a job that runs elsewhere: a sentence while it runs, its outcome when it has ended."""

    step: str
    fence: int
    message: str = ""
    outcome: Outcome | None = None
    jitter: float = 1.0


Command = (
    Start
    | Note
    | Judge
    | Claim
    | Adopt
    | Finish
    | Lost
    | Retry
    | Timeout
    | Cancel
    | Approve
    | Reject
    | Expire
    | RemoteUpdate
)

# ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Begin:
    """The execution has been written down: start it. Stands in the outbox from the first moment."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The step may be claimed: tell a worker."""

    step: str


@dataclass(frozen=True, slots=True)
class Evaluate:
    """The step's expressions can be evaluated: answer with `Judge`."""

    step: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The running attempt is to end: tell its worker. Only an attempt with this fence."""

    step: str
    attempt: int
    fence: int
    worker: str
    immediate: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The execution has its final status."""


Effect = Begin | Offer | Evaluate | Stop | Ended


@dataclass(frozen=True, slots=True)
class StepChange:
    """Write `after` where the row still is as `guard` says."""

    guard: Guard
    after: StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that follows from a command, to be written in one atomic step or not at all.

    `facts` become events `execution.seq - len(facts) + 1 … execution.seq`. A command that came too late, or that may
    not be, changes nothing: then `refused` says why, and `execution` is None. `claimed` is the step that the worker of
    a `Finish` goes on with.
    """

    execution: ExecutionState | None = None
    steps: tuple[StepChange, ...] = ()
    bundles: tuple[BundleState, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    effects: tuple[Effect, ...] = ()
    refused: str = ""
    claimed: str = ""

    def step(self, key: str) -> StepState | None:
        """The row after the decision, when it changes it."""
        return next((change.after for change in self.steps if change.after.key == key), None)
