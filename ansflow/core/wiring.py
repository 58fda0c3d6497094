"""A plan with its edges turned round: who is told when a step ends, and which lines a step stands in before it runs.

Made once per execution, in time proportional to steps and edges. An edge to a group or a matrix is one edge to its
bundle, so that 5,000 steps that all need a group of 5,000 are 10,000 edges and not 25 million.
"""

from __future__ import annotations

from typing import NamedTuple

from ansflow.core.plan import Plan, PlannedStep
from ansflow.core.sources import sources
from ansflow.core.state import BundleState, ExecutionState, StepState

EXECUTION = "execution"
LEVELS = {"concurrency": 0, "matrix": 1, "group": 2, EXECUTION: 3}
"""The order in which a step passes its limiters: the same for all, so that nobody holds what another waits for."""


class Edge(NamedTuple):
    """Tells `step` that something it needs has ended."""

    step: str
    statuses: frozenset[str]
    optional: bool


class Wiring:
    """`plan` is the plan; the rest follows from it. Immutable after it has been made, and safe to share."""

    __slots__ = (
        "_lines",
        "finals",
        "limits",
        "of_bundle",
        "of_step",
        "plan",
        "sharing",
        "sources",
        "to_judge",
        "unmet",
    )

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.limits: dict[str, int] = {EXECUTION: plan.max_parallel}
        self.of_step: dict[str, tuple[Edge, ...]] = {}
        self.of_bundle: dict[str, tuple[Edge, ...]] = {}
        self.unmet: dict[str, int] = {}
        self.finals = tuple(key for key, step in plan.steps.items() if step.final)
        self.to_judge = frozenset(step_id for step_id in plan.specs if _is_judged(plan, step_id))
        self.sources = sources(plan)
        self._lines: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.sharing = tuple(key for key in plan.steps if plan.spec_of(key).concurrency is not None)
        self._turn_edges()
        for name, bundle in plan.bundles.items():
            if bundle.max_parallel is not None:
                self.limits[_limiter_of(plan, name)] = bundle.max_parallel
        for spec in plan.specs.values():
            if spec.concurrency is not None:
                self.limits[f"concurrency:{spec.concurrency.group}"] = spec.concurrency.limit

    def lines(self, key: str, concurrency: str = "") -> tuple[str, ...]:
        """The limiters that a step passes, in their order. `concurrency` is the group's name where it was evaluated."""
        step = self.plan.steps[key]
        written = self.plan.spec_of(key).concurrency
        group = concurrency or (written.group if written else "")
        chosen = (group, *step.bundles)
        if chosen not in self._lines:
            names = [f"concurrency:{group}"] if group else []
            names += [
                name for name in (_limiter_of(self.plan, bundle) for bundle in step.bundles) if name in self.limits
            ]
            self._lines[chosen] = (*sorted(names, key=level), EXECUTION)
        return self._lines[chosen]

    def limit(self, limiter: str, key: str) -> int:
        """`key` is a step that stands in its line: it knows the limit of a group whose name was evaluated."""
        known = self.limits.get(limiter)
        if known is not None:
            return known
        written = self.plan.spec_of(key).concurrency
        return written.limit if written else 1

    def rank(self, key: str) -> tuple[int, int]:
        """Steps are taken in this order: highest priority first, then as they stand in the file."""
        return -self.plan.spec_of(key).priority, self.plan.steps[key].index

    # ── rows as they are before anything has happened ────────────────────────────────────────────────────────────

    def new_step(self, key: str) -> StepState:
        return StepState(key, unmet=self.unmet[key], message=_waits(self.plan.steps[key]))

    def new_bundle(self, name: str) -> BundleState:
        return BundleState(name, open=len(self.plan.bundles[name].keys))

    def new_execution(self, execution: int, **known: object) -> ExecutionState:
        total = len(self.plan.steps)
        return ExecutionState(execution, open_main=total - len(self.finals), open_all=total, **known)  # type: ignore[arg-type]

    def _turn_edges(self) -> None:
        of_step: dict[str, list[Edge]] = {}
        of_bundle: dict[str, list[Edge]] = {}
        for key, step in self.plan.steps.items():
            edges = {
                (need.group, "" if need.group else need.key): Edge(key, need.statuses, need.optional)
                for need in step.needs
            }
            for (bundle, needed), edge in edges.items():
                (of_bundle.setdefault(bundle, []) if bundle else of_step.setdefault(needed, [])).append(edge)
            self.unmet[key] = len(edges) + step.final
        self.of_step = {key: tuple(found) for key, found in of_step.items()}
        self.of_bundle = {name: tuple(found) for name, found in of_bundle.items()}


def level(limiter: str) -> int:
    return LEVELS[limiter.partition(":")[0]]


def _limiter_of(plan: Plan, bundle: str) -> str:
    return f"matrix:{bundle}" if bundle in plan.specs else f"group:{bundle}"


def _is_judged(plan: Plan, step_id: str) -> bool:
    spec = plan.specs[step_id]
    evaluated = spec.concurrency is not None and "${{" in spec.concurrency.group
    return bool(spec.condition) or spec.approval is not None or evaluated


def _waits(step: PlannedStep) -> str:
    if step.final and not step.needs:
        return "Waits for the end of all other steps."
    if not step.needs:
        return "Waits for the start."
    first, *more = dict.fromkeys(need.group or need.key for need in step.needs)
    return f"Waits for {first}." if not more else f"Waits for {first} and {len(more)} more."
