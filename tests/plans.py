"""Plans for tests, written in a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from ansflow.core.plan import Bundle, Plan, PlannedNeed, PlannedStep
from ansflow.core.spec import StepSpec, Trigger


def need(key: str, *statuses: str, optional: bool = False, group: str = "") -> PlannedNeed:
    return PlannedNeed(key=key, statuses=frozenset(statuses or ("success",)), optional=optional, group=group)


def plan(
    steps: Mapping[str, str | Mapping[str, Any]],
    *,
    bundles: Iterable[Bundle] = (),
    max_parallel: int = 5,
    timeout: timedelta | None = None,
) -> Plan:
    """`plan({"a": "", "b": "a", "c": {"needs": "a b", "retry": RetryPolicy(max=1)}})`.

    A word of `needs` that names a bundle is a need on the bundle. Keys of a map other than `needs skip final queue`
    belong to the StepSpec.
    """
    known = {bundle.name: bundle for bundle in bundles}
    specs, planned = {}, {}
    for index, (key, written) in enumerate(steps.items()):
        more = {"needs": written} if isinstance(written, str) else dict(written)
        wanted = more.pop("needs", "")
        needs = [need(word) for word in wanted.split()] if isinstance(wanted, str) else list(wanted)
        edges = [PlannedNeed(key=n.key, statuses=n.statuses, optional=n.optional, group=n.key if n.key in known else "")
                 for n in needs]  # fmt: skip
        planned[key] = PlannedStep(
            key=key,
            step_id=key,
            index=index,
            needs=tuple(edges),
            skip=more.pop("skip", None),
            final=more.pop("final", False),
            queue=more.pop("queue", ""),
            bundles=tuple(name for name, bundle in known.items() if key in bundle.keys),
        )
        specs[key] = StepSpec(id=key, **{"run": ("true",), **more})
    return Plan(
        name="test",
        digest="0" * 64,
        trigger=Trigger(),
        inputs={},
        env={},
        vars={},
        specs=specs,
        steps=planned,
        bundles=known,
        max_parallel=max_parallel,
        timeout=timeout,
    )
