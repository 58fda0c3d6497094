"""What operators see of tools."""

from __future__ import annotations

from ansflow.apps.shown import Shown
from ansflow.apps.tools.models import CicdTool


class Tools(Shown):
    list_display = ("name", "tool_type", "tenant", "status", "message", "checked_at")
    list_filter = ("status", "tool_type", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("name", "base_url")


SHOWN = {CicdTool: Tools}
