"""Going on from an execution that has ended: which of its steps are taken over, and which run again.

The old one never changes. What is taken over keeps its outcome; its files come along with the workspace, where that
still exists, or as the artifacts that were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ansflow.apps.executions import rows, running
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.core.errors import Conflict, InvalidSpec, Problem
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.schema import nearest
from ansflow.core.status import Reason, StepStatus

Choose = Callable[[Plan, Mapping[str, StepExecution]], set[str]]
"""From the plan and the steps as they ended to the keys that must run again; what follows from them is added."""

FAILED_BEFORE = frozenset({Reason.UPSTREAM_FAILED.value, Reason.APPROVAL_EXPIRED.value})


def after_failure(plan: Plan, steps: Mapping[str, StepExecution]) -> set[str]:
    """Raises Conflict where nothing failed."""
    found = _unfinished(steps)
    if not found:
        raise Conflict("Nothing of it failed, so there is nothing to try again: run all of it again instead.")
    return found


def from_step(plan: Plan, steps: Mapping[str, StepExecution], name: str) -> set[str]:
    """`name` is a key or the id of a step, whose legs are all meant. Raises InvalidSpec."""
    chosen = {key for key, step in plan.steps.items() if name in (key, step.step_id)}
    if not chosen:
        hint = nearest(name, [*plan.specs, *plan.steps])
        raise _wrong(f"There is no step {name!r} in this execution.", hint)
    if all(plan.steps[key].skip is not None for key in chosen):
        raise _wrong(f"{name} does not run in this execution: the plan skips it.")
    return chosen | _unfinished(steps)


def kept(old: PipelineExecution, plan: Plan, choose: Choose) -> dict[str, Outcome]:
    """The outcomes that are taken over: of good steps that do not follow from one that runs again."""
    steps = {row.key: row for row in StepExecution.objects.filter(execution=old)}
    again = _following(plan, choose(plan, steps))
    good = [row for key, row in steps.items() if row.status == StepStatus.SUCCESS.value and key not in again]
    return {
        row.key: rows.outcome_of(row.outcome) or Outcome(status=StepStatus.SUCCESS)
        for row in good
        if not plan.steps[row.key].final
    }


def sentence(old: PipelineExecution, plan: Plan, kept: Mapping[str, Outcome]) -> str:
    """What is taken over, and what becomes of the files of those steps."""
    runs = sum(step.skip is None and key not in kept for key, step in plan.steps.items())
    start = f"Continues {name(old)}: {_steps(len(kept))} kept, {_steps(runs)} to run."
    if not kept:
        return start
    if running.engine().workspaces.exists(old.id):
        return f"{start} Its workspace is taken over."
    files = sum(len(outcome.artifacts) for outcome in kept.values())
    there = f"the {files} artifacts of the kept steps are put back" if files else "and no artifacts were kept"
    return f"{start} Its workspace has been removed: {there}; anything else that those steps made is missing."


def plan(execution_id: int) -> Plan:
    return running.engine().store.wiring(execution_id).plan


def is_vouched_for(execution: PipelineExecution) -> bool:
    """Whether it goes back to one that this installation began by itself, for what Git told it."""
    first = execution
    while first.rerun_of is not None:
        first = first.rerun_of
    return first.triggered_by_id is None and first.trigger_type in {"webhook", "schedule", "pipeline"}


def name(execution: PipelineExecution) -> str:
    return f"{execution.pipeline.name} #{execution.number}"


def _unfinished(steps: Mapping[str, StepExecution]) -> set[str]:
    """What did not come to a good end. A step that its group did without, or that a condition skipped, did."""
    return {key for key, row in steps.items() if _is_unfinished(row)}


def _is_unfinished(row: StepExecution) -> bool:
    if row.status == StepStatus.CANCELLED.value:
        return row.reason != Reason.CANCELLED_BY_GROUP.value
    return row.status == StepStatus.FAILED.value or row.reason in FAILED_BEFORE


def _following(plan: Plan, first: Iterable[str]) -> set[str]:
    """Those, and everything that needs them, whatever lies between."""
    needed_by: dict[str, list[str]] = {}
    for key, step in plan.steps.items():
        for need in step.needs:
            needed_by.setdefault(need.key, []).append(key)
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(needed_by.get(key, ()))
    return found


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"


def _wrong(message: str, hint: str = "") -> InvalidSpec:
    return InvalidSpec([Problem(code="unknown_step", message=message, hint=hint, path=("from_step",))])
