"""Periodic work on tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ansflow.apps.tools.actions import keep_health
from ansflow.apps.tools.models import LOCAL, CicdTool
from ansflow.core.errors import NotAvailable


def check_tools() -> Mapping[str, int]:
    """Asks every tool how it is. Answers with how many have come to have which status."""
    changed: Counter[str] = Counter()
    for tool in CicdTool.objects.order_by("id").iterator():
        before = tool.status
        keep_health(tool)
        if tool.status != before:
            changed[tool.status] += 1
    return changed


def sync_jobs() -> Mapping[str, int]:
    """Asks every tool that has jobs of its own for them. The workers of this installation have none."""
    for tool in CicdTool.objects.exclude(tool_type=LOCAL).order_by("id").iterator():
        raise NotAvailable(f"This release cannot ask tools of type {tool.tool_type} for their jobs.")
    return {}
