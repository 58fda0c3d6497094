"""What operators see of reports."""

from __future__ import annotations

from ansflow.apps.analytics.models import Report
from ansflow.apps.shown import Shown


class Reports(Shown):
    list_display = ("day", "project", "executions", "success_rate", "p50_seconds", "p95_seconds", "made_at")
    list_filter = ("project__tenant",)
    list_select_related = ("project",)
    ordering = ("-day", "project_id")


SHOWN = {Report: Reports}
