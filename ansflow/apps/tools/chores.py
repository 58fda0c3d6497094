"""Periodic work on tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ansflow.apps.tools.actions import keep_health
from ansflow.apps.tools.models import CicdTool


def check_tools() -> Mapping[str, int]:
    """Asks every tool how it is. Answers with how many have which status."""
    found: Counter[str] = Counter()
    for tool in CicdTool.objects.order_by("id").iterator():
        keep_health(tool)
        found[tool.status] += 1
    return found
