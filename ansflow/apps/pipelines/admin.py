"""What operators see of pipelines and their versions."""

from __future__ import annotations

from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.shown import Shown


class Pipelines(Shown):
    list_display = ("name", "project", "is_active", "executions_count", "created_at", "archived_at")
    list_filter = ("is_active", "project__tenant")
    list_select_related = ("project",)
    search_fields = ("name", "project__name")


class Versions(Shown):
    list_display = ("pipeline", "number", "created_by", "created_at", "message", "digest")
    list_select_related = ("pipeline",)
    search_fields = ("pipeline__name", "created_by", "message", "digest")
    ordering = ("-id",)


SHOWN = {Pipeline: Pipelines, Version: Versions}
