"""Executions that take much longer than usual, or than a day: noted once, for people to see."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from ansflow.apps.actor import system
from ansflow.apps.audit.actions import record
from ansflow.apps.audit.models import Entry
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import PipelineExecution
from ansflow.apps.executions.statistics import percentile
from ansflow.core.status import ExecutionStatus

ACTION = "execution.overdue"
TIMES = 3  # the 95th percentile of those that went well
LEAST = timedelta(minutes=5)  # below which nobody wants to hear of it
MOST = timedelta(days=1)
MEASURED = 100  # of the newest that went well
ENOUGH = 5  # of these, fewer say nothing


def note_overdue_executions() -> dict[str, int]:
    """One entry in the record for each execution that has become overdue. Counts them. Safe to repeat."""
    now, noted = database_time(), 0
    allowed: dict[int, timedelta] = {}
    for execution in _unnoted().select_related("project", "pipeline").order_by("id"):
        if execution.pipeline_id not in allowed:
            allowed[execution.pipeline_id] = longest(execution.pipeline_id)
        noted += _note(execution, allowed[execution.pipeline_id], now)
    return {"overdue": noted}


def overdue() -> int:
    """How many executions run on that have been noted."""
    return _running().filter(Exists(_entries())).count()


def longest(pipeline_id: int) -> timedelta:
    """How long an execution of the pipeline may take before it is noted."""
    good = PipelineExecution.objects.filter(
        pipeline_id=pipeline_id, status=ExecutionStatus.SUCCESS.value, started_at__isnull=False, ended_at__isnull=False
    )
    times = good.order_by("-id").values_list("started_at", "ended_at")[:MEASURED]
    seconds = sorted((ended - started).total_seconds() for started, ended in times if started and ended)
    usual = percentile(seconds, 95)
    if usual is None or len(seconds) < ENOUGH:
        return MOST
    return min(MOST, max(LEAST, TIMES * timedelta(seconds=usual)))


def _note(execution: PipelineExecution, allowed: timedelta, now: datetime) -> bool:
    if execution.started_at is None or execution.started_at + allowed > now:
        return False
    with transaction.atomic():
        PipelineExecution.objects.select_for_update().get(id=execution.id)
        if not _unnoted().filter(id=execution.id).exists():  # another has looked at the same time
            return False
        record(
            system(execution.project.tenant_id),
            ACTION,
            object_type="execution",
            object_id=execution.id,
            object_name=f"{execution.pipeline.name} #{execution.number}",
            project_id=execution.project_id,
            after={
                "running_seconds": int((now - execution.started_at).total_seconds()),
                "allowed_seconds": int(allowed.total_seconds()),
            },
        )
    return True


def _running() -> QuerySet[PipelineExecution]:
    return PipelineExecution.objects.filter(status=ExecutionStatus.RUNNING.value, started_at__isnull=False)


def _unnoted() -> QuerySet[PipelineExecution]:
    return _running().filter(~Exists(_entries()))


def _entries() -> QuerySet[Entry]:
    return Entry.objects.filter(
        project_id=OuterRef("project_id"), action=ACTION, object_type="execution", object_id=OuterRef("id")
    )
