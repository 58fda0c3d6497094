"""Questions about pipelines: each answers only with what the actor may see."""

from __future__ import annotations

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, FilteredRelation, OuterRef, Q, QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.core.errors import NotFound
from ansflow.core.status import ExecutionStatus, StepStatus

LAST = ("id", "number", "status", "reason", "message", "trigger_type", "created_at", "started_at", "ended_at")
"""What is told of a pipeline's last execution, in the attributes `last_id`, `last_number` …; None without one."""

ORDERINGS = ("name", "-name", "created_at", "-created_at", "changed_at", "-changed_at", "executed_at", "-executed_at")


def pipelines(
    actor: Actor,
    *,
    project: int | None = None,
    search: str = "",
    status: str = "",
    archived: bool = False,
    ordering: str = "name",
) -> QuerySet[Pipeline]:
    """`status` is that of the last execution; `never` asks for those that have never run."""
    found = with_last_execution(Pipeline.objects.filter(project__in=access.visible(actor))).defer(
        "latest__source", "latest__templates"
    )
    found = found.filter(archived_at__isnull=not archived)
    if project is not None:
        found = found.filter(project=project)
    for word in search.split():
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word))
    if status:
        wanted = {"last__id": None} if status == "never" else {"last__status": status}
        found = found.filter(**wanted)
    return found.order_by(_column(ordering), "id")


def pipeline(actor: Actor, pipeline_id: int, permission: Permission = Permission.PIPELINE_VIEW) -> Pipeline:
    """The pipeline, once the actor may do that to it. Raises NotFound or Forbidden."""
    found = (
        with_last_execution(Pipeline.objects.filter(project__in=access.visible(actor))).filter(id=pipeline_id).first()
    )
    if found is None:
        raise NotFound("There is no such pipeline.")
    access.require(actor, permission, found.project)
    return found


def with_last_execution(found: QuerySet[Pipeline]) -> QuerySet[Pipeline]:
    """Each with the facts of LAST, and `last_waits`: the execution whose number the pipeline counted last."""
    last = FilteredRelation("executions", condition=Q(executions__number=F("executions_count")))
    return (
        found.select_related("project", "latest")
        .defer("latest__templates")
        .annotate(last=last)
        .annotate(**{f"last_{name}": F(f"last__{name}") for name in LAST})
        .annotate(
            last_waits=ExpressionWrapper(
                _last_has(StepStatus.WAITING) & ~_last_has(StepStatus.RUNNING), output_field=BooleanField()
            )
        )
    )


def _last_has(status: StepStatus) -> Exists:
    """Whether a step has that status, of the last execution while it runs. One `filter`: it is one and the same."""
    return Exists(
        Pipeline.objects.filter(
            pk=OuterRef("pk"),
            executions__number=F("executions_count"),
            executions__status=ExecutionStatus.RUNNING,
            executions__step_executions__status=status,
        )
    )


def versions(pipeline: Pipeline) -> QuerySet[Version]:
    """Newest first, without their texts."""
    return pipeline.versions.defer("source", "templates").order_by("-number")


def version(pipeline: Pipeline, number: int) -> Version:
    found = pipeline.versions.select_related("pipeline").filter(number=number).first()
    if found is None:
        raise NotFound("There is no such version.")
    return found


def latest_number(pipeline: Pipeline) -> int:
    return pipeline.latest.number if pipeline.latest else 0


def _column(ordering: str) -> str:
    return ordering.replace("changed_at", "latest__created_at").replace("executed_at", "last_created_at")
