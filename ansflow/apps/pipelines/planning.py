"""What would run, and why the rest would not: the plan of a text for an event, without starting anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansflow.apps.pipelines.sources import Checked
from ansflow.core.changes import plain
from ansflow.core.compile import compile_plan
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import Plan, PlannedNeed, PlannedStep
from ansflow.core.spec import InputSpec, PipelineSpec, Trigger
from ansflow.plugins.checking import NO_WORKER, queue_notes

TAGGED = ("manual", "tag", "release", "webhook", "pipeline")
"""Events that may be about a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an execution would be started with. `changed` None: nobody knows which paths changed."""

    event: str = "manual"
    branch: str = ""
    tag: str = ""
    author: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    changed: Sequence[str] | None = None
    steps: Sequence[str] = ()

    def trigger(self) -> Trigger:
        """Raises InvalidSpec where event and tag do not fit."""
        if self.tag and self.event not in TAGGED:
            message = f"A {self.event} is about a branch, not a tag."
            raise InvalidSpec([Problem(code="trigger", message=message, path=("tag",))])
        return Trigger(
            event="tag" if self.tag and self.event == "manual" else self.event,
            branch=self.branch,
            tag=self.tag,
            author=self.author,
            changed=None if self.changed is None else tuple(self.changed),
        )


def planned(checked: Checked, wish: Wish) -> Plan:
    """Raises InvalidSpec, placed in the text; a wrong input is named `inputs.NAME`."""
    spec, trigger = checked.required(), wish.trigger()
    try:
        plan = compile_plan(
            spec, digest=checked.document.digest, trigger=trigger, inputs=wish.inputs, only=tuple(wish.steps)
        )
    except InvalidSpec as error:
        if all(problem.path[:1] in ((), ("inputs",)) for problem in error.problems):
            raise  # the wish is wrong, not the text
        raise InvalidSpec(checked.document.placed(error.problems)) from None
    return with_notes(plan, checked)


def with_notes(plan: Plan, checked: Checked) -> Plan:
    """With what is to be said of the text, and of the queues that the steps of this plan wait in."""
    of_text = [note for note in checked.notes if note.code != NO_WORKER]
    found = [*plan.notes, *of_text, *queue_notes(plan, checked.here)]
    return replace(plan, notes=tuple(checked.document.placed(found)))


def shown(plan: Plan, spec: PipelineSpec) -> dict[str, Any]:
    """The plan as the API tells it."""
    return {
        "name": plan.name,
        "digest": plan.digest,
        "event": plan.trigger.event,
        "branch": plan.trigger.branch,
        "tag": plan.trigger.tag,
        "max_parallel": plan.max_parallel,
        "timeout": plain(plan.timeout),
        "concurrency": plain(plan.concurrency),
        "inputs": [{**_asked(name, given), "value": plan.inputs[name]} for name, given in spec.inputs.items()],
        "steps": [_step(plan, step) for step in plan.steps.values()],
        "bundles": [
            {"name": one.name, "keys": list(one.keys), "join": one.join, "max_parallel": one.max_parallel,
             "timeout": plain(one.timeout)}
            for one in plan.bundles.values()
        ],
        "notes": list(plan.notes),
    }  # fmt: skip


def form(spec: PipelineSpec) -> dict[str, Any]:
    """What to ask before there is a plan: a plan wants every required input, and this is how one learns of them."""
    return {
        "inputs": [_asked(name, given) for name, given in spec.inputs.items()],
        "steps": list(spec.steps),
    }


def plans_differ(before: Plan, after: Plan) -> list[dict[str, Any]]:
    """Which steps run, and for what, in the one and not in the other; each with a sentence."""
    found: list[dict[str, Any]] = []
    for key in {**before.steps, **after.steps}:
        old, new = before.steps.get(key), after.steps.get(key)
        kind, sentence = _difference(key, old, new)
        if kind:
            found.append({"kind": kind, "step": key, "sentence": sentence})
        elif old and new and _edges(old) != _edges(new):
            names = ", ".join(_edges(new)) or "nothing"
            found.append({"kind": "needs", "step": key, "sentence": f"{key} waits for {names} now."})
    return found


def _difference(key: str, old: PlannedStep | None, new: PlannedStep | None) -> tuple[str, str]:
    if old is None or new is None:
        return ("added", f"{key} is new.") if old is None else ("removed", f"{key} is gone.")
    if old.skip is None and new.skip is not None:
        return "skipped", f"{key} does not run any more: {new.skip.message}"
    if old.skip is not None and new.skip is None:
        return "runs", f"{key} runs now; before it did not: {old.skip.message}"
    if old.skip is not None and new.skip is not None and old.skip.message != new.skip.message:
        return "reason", f"{key} still does not run, and for another reason: {new.skip.message}"
    return "", ""


def _edges(step: PlannedStep) -> list[str]:
    return [need.key for need in step.needs]


def _asked(name: str, given: InputSpec) -> dict[str, Any]:
    return {
        "name": name,
        "type": given.type,
        "description": given.description,
        "default": given.default,
        "required": given.required,
        "options": list(given.options),
        "pattern": given.pattern,
    }


def _step(plan: Plan, step: PlannedStep) -> dict[str, Any]:
    spec = plan.spec_of(step.key)
    return {
        "key": step.key,
        "id": step.step_id,
        "name": spec.name or step.key,
        "step_type": spec.type,
        "group": step.group,
        "final": step.final,
        "matrix": dict(step.matrix),
        "needs": [_need(need) for need in step.needs],
        "skip": None if step.skip is None else {"reason": step.skip.reason.value, "message": step.skip.message},
        "condition": spec.condition,
        "approval": plain(spec.approval),
        "environment": plain(spec.environment),
        "executor": spec.executor.name if spec.executor else "",
        "timeout": plain(spec.timeout),
    }


def _need(need: PlannedNeed) -> dict[str, Any]:
    return {"key": need.key, "statuses": sorted(need.statuses), "optional": need.optional, "group": need.group}
