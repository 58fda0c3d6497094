"""What operators see of executions. An approval is a step with a gate: its answers stand in its events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import action
from django.db.models import QuerySet
from django.http import HttpRequest

from ansflow.apps.accounts.admin import operator
from ansflow.apps.executions import actions
from ansflow.apps.executions.models import (
    Attempt,
    BundleExecution,
    Deployment,
    ExecutionEvent,
    ExecutionPlan,
    PipelineExecution,
    Places,
    Sending,
    StepExecution,
    Worker,
    WorkspaceChange,
)
from ansflow.apps.shown import Shown


class Executions(Shown):
    list_display = ("id", "project", "pipeline", "number", "status", "reason", "trigger_type", "branch", "created_at")
    list_filter = ("status", "trigger_type", "created_at", "project__tenant")
    list_select_related = ("project", "pipeline")
    search_fields = ("=id", "pipeline__name", "project__name", "branch", "=commit")
    ordering = ("-id",)
    actions = ("cancel",)

    @action(description="Cancel")
    def cancel(self, request: HttpRequest, chosen: QuerySet[PipelineExecution]) -> None:
        def do(one: PipelineExecution) -> Any:
            return actions.cancel(operator(request, one.project.tenant_id), one.id)

        self.do_to_each(request, chosen.select_related("project"), do, "has been asked to end.")


class OfExecution(Shown):
    list_select_related = ("execution",)
    search_fields: ClassVar[tuple[str, ...]] = ("=execution__id",)
    ordering = ("-pk",)


class Plans(OfExecution):
    list_display = ("execution",)


class Steps(OfExecution):
    list_display = ("execution", "key", "step_type", "status", "reason", "attempt", "worker", "gate", "started_at")
    list_filter = ("status", "gate", "step_type")
    search_fields = ("=execution__id", "key", "worker")


class Attempts(OfExecution):
    list_display = ("execution", "step", "number", "fence", "worker", "status", "reason", "exit_code", "started_at")
    list_filter = ("status", "reason")
    search_fields = ("=execution__id", "step", "worker")


class Bundles(OfExecution):
    list_display = ("execution", "name", "deadline")


class PlacesOfExecution(OfExecution):
    list_display = ("execution", "limiter", "used")


class Deployments(OfExecution):
    list_display = ("execution", "step", "environment")


class Events(OfExecution):
    list_display = ("execution", "seq", "at", "fact")


class Sendings(OfExecution):
    list_display = ("execution", "row_version", "number", "effect", "at")


class WorkspaceChanges(OfExecution):
    list_display = ("execution", "number", "worker", "step", "at")
    search_fields = ("=execution__id", "worker", "step")


class Workers(Shown):
    list_display = (
        "name",
        "host",
        "boot",
        "seen_at",
        "started_at",
        "slots",
        "queues",
        "executor",
        "version",
        "wish",
        "load",
    )
    search_fields = ("name", "boot")
    ordering = ("-seen_at",)


SHOWN = {
    PipelineExecution: Executions,
    ExecutionPlan: Plans,
    StepExecution: Steps,
    Attempt: Attempts,
    BundleExecution: Bundles,
    Places: PlacesOfExecution,
    Deployment: Deployments,
    ExecutionEvent: Events,
    Sending: Sendings,
    Worker: Workers,
    WorkspaceChange: WorkspaceChanges,
}
