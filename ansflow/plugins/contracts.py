"""The contracts of step types, executors and notifiers. Ours and a stranger's come in the same way.

A step is carried out in three phases, and a worker may die between any two of them:

    prepare   what to run: a value, without effects, safe to repeat
    (run)     an executor runs the command under a shim that outlives the worker
    conclude  reads exit record, reports and files into an Outcome: safe to repeat

So a step type never holds state between phases, and never does its work inside the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from ansflow.core.errors import Problem
from ansflow.core.outcome import Outcome
from ansflow.core.plan import PlannedStep
from ansflow.core.schema import Record
from ansflow.core.spec import StepSpec

if TYPE_CHECKING:
    from ansflow.plugins.git.running import Login
    from ansflow.plugins.outbound import Outbound

# ── what runs ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process to run. `argv[0]` is absolute or found on the PATH of `env`.

    `stdin` is handed over in a file that only the step can read: the way to pass parameters that may hold secrets,
    which never stand in argv.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""  # below the workspace; "" is the workspace itself
    stdin: bytes = b""
    files: Mapping[str, str] = field(default_factory=dict)  # name → text, written beside the attempt; see StepJob.file
    reads: tuple[str, ...] = ()  # absolute paths outside the workspace that a sandbox must show
    writes: tuple[str, ...] = ()  # the same, for writing
    network: str = ""  # what it cannot do without, where the step itself does not say which network it has


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a command may use. Whatever runs longer than `timeout` gets TERM, and KILL after `grace`."""

    timeout: timedelta
    grace: timedelta
    cpu: float | None = None
    memory: int | None = None  # bytes
    log_bytes: int = 100 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A command in its place: everything an executor needs to start it, and nothing else.

    `adoptable` says that a later worker may take it over. Where the state dies with this worker nobody can: then the
    command ends with its worker, and a short one is spared the record of its end.
    """

    command: Command
    workspace: Path
    attempt: Path  # folder of this attempt: spool, exit record, outputs; outside the workspace
    limits: Limits
    options: Mapping[str, Any] = field(default_factory=dict)  # of `executor:` in the file
    network: str = ""
    adoptable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The exit record. Exactly one of exit_code, signal and error says how it ended.

    `error` is ours (the command could not be started, the disk is full, the shim was killed): a sentence with the
    cause.
    """

    exit_code: int | None = None
    signal: int | None = None
    error: str = ""
    timed_out: bool = False
    cancelled: bool = False
    log_truncated: bool = False
    survivors: int = 0  # processes the command left behind; they were killed
    log_bytes: int = 0  # an executor gives the length of the spool; the engine, both of the stored log
    log_sha256: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cpu_seconds: float = 0.0
    peak_memory: int = 0  # bytes


class LetGo(Exception):
    """This worker has let go of a command, which runs on: how it ends is for a later worker to say."""


class Running(Protocol):
    """A started command. `wait` may be called from one thread while `stop` and `let_go` are called from others."""

    @property
    def spool(self) -> Path:
        """The file with everything the command printed so far, as printed."""
        ...

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        """The exit record, or None when the time is over first. Safe to repeat after the end. May raise LetGo."""
        ...

    def wait_for_output(self, timeout_seconds: float) -> None:
        """Returns when the spool has grown, the command has ended or was let go, or the time is over."""
        ...

    def stop(self, *, timed_out: bool = False, immediate: bool = False) -> None:
        """TERM, grace, then kill until no process of the tree is left. Returns at once; `wait` tells the end.

        Safe to repeat; with `immediate`, also later, whatever is left of the grace is not waited for.
        """
        ...

    def let_go(self) -> None:
        """The command runs on without this worker: `wait` raises LetGo, at once and from now on, unless it has ended.

        One that was launched without `adoptable` is stopped.
        """
        ...


@runtime_checkable
class Executor(Protocol):
    """Where commands run. check → open → (start | adopt)* → close; start may be called from several threads.

    `close` is safe after a failed `open`, and safe to call twice; it does not touch running commands.
    """

    name: str
    summary: str
    options: Record

    def check(self) -> str:
        """Why it cannot run here, as a sentence; "" when it can. Proved by running something, not by looking."""
        ...

    def open(self) -> None: ...

    def start(self, launch: Launch) -> Running:
        """Starts it. Raises NotAvailable when this place cannot, OSError when the machine cannot (disk full, …)."""
        ...

    def adopt(self, launch: Launch) -> Running | None:
        """The command that an earlier worker started for this attempt folder; None when there is none."""
        ...

    def close(self) -> None: ...


