"""Reports, one row for each project and day."""

from __future__ import annotations

from django.db import models


class Report(models.Model):
    """How the executions of a project went that ended on that day, in UTC.

    `slowest` is `[{"pipeline", "step", "runs", "seconds"}]` with the 95th percentile of each step, `failing` is
    `[{"pipeline", "step", "failures"}]`; both begin with the worst. What could not be measured is null.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="reports")
    day = models.DateField()
    executions = models.PositiveIntegerField()
    succeeded = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField()
    success_rate = models.FloatField(null=True)
    p50_seconds = models.FloatField(null=True)
    p95_seconds = models.FloatField(null=True)
    slowest = models.JSONField(default=list)
    failing = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "day"], name="analytics_report_day")]
        indexes = [models.Index(fields=["-day", "project"], name="analytics_report_newest")]
