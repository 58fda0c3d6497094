"""Which commit an execution is of, where it was triggered for a branch: what it fetched first of its own repository."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.status import StepStatus

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def sources(plan: Plan) -> tuple[str, ...]:
    """Keys of the steps that fetch the project's own repository, in order. None where the trigger names a commit."""
    if plan.trigger.commit:
        return ()
    fetching = {id for id, spec in plan.specs.items() if spec.type == "fetch_code" and not _is_another(spec.parameters)}
    return tuple(key for key, step in plan.steps.items() if step.step_id in fetching) if fetching else ()


def brought(outcome: Outcome | None) -> str:
    """The commit that such a step checked out; "" where it did not."""
    if outcome is None or outcome.status is not StepStatus.SUCCESS:
        return ""
    said = outcome.outputs.get("commit", "")
    return said if COMMIT.fullmatch(said) else ""


def _is_another(parameters: Mapping[str, object]) -> bool:
    return bool(parameters.get("repository"))
