"""What a tool answers when it is asked how it is. One check per type of tool; a type without one cannot be used yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ansflow.apps.tools.models import CicdTool
from ansflow.core.errors import AnsFlowError

Status = CicdTool.Status


class Health(NamedTuple):
    """`message` is a sentence: what was found, or why it could not be."""

    status: CicdTool.Status
    message: str


Check = Callable[[], Health]

_checks: dict[str, Check] = {}


def register(tool_type: str, check: Check) -> None:
    """Called once per process by the app that knows how that type is. The check looks; it takes nothing for granted."""
    _checks[tool_type] = check


def look_at(tool: CicdTool) -> Health:
    """Never raises for what the tool does: that is what is to be found out."""
    check = _checks.get(tool.tool_type)
    if check is None:
        return Health(Status.UNKNOWN, f"Tools of type {tool.tool_type} cannot be checked by this release.")
    try:
        return check()
    except AnsFlowError as error:
        return Health(Status.ERROR, str(error))
