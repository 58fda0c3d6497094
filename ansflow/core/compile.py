"""Spec + trigger + inputs → Plan: legs made, `when` decided, edges drawn, each skip explained. Pure.

Whatever can be known before the run is decided here, so that `ansflow plan` shows exactly what a run will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansflow.core import graph, matrix, when
from ansflow.core.checks import check
from ansflow.core.errors import AnsFlowError, InvalidSpec, Problem
from ansflow.core.foreseen import foreseen
from ansflow.core.inputs import read as read_inputs
from ansflow.core.matrix import Leg
from ansflow.core.plan import Bundle, Plan, PlannedNeed, PlannedStep, Skip, wrong_queue
from ansflow.core.schema import Problems, nearest
from ansflow.core.spec import Need, PipelineSpec, StepSpec, Trigger
from ansflow.core.status import Reason, StepStatus

__all__ = ["check", "compile_plan"]

ANY_END = frozenset({"finished"})
ASKS_FOR_STATUS = frozenset({"always", "failure", "cancelled"})


def compile_plan(
    spec: PipelineSpec,
    *,
    digest: str,
    trigger: Trigger,
    inputs: Mapping[str, Any],
    vars: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    with_needs: bool = True,
) -> Plan:
    """Raises InvalidSpec with everything that is wrong with the spec, the inputs and the choice of steps.

    `only` names steps, groups or legs; the others are skipped as `not_selected`. `with_needs` says whether what the
    chosen steps need runs too; without it they start as if their needs had been met.
    """
    problems = Problems(check(spec))
    problems.extend(_without_template(spec))
    values = read_inputs(spec.inputs, inputs, problems)
    if problems:
        raise InvalidSpec(problems)
    draft = _Draft(spec)
    chosen = draft.chosen(only, with_needs, problems)
    if problems:
        raise InvalidSpec(problems)
    if only and not with_needs:
        draft.forget_needs(chosen)
    plan = draft.plan(draft.skips(trigger, values, chosen))
    notes = tuple(_notes(spec, trigger))
    plan = replace(plan, digest=digest, trigger=trigger, inputs=values, vars=dict(vars or {}), notes=notes)
    plan = replace(plan, steps={key: _in_its_queue(plan, key, problems) for key in plan.steps})
    if problems:
        raise InvalidSpec(problems)
    return plan


def _in_its_queue(plan: Plan, key: str, problems: Problems) -> PlannedStep:
    step, wanted = plan.steps[key], plan.spec_of(key).runs_on
    if not wanted or step.skip is not None:
        return step
    path = ("finally" if step.final else "steps", step.step_id, "runs_on")
    try:
        queue = foreseen(plan, wanted, matrix=step.matrix)
    except AnsFlowError as error:
        problems.add(path, "bad_queue", f"Which workers {key} waits for cannot be told: {error}")
        return step
    if queue is None:
        message = f"Which workers {key} waits for is decided before the run, and only the run can tell it."
        problems.add(path, "known_too_late", message)
    elif wrong := wrong_queue(queue):
        problems.add(path, "bad_queue", f"Which workers {key} waits for: {wrong}")
    return replace(step, queue=queue or "")


def _without_template(spec: PipelineSpec) -> Iterator[Problem]:
    """`document.templates` puts templates in the place of the steps that use them; what is left has none."""
    for root, steps in (("steps", spec.steps), ("finally", spec.final_steps)):
        for name, step in steps.items():
            if step.uses:
                message = f"The template {step.uses!r} has not been read."
                yield Problem(code="no_template", message=message, path=(root, name, "uses"))


def _without_shell_text(step: StepSpec) -> StepSpec:
    if not any("${{" in script for script in step.run):
        return step
    from ansflow.core import shell_text  # noqa: PLC0415 — a pipeline without expressions starts without reading shells

    return shell_text.without_expressions(step)


class _Draft:
    """The planned steps with their edges, before anything is skipped."""

    def __init__(self, spec: PipelineSpec) -> None:
        self.spec = spec
        self.specs: dict[str, StepSpec] = {**spec.steps, **spec.final_steps}
        self.legs: dict[str, list[Leg]] = {name: matrix.legs(step) for name, step in self.specs.items()}
        self.joins: dict[tuple[str, str], Mapping[str, Sequence[str]]] = {}
        self.edges: dict[tuple[PlannedNeed, ...], tuple[PlannedNeed, ...]] = {}  # steps with the same needs share them
        self.members = self._members()
        self.bundles = {name: self._bundle(name, keys) for name, keys in self.members.items() if self._joins(name)}
        self.steps: dict[str, PlannedStep] = {}
        for step in self.specs.values():
            for leg in self.legs[step.id]:
                self.steps[leg.name] = self._planned(step, leg)

    def plan(self, skips: Mapping[str, Skip]) -> Plan:
        """What follows from the spec and the skips alone."""
        return Plan(
            name=self.spec.name,
            digest="",
            trigger=Trigger(),
            inputs={},
            env=dict(self.spec.env),
            vars={},
            specs={step.id: _without_shell_text(step) for step in self.specs.values()},
            steps={key: replace(step, skip=skips.get(key)) for key, step in self.steps.items()},
            bundles=self.bundles,
            max_parallel=self.spec.max_parallel,
            timeout=self.spec.timeout,
            concurrency=self.spec.concurrency,
        )

    @property
    def graph(self) -> dict[str, tuple[str, ...]]:
        return {key: tuple(need.key for need in step.needs) for key, step in self.steps.items()}

    def _members(self) -> dict[str, tuple[str, ...]]:
        """The keys that each step id and each group name stands for."""
        result: dict[str, list[str]] = {name: [leg.name for leg in legs] for name, legs in self.legs.items()}
        for name, step in self.specs.items():
            for group in self.spec.groups_of(step):
                result.setdefault(group, []).extend(result[name])
        return {name: tuple(keys) for name, keys in result.items()}

    def _joins(self, name: str) -> bool:
        return name not in self.specs or matrix.is_bundle(self.specs[name])

    def _bundle(self, name: str, keys: tuple[str, ...]) -> Bundle:
        if name in self.specs:
            axes = self.specs[name].matrix
            join = "fail_fast" if axes is not None and axes.fail_fast else "wait_all"
            return Bundle(name=name, keys=keys, join=join, max_parallel=axes.max_parallel if axes else None)
        group = self.spec.groups[name]
        return Bundle(name=name, keys=keys, join=group.join, max_parallel=group.max_parallel, timeout=group.timeout)

    def _planned(self, step: StepSpec, leg: Leg) -> PlannedStep:
        own = (step.id,) if matrix.is_bundle(step) else ()
        needs = tuple(edge for need in step.needs for edge in self._edges(step, leg, need))
        return PlannedStep(
            key=leg.name,
            step_id=step.id,
            index=len(self.steps),
            matrix=leg.values,
            needs=self.edges.setdefault(needs, needs),
            final=step.id in self.spec.final_steps,
            group=step.group,
            bundles=(*own, *self.spec.groups_of(step)),
            env=leg.env,
        )

    def _edges(self, step: StepSpec, leg: Leg, need: Need) -> Iterator[PlannedNeed]:
        """One edge for each planned step that the need stands for. An optional need of nothing stands for none."""
        statuses = ANY_END if asks_for_status(step.condition) else need.statuses
        same = need.same_matrix and need.step in self.legs
        # With `same` it is some legs, each for itself, and not the matrix as a whole.
        bundle = need.step if need.step in self.bundles and not same else ""
        keys = self.joined(step.id, need.step)[leg.name] if same else self.members.get(need.step, ())
        for key in keys:
            yield PlannedNeed(key=key, statuses=statuses, optional=need.optional, group=bundle)

    def joined(self, step: str, needed: str) -> Mapping[str, Sequence[str]]:
        if (step, needed) not in self.joins:
            self.joins[step, needed] = matrix.joined(self.legs[step], self.legs[needed])
        return self.joins[step, needed]

    # ── which run ────────────────────────────────────────────────────────────────────────────────────────────────

    def chosen(self, only: Sequence[str], with_needs: bool, problems: Problems) -> set[str]:
        """The keys that `only` stands for; everything when it names nothing."""
        if not only:
            return set(self.steps)
        found: set[str] = set()
        for name in only:
            keys = self.members.get(name, (name,) if name in self.steps else ())
            if not keys:
                hint = nearest(name, (*self.members, *self.steps)) or "Known: " + ", ".join(self.specs) + "."
                problems.add((), "unknown_step", f"There is no step {name!r} to run.", hint)
            found.update(keys)
        return graph.reached(self.graph, found) if with_needs else found

    def forget_needs(self, chosen: set[str]) -> None:
        """Makes the chosen steps start although what they need was not chosen."""
        for key in chosen:
            step = self.steps[key]
            needs = tuple(replace(need, optional=need.optional or need.key not in chosen) for need in step.needs)
            self.steps[key] = replace(step, needs=needs)

    def skips(self, trigger: Trigger, values: Mapping[str, Any], chosen: set[str]) -> dict[str, Skip]:
        refusals = {name: _why_not(step, trigger, values) for name, step in self.specs.items()}
        skips = _Skips(self)
        for key in graph.order(self.graph):
            step = self.steps[key]
            if key not in chosen:
                skips.own(key, "Other steps were chosen to run.")
            elif refusals[step.step_id]:
                skips.own(key, refusals[step.step_id])
            else:
                skips.inherit(step)
        return skips.found


class _Skips:
    """Skips so far, each with the step that is the cause: itself, or one that it needs."""

    def __init__(self, draft: _Draft) -> None:
        self.draft = draft
        self.found: dict[str, Skip] = {}
        self.causes: dict[str, str] = {}

    def own(self, key: str, message: str) -> None:
        self.found[key] = Skip(reason=Reason.NOT_SELECTED, message=message)
        self.causes[key] = key

    def inherit(self, step: PlannedStep) -> None:
        """Skips the step when one of its needs can no longer hold. Called after all that it needs."""
        for name, edges in _needs_of(step).items():
            if self.holds_back(name, edges):
                cause = self.causes[edges[0].key]
                direct = "" if cause in (name, *(edge.key for edge in edges)) else f" because of {cause}"
                what = f"{name}, which is skipped{direct}" if len(edges) == 1 else f"{name}, all of which is skipped"
                message = f"It needs {what}: {self.found[cause].message}"
                self.found[step.key] = Skip(reason=Reason.UPSTREAM_SKIPPED, message=message)
                self.causes[step.key] = cause
                return

    def holds_back(self, name: str, edges: Sequence[PlannedNeed]) -> bool:
        statuses = [StepStatus.SKIPPED if edge.key in self.found else StepStatus.PENDING for edge in edges]
        bundle = self.draft.bundles.get(edges[0].group) or Bundle(name=name, keys=())
        if bundle.status(statuses) is not StepStatus.SKIPPED:
            return False
        return not edges[0].statuses & {"skipped", "finished"} and not all(edge.optional for edge in edges)


def asks_for_status(condition: str) -> bool:
    """Whether an `if` decides by itself what to do when a need failed or was skipped, as `always()` does."""
    if not condition:
        return False
    from ansflow.core.expressions import parse  # noqa: PLC0415 — as above

    return bool(parse(condition).calls & ASKS_FOR_STATUS)


def _why_not(step: StepSpec, trigger: Trigger, values: Mapping[str, Any]) -> str:
    for rules in (*step.outer_when, step.when):
        if refusal := when.why_not(rules, trigger, values):
            return refusal
    return ""


def _needs_of(step: PlannedStep) -> dict[str, list[PlannedNeed]]:
    """The edges of a step, those of one group or matrix together, under the name that the file uses."""
    result: dict[str, list[PlannedNeed]] = {}
    for need in step.needs:
        result.setdefault(need.group or need.key, []).append(need)
    return result


def _notes(spec: PipelineSpec, trigger: Trigger) -> Iterator[Problem]:
    steps = {**spec.steps, **spec.final_steps}
    if trigger.changed is None:
        asking = [name for name, step in steps.items() if when.asks_for_paths(step.when)]
        if asking:
            message = f"Nobody knows which paths changed, so every `path` rule counts as met: {', '.join(asking)}."
            yield Problem(code="unknown_changes", message=message, hint="Name them with --changed.")
    known = {*steps, *spec.groups}
    for name, step in steps.items():
        for at, need in enumerate(step.needs):
            if need.step not in known:
                place = ("finally" if name in spec.final_steps else "steps", name, "needs", at)
                message = f"{name} has an optional need of {need.step!r}, and there is no such step: it is passed over."
                yield Problem(code="missing_need", message=message, hint=nearest(need.step, known), path=place)
