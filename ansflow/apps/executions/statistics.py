"""How executions went over a time: counted and measured, never estimated. What is not known is None."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from ansflow.apps.actor import Actor
from ansflow.apps.executions import queries
from ansflow.apps.executions.models import PipelineExecution
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.status import ExecutionStatus

WINDOW = timedelta(days=30)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # nothing has run before, and the calendar goes no further back than year 1
MEASURED = 10_000  # of the newest that have ended, durations are read one by one


def statistics(
    actor: Actor,
    *,
    project: int | None = None,
    pipeline: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Of the executions created from `since` to `until` (exclusive) that the actor may see; the last 30 days."""
    until = until or timezone.now()
    since = since or max(until, EARLIEST) - WINDOW
    if since >= until:
        raise InvalidSpec([Problem(code="invalid", message="Must lie before `until`.", path=("since",))])
    found = queries.executions(actor, project=project, pipeline=pipeline, created_after=since, created_before=until)
    return {"since": since, "until": until, **_measured(found)}


def _measured(found: QuerySet[PipelineExecution]) -> dict[str, Any]:
    counted = dict(found.order_by().values_list("status").annotate(n=Count("id")))
    counts = {status.value: counted.get(status.value, 0) for status in ExecutionStatus}
    judged = counts["success"] + counts["failed"] + counts["timeout"]
    times = list(
        found.filter(ended_at__isnull=False, started_at__isnull=False)
        .order_by("-id")
        .values_list("created_at", "started_at", "ended_at")[:MEASURED]
    )
    durations = sorted((ended - started).total_seconds() for _, started, ended in times if started and ended)
    queued = sorted((started - created).total_seconds() for created, started, _ in times if started)
    return {
        "total": sum(counts.values()),
        "counts": counts,
        "success_rate": round(counts["success"] / judged, 4) if judged else None,
        "measured": len(times),
        "duration_seconds": _spread(durations),
        "queue_seconds": _spread(queued),
    }


def _spread(ordered: Sequence[float]) -> dict[str, float | None]:
    return {"p50": percentile(ordered, 50), "p95": percentile(ordered, 95)}


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """A value that was really measured: the smallest that so many per cent do not exceed."""
    return round(ordered[ceil(len(ordered) * percent / 100) - 1], 3) if ordered else None
