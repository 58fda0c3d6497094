"""Everything that can be said about a pipeline file before it runs: what `ansflow validate` and the editor show.

Three sources, one list in the order of the text: what the reader could not read, what is wrong with the spec as a whole
(`core.compile`), and what this installation cannot do. Nothing that a file says is passed over in silence: a key is
carried out, refused here, or named by `notes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ansflow.core import compile
from ansflow.core.errors import NotAvailable, Path, Problem
from ansflow.core.plan import DEFAULT_QUEUE, Plan
from ansflow.core.schema import JSON, Problems, nearest
from ansflow.core.spec import ApprovalSpec, PipelineSpec, StepSpec
from ansflow.document.elsewhere import GITHUB_ACTIONS
from ansflow.document.json_schema import pipeline_schema
from ansflow.document.reader import Document
from ansflow.plugins import registry
from ansflow.plugins.contracts import Executor, StepType

NOT_YET = ("container", "kubernetes", "ssh", "jenkins", "gitlab", "github")
"""Executors that the grammar names and that may be missing where a step asks for one."""

NO_WORKER = "no_worker"
"""Code of the note that names a queue which nobody serves."""
NO_WORKER_AT_ALL = "No worker has been heard of: nothing runs before one is started."

Placed = tuple[Path, StepSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """What an installation can do. `LOCAL` is this machine on its own; a server says what it can do beyond that."""

    step_type: Callable[[str], StepType] = registry.step_type  # raises NotAvailable
    executor: Callable[[str], Executor] = registry.executor  # raises NotAvailable
    default_executor: str = "host"
    containers: bool = False  # `image` and `services`
    memoize: bool = False
    limited_network: bool = False
    template_library: bool = False  # `uses: owner/name@1.2`
    server: bool = False  # protected environments, approvers, other executions to wait for, expiry of what is kept
    events: frozenset[str] = frozenset()  # of `on`: those that start pipelines by themselves here
    queues: frozenset[str] | None = None  # of workers, those that are served; None is every one


LOCAL = Available()


def check(document: Document, available: Available = LOCAL) -> list[Problem]:
    """Every problem, placed, in the order of the text; empty when the file can be run here."""
    found = list(document.problems)
    if document.draft is not None and document.draft.steps:
        spec = document.draft
        later = [*compile.check(spec), *missing_here(spec, available), *_unread_shells(document, spec)]
        found += [problem for problem in later if not _follows(problem, document)]
    return document.placed(found)


def missing_here(spec: PipelineSpec, available: Available = LOCAL) -> list[Problem]:
    """What this installation cannot do of what the spec asks for."""
    problems = Problems()
    _check_time_zones(spec, problems)
    for place, step in _placed_steps(spec):
        if step.uses:
            _check_template(step, place, available, problems)
        else:
            _check_type(step, place, available, problems)
        _check_executor(step, place, available, problems)
        _check_features(step, place, available, problems)
    return list(problems)


def notes(document: Document, available: Available = LOCAL) -> list[Problem]:
    """What the file says that means nothing in this installation: shown, and no reason to refuse it."""
    if document.spec is None:
        return []
    if available.server:
        return document.placed(_not_yet_on_this_server(document, document.spec, available))
    return document.placed(_only_on_a_server(document.spec))


def json_schema() -> JSON:
    """The JSON Schema of a pipeline file, with the parameters of every step type that can be loaded here."""
    parameters: dict[str, JSON] = {}
    for name in registry.names("steps"):
        with suppress(NotAvailable):
            parameters[name] = registry.step_type(name).parameters.json_schema()
    return pipeline_schema(parameters)


def _unread_shells(document: Document, spec: PipelineSpec) -> Iterator[Problem]:
    """Only where the step itself names one: the default of the file is for the steps that have a script."""
    for place, step in _placed_steps(spec):
        path = (*place, "shell")
        if not step.run and not step.uses and document.is_written(path):
            message = "'shell' says what reads 'run', and this step has none."
            yield Problem(code="unused_key", message=message, hint="Take it out.", path=path)


def _follows(problem: Problem, document: Document) -> bool:
    """Whether it only says again what the reader said: of the same value, or of a step that was not read whole."""
    path = problem.path
    of_the_step = len(path) == 2 or not document.is_written(path)
    return any(
        _is_within(path, other.path) or _is_within(other.path, path[:2] if of_the_step else path)
        for other in document.problems
        if other.path and not other.file
    )


def _is_within(path: Path, outer: Path) -> bool:
    return path[: len(outer)] == outer


def _placed_steps(spec: PipelineSpec) -> Iterator[Placed]:
    for root, steps in (("steps", spec.steps), ("finally", spec.final_steps)):
        for step_id, step in steps.items():
            yield (root, step_id), step


def _check_time_zones(spec: PipelineSpec, problems: Problems) -> None:
    """Against the zones of this machine: a schedule in a zone that nobody knows would never start anything."""
    schedules = [schedule for trigger in spec.triggers for schedule in trigger.schedules if schedule.timezone != "UTC"]
    if not schedules:
        return
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - few files name a zone

    for schedule in schedules:
        try:
            ZoneInfo(schedule.timezone)
        except (ValueError, OSError, KeyError):  # the last is ZoneInfoNotFoundError
            hint = nearest(schedule.timezone, available_timezones()) or "Write a name such as Europe/Berlin."
            message = f"There is no time zone {schedule.timezone!r} here."
            problems.add(("on", "schedule"), "unknown_time_zone", message, hint)


# ── one step ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_type(step: StepSpec, place: Path, available: Available, problems: Problems) -> None:
    try:
        kind = available.step_type(step.type)
    except NotAvailable as error:
        problems.add((*place, "type"), "unknown_step_type", str(error))
        return
    before = len(problems)
    kind.parameters.read(step.parameters, (*place, "with"), problems)
    if len(problems) == before:
        for problem in kind.check(step):
            problems.append(replace(problem, path=(*place, *problem.path)))


def _check_template(step: StepSpec, place: Path, available: Available, problems: Problems) -> None:
    if not step.uses.startswith(".") and not available.template_library:
        message = f"The template {step.uses!r} cannot be had: this installation has no template library yet."
        hint = GITHUB_ACTIONS.get(step.uses.split("@")[0], "Use a file of the repository: uses: ./templates/x.yml.")
        problems.add((*place, "uses"), "not_available", message, hint)


def _check_executor(step: StepSpec, place: Path, available: Available, problems: Problems) -> None:
    if step.executor is None:
        return
    try:
        executor = available.executor(step.executor.name)
    except NotAvailable as error:
        later = step.executor.name in NOT_YET
        message = f"The executor {step.executor.name!r} is not available here yet." if later else str(error)
        hint = "Use host or sandbox." if later else ""
        problems.add((*place, "executor"), "not_available", message, hint)
        return
    executor.options.read(dict(step.executor.options), (*place, "executor"), problems)


def _check_features(step: StepSpec, place: Path, available: Available, problems: Problems) -> None:
    chosen = step.executor.name if step.executor else available.default_executor
    remedy = "Take it out to use what is installed on this machine."
    for missing, key, message, hint in (
        (step.image and not available.containers, "image",
         "'image' needs containers, and this installation cannot run them yet.", remedy),
        (step.services and not available.containers, "services",
         "'services' needs containers, and this installation cannot run them yet.", "Start it in 'run'."),
        (step.memoize and not available.memoize, "memoize",
         "'memoize' is not available here yet.", "Take it out; 'cache' keeps files from run to run."),
        (step.network == "limited" and not available.limited_network, "network",
         "'network: limited' is not available here yet.", "Write none or open."),
        (step.network == "none" and chosen == "host", "network",
         "'network: none' cannot be kept by the executor host.", "Write executor: sandbox."),
    ):  # fmt: skip
        if missing:
            problems.add((*place, key), "not_available", message, hint)


# ── what only a server does ──────────────────────────────────────────────────────────────────────────────────────

SERVER_KEYS: tuple[tuple[str, Callable[[StepSpec], Any], str], ...] = (
    ("runs_on", lambda step: step.runs_on,
     "'runs_on' chooses among the workers of a server; here there is this machine"),
    ("concurrency", lambda step: step.concurrency,
     "'concurrency' holds back the steps of this run; other executions wait only on a server"),
    ("environment", lambda step: step.environment,
     "The rules that protect an 'environment' are kept by a server; here there are none"),
    ("approval", lambda step: step.approval and replace(step.approval, **ASKED) != ApprovalSpec(),
     "Who answers an 'approval' is known only on a server; here it is whoever runs the pipeline"),
    ("artifacts", lambda step: step.artifacts and step.artifacts.expire_in,
     "'expire_in' is watched by a server; here those of the newest runs are kept"),
)  # fmt: skip
"""What a step says that has no effect, or not its whole effect, without a server."""

ASKED: Mapping[str, Any] = {"message": "", "fields": (), "timeout": None, "on_timeout": "reject"}
"""The part of an approval that needs no server."""


def _only_on_a_server(spec: PipelineSpec) -> Iterator[Problem]:
    if any(trigger.event != "manual" for trigger in spec.triggers):
        yield _note(("on",), "'on' says what starts the pipeline; here it is started by hand.")
    if spec.concurrency:
        yield _note(("concurrency",), "'concurrency' waits for other executions on a server; here nothing waits.")
    placed = list(_placed_steps(spec))
    for key, is_written, sentence in SERVER_KEYS:
        steps = [(place, step) for place, step in placed if is_written(step)]
        if steps:
            yield _note((*steps[0][0], key), f"{sentence}: {', '.join(step.id for _, step in steps)}.")


def _not_yet_on_this_server(document: Document, spec: PipelineSpec, available: Available) -> Iterator[Problem]:
    for event in dict.fromkeys(trigger.event for trigger in spec.triggers):
        if event != "manual" and event not in available.events:
            path: Path = ("on", event) if document.is_written(("on", event)) else ("on",)
            message = (
                f"'{event}' does not start this pipeline yet: this server starts pipelines by hand and over the API."
            )
            yield _note(path, message, code="not_yet_here")
    placed = ((step.runs_on, place) for place, step in _placed_steps(spec) if "${{" not in step.runs_on)
    yield from _unserved(((queue or DEFAULT_QUEUE, place) for queue, place in placed), available)


def queue_notes(plan: Plan, available: Available, *, kept: Collection[str] = ()) -> list[Problem]:
    """Queues in which steps of the plan would wait for ever: all of them where no worker is there."""
    if available.queues is not None and not available.queues:
        return [_note((), NO_WORKER_AT_ALL, code=NO_WORKER)]
    steps = [step for step in plan.steps.values() if step.skip is None and step.key not in kept]
    placed = ((plan.queue_of(s.key), ("finally" if s.final else "steps", s.step_id)) for s in steps)
    return list(_unserved(placed, available))


def no_worker(queue: str, served: Iterable[str]) -> str:
    """Said before a plan runs, of each step that waits, and of the queue."""
    known = ", ".join(sorted(served)) or "none"
    return f"No worker serves the queue {queue} (served: {known}): start one that does."


def _unserved(placed: Iterable[tuple[str, Path]], available: Available) -> Iterator[Problem]:
    """Each such queue once, at its first step. A server without any worker says so elsewhere: here it is only a queue
    of its own that nobody serves."""
    if available.queues is None:
        return
    first: dict[str, Path] = {}
    for queue, place in placed:
        first.setdefault(queue, place)
    for queue, place in first.items():
        if queue not in available.queues and (available.queues or queue != DEFAULT_QUEUE):
            yield _note((*place, "runs_on"), no_worker(queue, available.queues), code=NO_WORKER)


def _note(path: Path, message: str, *, code: str = "only_on_a_server") -> Problem:
    return Problem(code=code, message=message, path=path)
