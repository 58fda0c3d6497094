"""Writing reports: by project and day, from what the executions have left. Counted and measured, never estimated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from ansflow.apps.analytics.models import Report
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.statistics import percentile
from ansflow.core.status import ExecutionStatus, StepStatus

DAYS = 7  # that are looked back on, for those on which nobody could write a report
SETTLED = 2  # days, today among them, whose report may still change
MEASURED = 50_000  # steps of one day, the newest first
LISTED = 10
FAILED = (ExecutionStatus.FAILED.value, ExecutionStatus.TIMEOUT.value)


def write_reports() -> dict[str, int]:
    """Of today and yesterday anew, and of the days before where there is none. Safe to repeat. Counts the reports.

    What was counted once stays counted, also where a project's executions are removed after a day.
    """
    today, written = timezone.now().astimezone(UTC).date(), 0
    for age in range(DAYS):
        written += _write_day(today - timedelta(days=age), again=age < SETTLED)
    return {"reports": written}


def _write_day(day: date, *, again: bool) -> int:
    written = 0
    known = dict(Report.objects.filter(day=day).values_list("project_id", "executions"))
    for project in _ended(day).order_by().values_list("project_id", flat=True).distinct():
        if project in known and not again:
            continue
        report = _report(project, day)
        if report["executions"] >= known.get(project, 0):
            Report.objects.update_or_create(project_id=project, day=day, defaults=report)
            written += 1
    return written


def _ended(day: date) -> QuerySet[PipelineExecution]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return PipelineExecution.objects.filter(ended_at__gte=begin, ended_at__lt=begin + timedelta(days=1))


def _report(project: int, day: date) -> Mapping[str, Any]:
    found = list(_ended(day).filter(project_id=project).values_list("status", "started_at", "ended_at"))
    counts = Counter(status for status, _, _ in found)
    succeeded, failed = counts[ExecutionStatus.SUCCESS.value], sum(counts[status] for status in FAILED)
    durations = sorted((ended - started).total_seconds() for _, started, ended in found if started and ended)
    judged = succeeded + failed
    steps = list(_steps(project, day))
    return {
        "executions": len(found),
        "succeeded": succeeded,
        "failed": failed,
        "cancelled": counts[ExecutionStatus.CANCELLED.value],
        "success_rate": round(succeeded / judged, 4) if judged else None,
        "p50_seconds": percentile(durations, 50),
        "p95_seconds": percentile(durations, 95),
        "slowest": _slowest(steps),
        "failing": _failing(steps),
        "made_at": timezone.now(),
    }


Ran = tuple[tuple[str, str], str, float]
"""Pipeline and step, status, seconds."""


def _steps(project: int, day: date) -> Iterator[Ran]:
    found = StepExecution.objects.filter(
        execution__in=_ended(day).filter(project_id=project), started_at__isnull=False, ended_at__isnull=False
    )
    rows = found.order_by("-id").values_list("execution__pipeline__name", "key", "status", "started_at", "ended_at")
    for pipeline, key, status, started, ended in rows[:MEASURED]:
        if started is not None and ended is not None:
            yield (pipeline, key), status, (ended - started).total_seconds()


def _slowest(steps: Sequence[Ran]) -> list[dict[str, Any]]:
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for place, _, seconds in steps:
        times[place].append(seconds)
    measured = [(percentile(sorted(found), 95) or 0.0, place, len(found)) for place, found in times.items()]
    worst = sorted(measured, key=lambda one: (-one[0], one[1]))[:LISTED]
    return [
        {"pipeline": pipeline, "step": step, "runs": runs, "seconds": seconds}
        for seconds, (pipeline, step), runs in worst
    ]


def _failing(steps: Sequence[Ran]) -> list[dict[str, Any]]:
    failures = Counter(place for place, status, _ in steps if status == StepStatus.FAILED.value)
    worst = sorted(failures.items(), key=lambda one: (-one[1], one[0]))[:LISTED]
    return [{"pipeline": pipeline, "step": step, "failures": number} for (pipeline, step), number in worst]
