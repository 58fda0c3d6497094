"""Adding, checking and removing tools."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.tools import queries
from ansflow.apps.tools.checks import look_at
from ansflow.apps.tools.models import LOCAL, CicdTool
from ansflow.core.errors import Conflict, Forbidden, NotAvailable


def create(actor: Actor, *, tool_type: str, project: int | None = None) -> CicdTool:
    """Refuses what cannot be used, in a sentence: a tool that only stands in a list would promise what nobody keeps."""
    _check_may_change(actor, project)
    if tool_type == LOCAL:
        raise Conflict("This installation's own workers are a tool already, named local.", code="exists")
    raise NotAvailable(f"This release cannot run pipelines on {tool_type}: run them here, on the tool named local.")


@transaction.atomic
def check(actor: Actor, tool_id: int) -> CicdTool:
    """Asks the tool how it is, now, and keeps what it says."""
    found = queries.tool(actor, tool_id)
    before = {"status": found.status}
    keep_health(found)
    record(actor, "tool.check", before=before, after={"status": found.status}, **_about(found))
    return found


def delete(actor: Actor, tool_id: int) -> None:
    found = queries.tool(actor, tool_id)
    _check_may_change(actor, found.project_id)
    raise Conflict(f"{found.name} is this installation itself: it stays.", code="in_use")


def take_event(event_id: int) -> None:
    """Deals with an event that a tool has sent. Raises NotAvailable: this release takes none, so that there is none."""
    raise NotAvailable(f"There is no event {event_id}: this release takes no events from other tools.")


def follow(execution_id: int) -> None:
    """Asks the tool how an execution stands that runs there. Raises NotAvailable: every one runs on workers of ours."""
    raise NotAvailable(f"Execution {execution_id} does not run on another tool: this release runs none there.")


def keep_health(tool: CicdTool) -> None:
    """Looks, and writes down what was found and when."""
    tool.status, tool.message = look_at(tool)
    tool.checked_at = timezone.now()
    tool.save(update_fields=["status", "message", "checked_at"])


def _check_may_change(actor: Actor, project_id: int | None) -> None:
    if project_id is not None:
        access.project(actor, project_id, Permission.TOOL_CHANGE)
    elif not actor.is_admin or actor.project_ids is not None:
        raise Forbidden("Only an administrator may change the tools of everybody.")


def _about(tool: CicdTool) -> dict[str, Any]:
    return {"object_type": "tool", "object_id": tool.id, "object_name": tool.name, "project_id": tool.project_id}
