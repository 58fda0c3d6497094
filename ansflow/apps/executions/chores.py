"""Work that comes round: what has been kept long enough is removed, and groups are looked at again.

Files go first and rows after them, so that a crash on the way leaves work for the next time and nothing else. What runs
is never touched, nor what an open execution still takes its files from.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ansflow.apps.actor import system
from ansflow.apps.audit.actions import record
from ansflow.apps.executions import concurrency, running
from ansflow.apps.executions.counting import COUNTS
from ansflow.apps.executions.models import Attempt, PipelineExecution, StepExecution
from ansflow.apps.projects.models import Project
from ansflow.core.errors import ExternalError

YOUNG = timedelta(hours=1)  # a folder that is younger may belong to an execution that is just being written down
PACKED_BY_NOW = timedelta(days=2)
AT_ONCE = 500

log = logging.getLogger("ansflow.executions")


def cleanup_old_executions(*, dry_run: bool = False) -> dict[str, int]:
    """By each project's settings: executions, artifacts, workspaces; then folders that belong to nothing.

    Counts what went, or with `dry_run` what would go.
    """
    total: Counter[str] = Counter()
    for project in Project.objects.order_by("id"):
        counts = _of_project(project, dry_run=dry_run)
        if counts and not dry_run:
            with transaction.atomic():
                actor = system(project.tenant_id)
                record(actor, "retention.apply", object_type="project", object_id=project.id,
                       object_name=project.name, project_id=project.id, after=dict(counts))  # fmt: skip
        total += counts
    total["orphans"] += _orphans(dry_run=dry_run)
    return {kind: total[kind] for kind in ("executions", "artifacts", "workspaces", "orphans")}


def tidy_workspaces() -> dict[str, int]:
    """Of a worker among several: workspaces in its own folder that no other process could remove."""
    engine, now = running.engine(), timezone.now()
    before = (now - YOUNG).timestamp()
    found = [number for number, changed in engine.workspaces.executions() if changed < before]
    rows = PipelineExecution.objects.filter(id__in=found).select_related("project")
    kept = {row.id for row in rows if _stays(row, now)}
    for number in found:
        if number not in kept:
            engine.workspaces.remove(number)
    return {"workspaces": len(found) - len(kept)}


def _stays(execution: PipelineExecution, now: datetime) -> bool:
    span = timedelta(hours=execution.project.keep_workspaces_hours)
    if execution.ended_at is None or not span or execution.ended_at + span > now:
        return True
    return PipelineExecution.objects.filter(rerun_of=execution, ended_at=None).exists()


def settle_concurrency_groups() -> dict[str, int]:
    """At the start of a process, and now and then: nobody waits for somebody who has ended long ago."""
    return {"groups": concurrency.settle_all()}


def _of_project(project: Project, *, dry_run: bool) -> Counter[str]:
    now, counts = timezone.now(), Counter[str]()
    ended = PipelineExecution.objects.filter(project=project, ended_at__isnull=False).exclude(_in_use(project))
    for kind, span, remove, left in (
        ("executions", timedelta(days=project.keep_executions_days), _remove_execution, ended),
        ("artifacts", timedelta(days=project.keep_artifacts_days), _remove_artifacts,
         ended.filter(removed_artifacts_at=None)),
        ("workspaces", timedelta(hours=project.keep_workspaces_hours), _remove_workspace,
         ended.filter(removed_workspace_at=None)),
    ):  # fmt: skip
        if span:  # none: for ever
            counts[kind] += _each(left.filter(ended_at__lt=now - span), remove, dry_run=dry_run)
    counts["artifacts"] += _expired_artifacts(ended.filter(removed_artifacts_at=None), now, dry_run=dry_run)
    return +counts


def _in_use(project: Project) -> Q:
    """An open execution that continues another takes its files when its first step begins."""
    open_ones = PipelineExecution.objects.filter(project=project, ended_at=None, rerun_of__isnull=False)
    return Q(id__in=list(open_ones.values_list("rerun_of_id", flat=True)))


def _each(found: QuerySet[PipelineExecution], remove: Callable[[int], None], *, dry_run: bool) -> int:
    """One that cannot be removed is told of, and keeps none of the others."""
    if dry_run:
        return found.count()
    removed = 0
    for execution in list(found.order_by("id").values_list("id", flat=True)):
        try:
            remove(execution)
            removed += 1
        except (OSError, ExternalError) as error:
            log.warning("Execution %d could not be tidied: %s.", execution, error)
    return removed


def pack_left_logs() -> dict[str, int]:
    """Logs of attempts that ended shortly before a server did: nobody was left to pack them."""
    engine, left = running.engine(), 0
    ended = Attempt.objects.filter(ended_at__gte=timezone.now() - PACKED_BY_NOW)
    for key in ended.values_list("execution_id", "step", "number").iterator(chunk_size=AT_ONCE):
        engine.logs.finish(*key)
        left += 1
    return {"looked at": left}


def _remove_execution(execution: int) -> None:
    engine = running.engine()
    engine.workspaces.remove(execution)
    engine.artifacts.remove(execution)
    engine.logs.remove(execution)
    PipelineExecution.objects.filter(id=execution, ended_at__isnull=False).delete()
    COUNTS.forget()


def _remove_artifacts(execution: int) -> None:
    running.engine().artifacts.remove(execution)
    PipelineExecution.objects.filter(id=execution).update(removed_artifacts_at=timezone.now())


def _remove_workspace(execution: int) -> None:
    running.engine().workspaces.remove(execution)
    PipelineExecution.objects.filter(id=execution).update(removed_workspace_at=timezone.now())


def _expired_artifacts(found: QuerySet[PipelineExecution], now: datetime, *, dry_run: bool) -> int:
    """Steps that say themselves how long their artifacts stay (`expire_in`)."""
    engine, removed = running.engine(), 0
    for execution in found.values_list("id", flat=True).iterator(chunk_size=AT_ONCE):
        kept = set(engine.artifacts.files(execution))
        for step in _expired(execution, kept, now) if kept else ():
            removed += 1
            if not dry_run:
                engine.artifacts.remove(execution, step)
    return removed


def _expired(execution: int, steps: set[str], now: datetime) -> Iterator[str]:
    plan = running.engine().store.wiring(execution).plan
    rows = StepExecution.objects.filter(execution=execution, key__in=steps, ended_at__isnull=False)
    for key, ended_at in rows.values_list("key", "ended_at"):
        artifacts = plan.spec_of(key).artifacts
        if artifacts and artifacts.expire_in and ended_at is not None and ended_at + artifacts.expire_in < now:
            yield key


def _orphans(*, dry_run: bool) -> int:
    """Workspaces of executions that are not there: their rows went, or were never kept. And this machine's copies of
    workspaces that another has removed."""
    workspaces = running.engine().workspaces
    before = (timezone.now() - YOUNG).timestamp()
    found = [number for number, changed in workspaces.executions() if changed < before]
    known = set(PipelineExecution.objects.filter(id__in=found, removed_workspace_at=None).values_list("id", flat=True))
    orphans = [number for number in found if number not in known]
    if not dry_run:
        for number in orphans:
            workspaces.remove(number)
    return len(orphans)
