"""What one write puts into the tables: a new execution, or a decision. Called within a transaction."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansflow.apps.executions import deployments, rows
from ansflow.apps.executions.transactions import Statements, insertion
from ansflow.core import codec
from ansflow.core.commands import Begin, Decision, Offer, StepChange
from ansflow.core.events import ExecutionChanged, StepChanged
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.sources import brought
from ansflow.core.state import ExecutionState, StepState
from ansflow.core.status import Reason, StepStatus, is_final
from ansflow.core.wiring import Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """What people know an execution by. `number` counts within the pipeline."""

    project_id: int
    pipeline_id: int
    number: int
    version_id: int | None = None
    cicd_tool_id: int | None = None
    trigger_type: str = "manual"
    trigger_message: str = ""
    execution_mode: str = "local"
    triggered_by_id: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    event: str = "manual"
    branch: str = ""
    commit: str = ""
    rerun_of_id: int | None = None
    concurrency_group: str = ""


_KNOWN = tuple(NewExecution.__dataclass_fields__)


def _set(columns: Iterable[str]) -> str:
    return ", ".join(f"[{name}] = %s" for name in columns)


_NEW_EXECUTION = insertion("Execution", (*_KNOWN, "created_at", *rows.EXECUTION_COLUMNS))
_NEW_PLAN = insertion("Plan", ("execution_id", "body", "kept"))
_NEW_STEP = (
    "execution_id",
    "key",
    "index",
    "name",
    "step_type",
    "queue",
    "priority",
    "row_version",
    *rows.STEP_COLUMNS,
)
_NEW_BUNDLE = ("execution_id", "name", "row_version", *rows.BUNDLE_COLUMNS)
_NEW_DEPLOYMENT = ("execution_id", "step", "pipeline_id", "environment")
_NEW_EVENT = insertion("Event", ("execution_id", "seq", "at", "fact"))
_NEW_SENDING = insertion("Sending", ("execution_id", "row_version", "number", "effect", "at"))
_NEW_ATTEMPT = insertion(
    "Attempt",
    ("execution_id", "step", "number", "fence", "worker", "status", "reason", "message", "started_at", "outcome"),
)
_NEW_PLACES = insertion("Places", ("execution_id", "limiter", "used", "row_version"))

_EXECUTION = f"UPDATE [Execution] SET {_set(rows.EXECUTION_COLUMNS)} WHERE [id] = %s AND [row_version] = %s"
_STEP = (
    f"UPDATE [Step] SET [row_version] = %s, {_set(rows.STEP_COLUMNS)}"
    " WHERE [execution_id] = %s AND [key] = %s AND [status] = %s AND [attempt] = %s AND [fence] = %s"
)
_BUNDLE = (
    f"UPDATE [Bundle] SET [row_version] = %s, {_set(rows.BUNDLE_COLUMNS)} WHERE [execution_id] = %s AND [name] = %s"
)
_PLACES = "UPDATE [Places] SET [used] = %s, [row_version] = %s WHERE [execution_id] = %s AND [limiter] = %s"
_ATTEMPT = (
    "UPDATE [Attempt] SET [status] = %s, [reason] = %s, [message] = %s, [exit_code] = %s, [ended_at] = %s,"
    " [outcome] = %s WHERE [execution_id] = %s AND [step] = %s AND [number] = %s"
)
_ADOPTED = (
    "UPDATE [Attempt] SET [fence] = %s, [worker] = %s WHERE [execution_id] = %s AND [step] = %s AND [number] = %s"
)


# ── a new execution ──────────────────────────────────────────────────────────────────────────────────────────────


def write_new(
    to: Statements, wiring: Wiring, *, now: datetime, by: str, kept: Mapping[str, Outcome], known: NewExecution
) -> ExecutionState:
    state = wiring.new_execution(0, by=by, kept=kept)
    state.seq = 1
    people = [getattr(known, name) for name in _KNOWN]
    people[_KNOWN.index("parameters")] = rows.encoded(known.parameters)
    people[_KNOWN.index("commit")] = known.commit or next(
        filter(None, (brought(kept.get(k)) for k in wiring.sources)), ""
    )
    state.id = to.insert(_NEW_EXECUTION, (*people, now, *rows.execution_values(state)))
    to.run(_NEW_PLAN, (state.id, packed(codec.dump(wiring.plan)), _packed_kept(kept)))
    to.many("Step", _NEW_STEP, (_new_step(state.id, wiring, key) for key in wiring.plan.steps))
    bundles = (wiring.new_bundle(name) for name in wiring.plan.bundles)
    to.many("Bundle", _NEW_BUNDLE, ((state.id, row.name, 0, *rows.bundle_values(row)) for row in bundles))
    places = deployments.named(wiring.plan).items()
    to.many("Deployment", _NEW_DEPLOYMENT, ((state.id, key, known.pipeline_id, place) for key, place in places))
    fact = ExecutionChanged(status=state.status, reason=state.reason, message=state.message)
    to.run(_NEW_EVENT, (state.id, 1, now, rows.fact_text(fact)))
    to.run(_NEW_SENDING, (state.id, 0, 0, rows.effect_text(Begin()), now))
    return state


def packed(value: Any) -> bytes:
    return zlib.compress(rows.encoded(value).encode(), 1)


def unpacked_plan(body: bytes) -> Plan:
    return codec.load(Plan, rows.decoded(zlib.decompress(body)))


def unpacked_kept(body: bytes) -> dict[str, Outcome]:
    return {key: codec.load(Outcome, data) for key, data in rows.decoded(zlib.decompress(body)).items()} if body else {}


def _packed_kept(kept: Mapping[str, Outcome]) -> bytes:
    return packed({key: codec.dump(outcome) for key, outcome in kept.items()}) if kept else b""


def _new_step(execution: int, wiring: Wiring, key: str) -> tuple[Any, ...]:
    planned, spec = wiring.plan.steps[key], wiring.plan.spec_of(key)
    known = (execution, key, planned.index, spec.name, spec.type, wiring.plan.queue_of(key), spec.priority)
    return (*known, 0, *rows.step_values(wiring.new_step(key), ""))


# ── a decision ───────────────────────────────────────────────────────────────────────────────────────────────────


def write_decision(
    to: Statements, decision: Decision, after: ExecutionState, *, now: datetime, places: Mapping[str, int]
) -> None:
    """`places` are those that the decision changes. Raises GuardFailed, here or when it is sent, where the execution or
    a step is not as the decision found it."""
    first = after.seq - len(decision.facts) + 1
    to.put(_EXECUTION, (*rows.execution_values(after), after.id, after.version - 1), guarded=True)
    _write_steps(to, decision.steps, after)
    to.hear_guards()  # the rest only where all of this holds: the events of two decisions have the same numbers
    _write_attempts(to, decision.steps, after, _told(decision), now)
    _write_bundles(to, decision, after)
    _write_places(to, after, places)
    for seq, fact in enumerate(decision.facts, start=first):
        to.put(_NEW_EVENT, (after.id, seq, now, rows.fact_text(fact)))
    for number, effect in enumerate(decision.effects):
        if not isinstance(effect, Offer):  # a step on offer is its own row of the outbox
            to.put(_NEW_SENDING, (after.id, after.version, number, rows.effect_text(effect), now))


def breaks_off(decision: Decision) -> bool:
    """Takes an attempt from a worker that has told no outcome."""
    told = _told(decision)
    return any(_is_broken_off(change) and change.after.key not in told for change in decision.steps)


def _told(decision: Decision) -> dict[str, Outcome]:
    return {
        fact.step: fact.outcome
        for fact in decision.facts
        if isinstance(fact, StepChanged) and fact.outcome is not None and fact.attempt
    }


def _is_broken_off(change: StepChange) -> bool:
    return change.guard.status is StepStatus.RUNNING and change.after.status is not StepStatus.RUNNING


def write_commit(to: Statements, execution: int, decision: Decision, sources: Collection[str]) -> None:
    """The first of `sources` that brings a commit says which one the execution is of."""
    for fact in decision.facts:
        commit = brought(fact.outcome) if isinstance(fact, StepChanged) and fact.step in sources else ""
        if commit:
            to.run("UPDATE [Execution] SET [commit] = %s WHERE [id] = %s AND [commit] = ''", [commit, execution])


def _write_steps(to: Statements, changes: tuple[StepChange, ...], after: ExecutionState) -> None:
    for change in changes:
        guard, row = change.guard, change.after
        values = (after.version, *rows.step_values(row, rows.outcome_text(row.outcome)))
        to.put(_STEP, (*values, after.id, row.key, guard.status.value, guard.attempt, guard.fence), guarded=True)


def _write_bundles(to: Statements, decision: Decision, after: ExecutionState) -> None:
    for row in decision.bundles:
        to.put(_BUNDLE, (after.version, *rows.bundle_values(row), after.id, row.name))


def _write_places(to: Statements, after: ExecutionState, places: Mapping[str, int]) -> None:
    for limiter, used in places.items():
        if to.run(_PLACES, (used, after.version, after.id, limiter)) == 0:
            to.run(_NEW_PLACES, (after.id, limiter, used, after.version))


def _write_attempts(
    to: Statements,
    changes: tuple[StepChange, ...],
    after: ExecutionState,
    told: Mapping[str, Outcome],
    now: datetime,
) -> None:
    """A claim begins an attempt, an adoption goes on with it, an end or a loss completes it."""
    for change in changes:
        guard, row = change.guard, change.after
        place = (after.id, row.key, row.attempt)
        if row.attempt > guard.attempt:
            running = (row.fence, row.worker, row.status.value, rows.text_of(row.reason), row.message, now, "")
            to.put(_NEW_ATTEMPT, (*place, *running))
        elif row.key in told:
            to.put(_ATTEMPT, (*_ended(told[row.key], now), *place))
        elif _is_broken_off(change):
            to.put(_ATTEMPT, (*_broken_off(row, now), *place))
        elif row.fence > guard.fence:
            to.put(_ADOPTED, (row.fence, row.worker, *place))


def _ended(outcome: Outcome, now: datetime) -> tuple[Any, ...]:
    said = (outcome.status.value, rows.text_of(outcome.reason), outcome.message)
    return (*said, outcome.exit_code, now, rows.outcome_text(outcome))


def _broken_off(row: StepState, now: datetime) -> tuple[Any, ...]:
    """An attempt without an outcome: its worker was lost, or this installation failed it."""
    if is_final(row.status):
        return (row.status.value, rows.text_of(row.reason), row.message, None, now, "")
    reason = Reason.WORKER_LOST if row.lost else Reason.INTERNAL_ERROR
    return (StepStatus.FAILED.value, reason.value, row.message, None, now, "")