# ── what a step does ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class StepJob:
    """One attempt of one step, with every expression already evaluated.

    `env` is what the command will see, without secrets; `secrets` are added by the runner. `parameters` have been read
    by the type's own schema. `context` holds what expressions could read: `event git inputs vars steps execution`.
    """

    planned: PlannedStep
    spec: StepSpec
    parameters: Mapping[str, Any]
    run: str  # the script; "" when the step has none
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    workspace: Path
    attempt_folder: Path
    attempt: int
    execution: int
    base: Path | None  # where the pipeline file stands, for relative paths; None on a server: paths are not its own
    data: Path  # this installation's data folder: tool environments, deploy records, caches
    context: Mapping[str, Any] = field(default_factory=dict)
    login: Login | None = None  # of a step type that LogsIn

    @property
    def cwd(self) -> Path:
        return self.workspace / self.spec.working_directory

    def file(self, name: str) -> Path:
        """Where a file of `Command.files` will stand, as the command sees it."""
        return self.attempt_folder / "files" / name


@runtime_checkable
class StepType(Protocol):
    """What kind of work a step does. See the module's text for the phases."""

    name: str
    summary: str
    parameters: Record

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        """What of this step cannot be done here; paths are relative to the step. Quick, and touches nothing outside."""
        ...

    def prepare(self, job: StepJob) -> Command:
        """Raises NotAvailable or InvalidSpec with a sentence when there is nothing to do or a tool is missing."""
        ...

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        """Called for every end, also time-out and cancel. `ansflow.plugins.reading.read_outcome` does the usual."""
        ...


@runtime_checkable
class LogsIn(Protocol):
    """A step type that logs in at a Git host with what a server keeps for that. No other step is given a login."""

    def login(self, spec: StepSpec) -> str | None:
        """The name of the Git credential; "" means that of the execution's own repository; None: it wants none."""
        ...


def login_of(step_type: StepType, spec: StepSpec) -> str | None:
    """What `LogsIn.login` says, and None for every other step type."""
    return cast(LogsIn, step_type).login(spec) if _logs_in(type(step_type)) else None


@cache
def _logs_in(kind: type) -> bool:
    """Every step asks, and a protocol takes its time to answer."""
    return issubclass(kind, LogsIn)


@runtime_checkable
class BringsTools(Protocol):
    """A step type whose tools are kept in the data folder: installed by the first step that wants one, or before."""

    def tools(self, data: Path) -> Mapping[str, bool]:
        """Each by its name, and whether it is there."""
        ...

    def install(self, tool: str, data: Path, *, source: Path | None = None) -> None:
        """Does nothing where it is there and works. Raises NotAvailable with the cause.

        `source` is a folder that `download` has filled: then no network is used.
        """
        ...

    def download(self, tool: str, folder: Path) -> None:
        """What `install` wants on a machine like this one. Raises NotAvailable with the cause."""
        ...


@runtime_checkable
class Shown(Protocol):
    """A step type that shows how it is used: what the step library offers to begin with."""

    example: str  # one step as it stands in a file, below its id


@runtime_checkable
class Detecting(Protocol):
    """A step type that knows tools by the files they leave in a project: what `ansflow init` asks."""

    def detect(self, folder: Path) -> Mapping[str, Sequence[str]]:
        """The tools that the files of a folder show, best first, each with the names of those files."""
        ...


# ── who is told ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a notifier sends. `url` leads to the execution; `status` is a status token or `fixed`.

    All of it is text, not markup: a notifier escapes what its messenger would read as markup.
    """

    subject: str
    text: str
    status: str = ""
    url: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)  # machine form, for webhooks


@runtime_checkable
class Notifier(Protocol):
    """A kind of messenger. `channel` holds one configured instance, read by `settings`.

    `send` is called at least once per message; `key` is stable over repeats, for receivers that can drop doubles.
    Whatever it connects to goes through `outbound`, which refuses addresses inside this network.
    Raises ExternalError(permanent=…), never with a secret or the path of a URL in it.
    """

    name: str
    summary: str
    settings: Record

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        """Returns a sentence that says what the other side answered."""
        ...
