"""In which queue of workers each step of a plan waits: what its `runs_on` comes to.

It is decided before the run, from what no step can change. An installation of one process runs every step itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings

from ansflow.apps.executions.protection import evaluated
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import Plan
from ansflow.infra.dispatch.queues import may_be_served


def placed(plan: Plan) -> Plan:
    """Raises InvalidSpec for a queue that cannot be known before the run, or that no worker can serve."""
    if not settings.ANSFLOW_SPREAD or not any(spec.runs_on for spec in plan.specs.values()):
        return plan
    queues = {key: evaluated(plan, plan.spec_of(key).runs_on, matrix=step.matrix) for key, step in plan.steps.items()}
    if problems := list(_wrong(plan, queues)):
        raise InvalidSpec(problems)
    return replace(plan, steps={key: replace(step, queue=queues[key] or "") for key, step in plan.steps.items()})


def _wrong(plan: Plan, queues: dict[str, str | None]) -> Iterator[Problem]:
    for key, queue in queues.items():
        written = plan.spec_of(key).runs_on
        if queue is None:
            message = f"The queue of {key}, {written!r}, cannot be known before the run."
            hint = "It may follow from inputs, vars, git, event and matrix."
            yield Problem(code="queue", message=message, hint=hint, path=("steps", plan.steps[key].step_id, "runs_on"))
        elif queue and not may_be_served(queue):
            message = f"The queue of {key} comes to {queue!r}, which no worker can serve."
            hint = "A queue has a name of letters, digits, '.', '_' and '-', and is not called chores."
            yield Problem(code="queue", message=message, hint=hint, path=("steps", plan.steps[key].step_id, "runs_on"))
