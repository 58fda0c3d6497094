"""What the engine needs from the world. Every port has one conformance suite that each implementation passes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ansflow.core.commands import Decision, Effect, Expire, Retry, Stop, Timeout
from ansflow.core.errors import Conflict
from ansflow.core.events import Event
from ansflow.core.outcome import KeptFile, Outcome
from ansflow.core.plan import DEFAULT_QUEUE, Plan
from ansflow.core.state import State
from ansflow.core.status import STEP_MOVES, StepStatus
from ansflow.core.wiring import Wiring
from ansflow.engine.stumbling import stumbling

if TYPE_CHECKING:
    from ansflow.core.log_times import LogTimes
    from ansflow.core.outline import Outline
    from ansflow.plugins.git.running import Login


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time. Engine code takes `now` from here once per turn and passes it on."""
        ...


# Codes of the Conflicts that tell a worker something:
FENCED = "fenced"  # a newer one has its attempt
LIMITED = "limited"  # the project runs as many steps as it may: the step stays on offer


class LogStore(Protocol):
    """Logs by execution, step and attempt: bytes with offsets. Parts of one log come in order, from one writer."""

    def append(
        self,
        execution: int,
        step: str,
        attempt: int,
        *,
        fence: int,
        offset: int,
        data: bytes,
        at: datetime | None = None,
    ) -> int:
        """The length afterwards. Offset = length: appended; behind: acknowledged; a gap raises Conflict, and so does an
        older fence, with the code FENCED. `at`: when it came, where that is known."""
        ...

    def length(self, execution: int, step: str, attempt: int) -> int: ...

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes: ...

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        """Lines `first` to `last` (from 1, inclusive), without reading what comes before."""
        ...

    def times(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> LogTimes:
        """When lines `first` to `last` began to arrive, as far as that is known."""
        ...

    def count(self, execution: int, step: str, attempt: int) -> int:
        """How many lines there are; what stands behind the last newline is one too."""
        ...

    def outline(self, execution: int, step: str, attempt: int) -> Outline:
        """Its groups and annotations. Asked for again, it costs what has been added since."""
        ...

    def digest(self, execution: int, step: str, attempt: int) -> str:
        """SHA-256 of all its bytes, in hexadecimal digits."""
        ...

    def close(self, execution: int, step: str, attempt: int) -> None:
        """This writer has let go of it; another may go on."""
        ...

    def finish(self, execution: int, step: str, attempt: int) -> None:
        """Closes it: it is whole, so that the store may pack it. It reads as before. Safe to repeat."""
        ...

    def remove(self, execution: int) -> None:
        """Of an execution that has ended. Safe to repeat."""
        ...


class ArtifactStore(Protocol):
    """Files kept from an execution, by content."""

    def keep(
        self,
        execution: int,
        step: str,
        workspace: Path,
        globs: Sequence[str],
        passed_over: Callable[[str, str], object],
        *,
        refusal: Callable[[str], str],
    ) -> list[KeptFile]:
        """Follows no symbolic link and takes regular files only, where `refusal(path)` says "".

        `passed_over(path, why)` hears of the others.
        """
        ...

    def files(self, execution: int) -> Mapping[str, Sequence[KeptFile]]: ...

    def open(self, execution: int, step: str, path: str) -> Iterator[bytes]: ...

    def restore(self, execution: int, step: str, workspace: Path) -> int: ...

    def remove(self, execution: int, step: str = "") -> None:
        """Of one step, or of the whole. Safe to repeat. Content that others name too stays."""
        ...


class CacheStore(Protocol):
    """Dependency caches: whole sets of paths under a key, first writer wins, never half-written.

    Whose cache a key means follows from the execution: executions of one project share, others see nothing of it.
    """

    def restore(
        self, execution: int, key: str, restore_keys: Sequence[str], workspace: Path, paths: Sequence[str]
    ) -> str:
        """The key that was found and unpacked, "" when none was."""
        ...

    def save(self, execution: int, key: str, workspace: Path, paths: Sequence[str]) -> bool: ...


class Secrets(Protocol):
    def values(self, execution: int, names: Sequence[str], *, environment: str = "") -> Mapping[str, str]:
        """The values asked for, as a step of this execution may have them.

        `environment` is the name of the step's own, "" for a step without: its secrets win over those of the project.
        Raises NotFound naming those that do not exist there.
        """
        ...

    def login(self, execution: int, name: str) -> Login | None:
        """The Git credential of that name; "" means that of the execution's own repository, which may have none.

        Raises NotFound where there is none of that name.
        """
        ...


class Facts(NamedTuple):
    """What an installation knows of an execution beyond its plan. "" where there is no such thing."""

    number: int  # people count by pipeline
    project: str = ""
    url: str = ""
    trigger_type: str = "manual"


def no_facts(execution: int) -> Facts:
    """Of a lone run: its number is all there is."""
    return Facts(execution)


class Moved(NamedTuple):
    """The execution is at that number: some event up to it may be new."""

    execution: int
    seq: int


class Grown(NamedTuple):
    """The log of an attempt has that many bytes: some of them may be new."""

    execution: int
    step: str
    attempt: int
    length: int


class Missed(NamedTuple):
    """The bus was away. Whatever was hinted at meanwhile is not known: look for yourself, at everything."""


class Offered(NamedTuple):
    """Steps wait in that queue of workers, and whoever says so has no slot for them."""

    queue: str


class Stopping(NamedTuple):
    """Something of that execution is to end, and runs elsewhere: its worker need not wait for its next beat."""

    execution: int


Hint = Moved | Grown | Missed | Offered | Stopping
Listener = Callable[[Hint], None]


def tell(listener: Listener, hint: Hint) -> None:
    """What every bus calls a listener by."""
    with stumbling("a listener stumbled over %s", hint):  # whoever published goes on, and so do the other listeners
        listener(hint)


class EventBus(Protocol):
    """Hints, never facts: `execution 42 is at seq 17`. Losing every one of them costs only delay.

    Hints may be lost, doubled, late, and in any order. Several of one execution may become one with the highest number,
    and so may several of one log. `publish` and `grown` neither raise nor wait, also when the bus cannot be reached:
    who says a hint has just done something that matters.
    """

    def publish(self, execution: int, seq: int) -> None: ...

    def grown(self, execution: int, step: str, attempt: int, length: int) -> None:
        """Called at most 20 times a second per running step (`engine.pump`)."""
        ...

    def offered(self, queue: str) -> None: ...

    def stopping(self, execution: int) -> None: ...

    def wait(self, execution: int, *, after: int, timeout_seconds: float) -> int:
        """The newest number heard of, once it is greater than `after`; or `after`, when the time is over."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """The listener hears of every hint from now on, whoever published it; what is returned ends that.

        It is called from the bus' own thread or from the publisher's, several at once perhaps: it must be quick, and
        whatever it raises harms nobody. A call that is under way when the subscription ends may still be finished.
        """
        ...

    def close(self) -> None:
        """Ends every subscription and connection; what is published afterwards is lost. Safe to repeat."""
        ...


class Dispatcher(Protocol):
    """Carries `run_step(execution, step)` to a worker with a free slot; ids only. A lost message costs only delay."""

    def run_step(self, execution: int, step: str) -> None: ...

    def others_wait(self, execution: int) -> bool:
        """Whether who has carried a step of this execution lets others have its slot, instead of going on with it."""


# ── executions ───────────────────────────────────────────────────────────────────────────────────────────────────


class Sending(NamedTuple):
    """A row of the outbox: something that must happen outside. `key` is stable over repeats."""

    key: tuple[int, int, int]  # execution, version of the write it came from, number within it
    effect: Effect
    at: datetime


def begin_key(execution: int) -> tuple[int, int, int]:
    """Of the `Begin` of an execution, which no decision wrote."""
    return (execution, 0, 0)


def check_moves(decision: Decision) -> None:
    """The last door: whatever a decision says, a final status never changes and no arrow is drawn that is not there."""
    for change in decision.steps:
        old, new = change.guard.status, change.after.status
        if new is not old and new not in STEP_MOVES[old]:
            raise Conflict(f"{change.after.key} cannot move from {old} to {new}.", code="forbidden_move")


def started(decision: Decision) -> int:
    """How many steps more run after it than before. A worker that goes on with another step starts none."""
    running = StepStatus.RUNNING
    return sum((c.after.status is running) - (c.guard.status is running) for c in decision.steps)


def limit_reached(limit: int) -> Conflict:
    return Conflict(f"The project runs {limit} steps at once, and may run no more.", code=LIMITED)


class Due(NamedTuple):
    """A row whose time has come, and the command that deals with it. A stale one is refused by `decide`: no harm."""

    execution: int
    command: Retry | Expire | Timeout


class Held(NamedTuple):
    """A running attempt, as its worker's neighbours see it."""

    execution: int
    step: str
    attempt: int
    fence: int
    worker: str


class OnOffer(NamedTuple):
    """A step that may be claimed, and since when."""

    execution: int
    step: str
    queue: str
    since: datetime


class Choice(NamedTuple):
    """What a worker is to claim, best first; one step that it would take beside these; and whether others are held
    back by nothing but the limit of their project. Where it is not `whole`, others have claimed some of it while it was
    made: then more may wait than is said here."""

    steps: Sequence[OnOffer] = ()
    left: OnOffer | None = None
    held_back: bool = False
    whole: bool = True


class About(NamedTuple):
    """What a worker says of itself. `queues` are those it serves, () is every one."""

    slots: int = 0
    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    executor: str = ""  # the strongest level it has proved
    version: str = ""
    host: str = ""


NOTHING_SAID = About()


class ExecutionStore(Protocol):
    """The truth. Every method is one atomic step: whoever reads afterwards sees all of it or nothing.

    Several workers and processes call it at once. `apply` is the only way to change a running execution, and writes
    only where the execution's version and each row's (status, attempt, fence) still are as the decision found them; the
    loser gets False, loads again, and decides again or walks away.
    """

    def create(self, plan: Plan, *, now: datetime, by: str = "", kept: Mapping[str, Outcome] | None = None) -> int:
        """Freezes the plan; writes the execution, its steps, event 1 (pending), and `Begin` into the outbox. `kept`
        are the steps that are taken over as done."""
        ...

    def wiring(self, execution: int) -> Wiring:
        """The frozen plan, with its edges turned round. Made once per process."""
        ...

    def load(self, execution: int, *, at_least: int | None = None) -> State:
        """A view to decide on. Rows are read when looked at: a finished step loads itself and its neighbours.

        The newest; with `at_least`, what this process has at hand will do if it is of that version or a later one.
        """
        ...

    def apply(
        self, execution: int, decision: Decision, *, now: datetime, along: Callable[[], object] | None = None
    ) -> bool:
        """Rows, numbered events, and effects in the outbox, all or nothing. False: a guard does not hold.

        `along` writes what belongs to the decision, such as who asked for it, in the same transaction. What it raises
        undoes the decision. It may be called again where the transaction is tried again.

        An `Offer` needs no row in the outbox: the step's own row, on offer since `offered_at`, is that. Raises Conflict
        for a move that the table in `core.status` does not know (`check_moves`): no store may keep such a row. Raises
        Conflict with the code LIMITED where one more step would run than the project of the execution may run at once.
        """
        ...

    def secure(self) -> None:
        """Returns when what this thread has applied outlives a crash of the store; no effect may come before. Where
        that means waiting for a disk, others can meanwhile apply theirs. Raises where it may have been lost."""
        ...

    def events(self, execution: int, *, after: int = 0) -> Sequence[Event]: ...
    def news(self, execution: int) -> object: ...  # another one once another process has written, or an attempt is lost

    def executions(self) -> Sequence[int]:
        """Those that have not ended, oldest first."""
        ...

    def forget_ended(self) -> Collection[int]:
        """What is at hand of executions that other processes have ended goes. Returns those that have not ended."""
        ...

    # ── what must happen outside ─────────────────────────────────────────────────────────────────────────────────

    def sent(self, key: tuple[int, int, int]) -> None:
        """The effect has been carried out. Safe to repeat."""
        ...

    def unsent(self, *, before: datetime) -> Sequence[Sending]:
        """Effects written before that moment and not yet carried out."""
        ...

    def offers(self, *, before: datetime) -> Sequence[tuple[int, str]]:
        """Steps on offer since before that moment, which nobody has claimed."""
        ...

    def choose(self, queues: Sequence[str], *, most: int, now: datetime) -> Choice:
        """The steps on offer in these queues (() is every one) that a worker is to claim, in fair order
        (`core.fairness`). Nobody else is kept from claiming them. What was chosen here has had its turn."""
        ...

    def is_limited(self, execution: int) -> bool:
        """Whether the project of the execution may run only so many steps at once. Cheap; at most a second old."""
        ...

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> Sequence[Due]:
        """Retries, gates and deadlines whose time has come. They stay due until a decision has dealt with them."""
        ...

    def next_due(self) -> datetime | None: ...

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, worker: str, boot: str, *, now: datetime, about: About = NOTHING_SAID) -> Sequence[Held]:
        """A worker has started. What its former boots held is returned: it has one lease to adopt it."""
        ...

    def beat(self, boot: str, *, now: datetime, load: float | None = None) -> Sequence[tuple[int, Stop]]:
        """Prolongs the lease; `load` is that of its machine, per core. Returns what this boot runs and has been asked
        to stop, with its execution. Raises NotFound for one that has not registered, or has been forgotten since."""
        ...

    def wish(self, boot: str) -> str:
        """What an operator wants of this boot: `drain`, `stop`, or "" for nothing."""
        ...

    def heed(self, boot: str, wish: str) -> None:
        """This boot follows that wish from now on: so the operator sees that it has been heard."""
        ...

    def leave(self, boot: str) -> None:
        """This boot has ended in peace: it is forgotten, unless it leaves attempts to be adopted."""
        ...

    def lost(self, *, before: datetime) -> Sequence[Held]:
        """Attempts whose worker has not been heard of since that moment."""
        ...

    def running(self) -> Sequence[Held]: ...
