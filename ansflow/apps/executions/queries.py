"""Questions about executions: each answers only with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.executions.counting import Listed
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Project
from ansflow.core.errors import NotFound

ORDERINGS = ("-id", "id", "-created_at", "created_at", "-started_at", "started_at", "-ended_at", "ended_at")
MOST_NAMED = 500  # projects; a statement has room for so many parameters and no more
MISSING = "There is no such execution."


def executions(
    actor: Actor,
    *,
    project: int | None = None,
    pipeline: int | None = None,
    status: Sequence[str] = (),
    trigger_type: str = "",
    branch: str = "",
    triggered_by: str = "",
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    ordering: str = "-id",
) -> QuerySet[PipelineExecution]:
    """`triggered_by` is a name. Newest first, unless another of ORDERINGS is wanted."""
    found = _visible(actor, pipeline)
    equal = {
        "project_id": project,
        "trigger_type": trigger_type or None,
        "branch": branch or None,
        "by": triggered_by or None,
        "created_at__gte": created_after,
        "created_at__lt": created_before,
        "status__in": list(status) or None,
    }
    found = found.filter(**{name: value for name, value in equal.items() if value is not None})
    if ordering.lstrip("-") == "id":
        return found.order_by(ordering)
    return found.order_by(ordering, "-id" if ordering.startswith("-") else "id")  # as an index runs, either way


def listed(actor: Actor, **filters: Any) -> Listed:
    """`executions`, to be cut into pages."""
    return Listed(executions(actor, **filters), changing=bool(filters.get("status")))


def _visible(actor: Actor, pipeline: int | None) -> QuerySet[PipelineExecution]:
    """Those of a pipeline are of its project: one look at that spares one at each of theirs.

    Projects are named one by one: of a query in a query MariaDB makes a table of all that there are and sorts it.
    """
    projects = access.visible(actor)
    if pipeline is not None:
        seen = Pipeline.objects.filter(id=pipeline, project__in=projects).exists()
        return PipelineExecution.objects.filter(pipeline=pipeline) if seen else PipelineExecution.objects.none()
    named = list(projects.order_by("id").values_list("id", flat=True)[: MOST_NAMED + 1])
    if len(named) > MOST_NAMED:
        return PipelineExecution.objects.filter(project__in=projects)
    return PipelineExecution.objects.filter(project__in=named)


def execution(actor: Actor, execution_id: int, permission: Permission = Permission.EXECUTION_VIEW) -> PipelineExecution:
    """The execution, once the actor may do that to it. Raises NotFound or Forbidden."""
    found = (
        PipelineExecution.objects.filter(project__in=access.visible(actor), id=execution_id)
        .select_related("project", "pipeline", "version")
        .first()
    )
    if found is None:
        raise NotFound(MISSING)
    access.require(actor, permission, found.project)
    return found


def require(actor: Actor, execution_id: int, permission: Permission = Permission.EXECUTION_VIEW) -> None:
    """Raises NotFound or Forbidden where the actor may not do that to the execution: one query for whoever may see."""
    found = Project.objects.filter(executions=execution_id).first()
    if found is None or access.role_of(actor, found) is None:
        raise NotFound(MISSING)
    access.require(actor, permission, found)


def step(execution: PipelineExecution, key: str) -> StepExecution:
    """Raises NotFound."""
    found = StepExecution.objects.filter(execution=execution, key=key).first()
    if found is None:
        raise NotFound("There is no such step.")
    return found
