"""What was deployed to an environment before: the last good execution of the same pipeline that did.

Nothing else is known of what is there: other pipelines, and hands, may have changed it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from ansflow.apps.executions.models import Deployment, PipelineExecution, StepExecution
from ansflow.apps.executions.protection import environment_of
from ansflow.apps.pipelines.models import Pipeline
from ansflow.core.plan import Plan
from ansflow.core.status import ExecutionStatus, StepStatus, is_final

OVER = tuple(status for status in StepStatus if is_final(status))
LONGEST = 254  # characters of a name that is looked up again


class Deploying(NamedTuple):
    """A step of an execution."""

    execution: int
    step: str


def named(plan: Plan) -> dict[str, str]:
    """By step that is to run: the environment it deploys to, where the plan itself tells."""
    wanted = [
        key for key, step in plan.steps.items() if step.skip is None and plan.spec_of(key).environment is not None
    ]
    places = {key: environment_of(plan, key) for key in wanted}
    return {key: place for key, place in places.items() if place and len(place) <= LONGEST}


def changes(steps: Iterable[StepExecution]) -> Mapping[Deploying, dict[str, Any]]:
    """By step that deploys: its environment, what it brings there, and what was brought there last (`last`, or None).

    For a step that has ended that is an execution before its own; for one that has not, the newest: it may go back
    behind what others have brought since. Only executions of the same project, which whoever may see the step may see.
    Two queries, however many steps.
    """
    asked = {Deploying(row.execution_id, row.key) for row in steps}
    if not asked:
        return {}
    own = Deployment.objects.filter(
        execution__in={one.execution for one in asked}, step__in={one.step for one in asked}
    )
    before = _good().filter(execution__lt=OuterRef("execution")).values("id")[:1]
    newest = _good().exclude(execution=OuterRef("execution")).values("id")[:1]
    own = own.annotate(last_id=Case(When(_step(OVER), then=Subquery(before)), default=Subquery(newest)))
    found = [one for one in own.select_related("execution__version") if Deploying(one.execution_id, one.step) in asked]
    lasts = _lasts({one.last_id for one in found} - {None})
    return {
        Deploying(one.execution_id, one.step): {
            "environment": one.environment,
            **_brought(one.execution),
            "last": lasts.get(one.last_id),
        }
        for one in found
    }


def board(project_id: int) -> list[dict[str, Any]]:
    """What is where: of each environment of the project and each pipeline the last that went well, newest first.

    One query for each pair of them, which looks at the newest until one is good.
    """
    pairs = Deployment.objects.filter(pipeline__project=project_id).order_by().values("pipeline", "environment")
    newest = [_well(execution__project=project_id, **pair).first() for pair in pairs.distinct()]
    found = {one.id: one for one in newest if one is not None}
    names = Pipeline.objects.in_bulk({one.pipeline_id for one in found.values()})
    rows = [
        {
            "environment": found[id].environment,
            "pipeline": found[id].pipeline_id,
            "pipeline_name": names[found[id].pipeline_id].name,
            **last,
        }
        for id, last in _lasts(found).items()
    ]
    return sorted(rows, key=lambda row: row["execution"], reverse=True)


def _good() -> QuerySet[Deployment]:
    """Those to the same environment by the same pipeline that went well, from the newest on; within another query."""
    return _well(**{name: OuterRef(name) for name in ("pipeline", "environment", "execution__project")})


def _well(**same: Any) -> QuerySet[Deployment]:
    good = Deployment.objects.filter(_step((StepStatus.SUCCESS,)), execution__status=ExecutionStatus.SUCCESS, **same)
    return good.order_by("-execution_id", "-id")


def _step(statuses: Iterable[StepStatus]) -> Exists:
    names = [status.value for status in statuses]
    return Exists(StepExecution.objects.filter(execution=OuterRef("execution"), key=OuterRef("step"), status__in=names))


def _lasts(ids: Iterable[int]) -> Mapping[int, dict[str, Any]]:
    wanted = list(ids)
    if not wanted:
        return {}
    its = StepExecution.objects.filter(execution=OuterRef("execution"), key=OuterRef("step"))
    found = Deployment.objects.filter(id__in=wanted).select_related("execution__version")
    found = found.annotate(at=Coalesce(Subquery(its.values("ended_at")[:1]), F("execution__ended_at")))
    return {
        one.id: {
            "execution": one.execution_id,
            "number": one.execution.number,
            **_brought(one.execution),
            "at": one.at,
            "by": one.execution.by,
        }
        for one in found
    }


def _brought(execution: PipelineExecution) -> dict[str, Any]:
    version = execution.version
    return {
        "commit": execution.commit,
        "branch": execution.branch,
        "version": None if version is None else version.number,
    }
