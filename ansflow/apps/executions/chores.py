"""Work that comes round: what has been kept long enough is removed, and groups are looked at again.

Files go first and rows after them, so that a crash on the way leaves work for the next time and nothing else. What runs
is never touched, nor what an open execution still takes its files from. How old something is, the database's clock
says: that of a machine may be years ahead.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import QuerySet

from ansflow.apps.actor import system
from ansflow.apps.audit.actions import record
from ansflow.apps.executions import concurrency, running
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.counting import COUNTS
from ansflow.apps.executions.models import Attempt, PipelineExecution, StepExecution
from ansflow.apps.projects.models import Project
from ansflow.core.errors import ExternalError, NotFound

YOUNG = timedelta(hours=1)  # a folder that is younger may belong to an execution that is just being written down
PACKED_BY_NOW = timedelta(days=2)
AT_ONCE = 500

log = logging.getLogger("ansflow.executions")


def cleanup_old_executions() -> dict[str, int]:
    """By each project's settings: executions, artifacts (of so many steps), workspaces; then workspaces that belong to
    nothing. Counts what went. Several may be at it at once."""
    total: Counter[str] = Counter()
    for project in Project.objects.order_by("id"):
        counts: Counter[str] = Counter()
        try:
            _clean(project, counts)
        finally:  # what has gone is gone, also where the database goes away in the midst of it
            _record(project, +counts)
        total += counts
    total["orphans"] += _remove_orphans()
    return {kind: total[kind] for kind in ("executions", "artifacts", "workspaces", "orphans")}


def tidy_workspaces() -> dict[str, int]:
    """Of a worker among several: workspaces in its own folder that no other process could remove."""
    found, now = _settled_workspaces(), database_time()
    rows = PipelineExecution.objects.filter(id__in=found).select_related("project")
    kept = {row.id for row in rows if _stays(row, now)}
    return {"workspaces": _remove_workspaces(number for number in found if number not in kept)}


def _stays(execution: PipelineExecution, now: datetime) -> bool:
    span = timedelta(hours=execution.project.keep_workspaces_hours)
    return execution.ended_at is None or not span or execution.ended_at + span > now or _is_lent(execution.id)


def settle_concurrency_groups() -> dict[str, int]:
    """At the start of a process, and now and then: nobody waits for somebody who has ended long ago."""
    return {"groups": concurrency.settle_all()}


def pack_left_logs() -> dict[str, int]:
    """Logs of attempts that ended shortly before a server did: nobody was left to pack them."""
    engine, left = running.engine(), 0
    ended = Attempt.objects.filter(ended_at__gte=database_time() - PACKED_BY_NOW)
    for key in ended.values_list("execution_id", "step", "number").iterator(chunk_size=AT_ONCE):
        engine.logs.finish(*key)
        left += 1
    return {"looked at": left}


def _clean(project: Project, counts: Counter[str]) -> None:
    now, ended = database_time(), PipelineExecution.objects.filter(project=project, ended_at__isnull=False)
    for kind, span, remove, left in (
        ("executions", timedelta(days=project.keep_executions_days), _remove_execution, ended),
        ("artifacts", timedelta(days=project.keep_artifacts_days), _remove_artifacts,
         ended.filter(removed_artifacts_at=None)),
        ("workspaces", timedelta(hours=project.keep_workspaces_hours), _remove_workspace,
         ended.filter(removed_workspace_at=None)),
    ):  # fmt: skip
        for execution in _numbers(left.filter(ended_at__lt=now - span)) if span else ():  # none: for ever
            with _by_itself(execution):
                counts[kind] += 0 if _is_lent(execution) else remove(execution)
    for execution in _numbers(ended.filter(removed_artifacts_at=None)):
        with _by_itself(execution):
            counts["artifacts"] += _remove_expired_artifacts(execution, now)


def _record(project: Project, counts: Counter[str]) -> None:
    if counts:
        record(system(project.tenant_id), "retention.apply", object_type="project", object_id=project.id,
               object_name=project.name, project_id=project.id, after=dict(counts))  # fmt: skip


def _numbers(found: QuerySet[PipelineExecution]) -> list[int]:
    return list(found.order_by("id").values_list("id", flat=True))


def _is_lent(execution: int) -> bool:
    """An open execution that continues another takes its files when its first step begins: also those of an earlier
    one, from which that took over steps itself. Asked right before each removal: people go on meanwhile."""
    later = [execution]
    while later:
        found = dict(PipelineExecution.objects.filter(rerun_of__in=later).values_list("id", "ended_at"))
        if None in found.values():
            return True
        later = list(found)
    return False


@contextmanager
def _by_itself(execution: int) -> Iterator[None]:
    """One that cannot be removed is told of, and keeps none of the others. It comes again in its turn."""
    try:
        yield
    except (OSError, ExternalError, NotFound) as error:
        log.warning("Execution %d could not be tidied: %s.", execution, error)


def _remove_execution(execution: int) -> int:
    engine = running.engine()
    engine.workspaces.remove(execution)
    engine.artifacts.remove(execution)
    engine.logs.remove(execution)
    _, rows = PipelineExecution.objects.filter(id=execution, ended_at__isnull=False).delete()
    COUNTS.forget()
    return rows.get(PipelineExecution._meta.label, 0)


def _remove_artifacts(execution: int) -> int:
    artifacts = running.engine().artifacts
    found = len(artifacts.files(execution))
    artifacts.remove(execution)
    PipelineExecution.objects.filter(id=execution).update(removed_artifacts_at=database_time())
    return found


def _remove_workspace(execution: int) -> int:
    workspaces = running.engine().workspaces
    found = workspaces.exists(execution)
    workspaces.remove(execution)
    PipelineExecution.objects.filter(id=execution).update(removed_workspace_at=database_time())
    return found


def _remove_expired_artifacts(execution: int, now: datetime) -> int:
    """Of steps that say themselves how long their artifacts stay (`expire_in`)."""
    artifacts = running.engine().artifacts
    kept = set(artifacts.files(execution))
    expired = list(_expired(execution, kept, now)) if kept else []
    if not expired or _is_lent(execution):
        return 0
    for step in expired:
        artifacts.remove(execution, step)
    return len(expired)


def _expired(execution: int, steps: set[str], now: datetime) -> Iterator[str]:
    plan = running.engine().store.wiring(execution).plan
    rows = StepExecution.objects.filter(execution=execution, key__in=steps, ended_at__isnull=False)
    for key, ended_at in rows.values_list("key", "ended_at"):
        artifacts = plan.spec_of(key).artifacts
        if artifacts and artifacts.expire_in and ended_at is not None and ended_at + artifacts.expire_in < now:
            yield key


def _remove_orphans() -> int:
    """Workspaces of executions that are not there: their rows went, or were never kept. And this machine's copies of
    workspaces that another has removed."""
    found = _settled_workspaces()
    known = set(PipelineExecution.objects.filter(id__in=found, removed_workspace_at=None).values_list("id", flat=True))
    return _remove_workspaces(number for number in found if number not in known)


def _settled_workspaces() -> list[int]:
    """Those on this machine in which nothing has just been made: by its own clock, as the times of its files are. What
    lies in the future was made while that was wrong."""
    now, young = time.time(), YOUNG.total_seconds()
    return [
        number for number, changed in running.engine().workspaces.executions() if not -young <= now - changed <= young
    ]


def _remove_workspaces(executions: Iterable[int]) -> int:
    removed = 0
    for execution in executions:
        with _by_itself(execution):
            running.engine().workspaces.remove(execution)
            removed += 1
    return removed
