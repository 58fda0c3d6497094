"""Questions about tools."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.projects import access
from ansflow.apps.tools.models import CicdTool
from ansflow.core.errors import NotFound


def tools(actor: Actor, *, search: str = "", tool_type: str = "", status: str = "") -> QuerySet[CicdTool]:
    """Those of the tenant, and those of projects that the actor may see."""
    found = CicdTool.objects.filter(
        Q(project__isnull=True) | Q(project__in=access.visible(actor)),
        tenant_id=actor.tenant_id,
        name__icontains=search,
    )
    if tool_type:
        found = found.filter(tool_type=tool_type)
    if status:
        found = found.filter(status=status)
    return found.order_by("name", "id")


def tool(actor: Actor, tool_id: int) -> CicdTool:
    found = tools(actor).filter(id=tool_id).first()
    if found is None:
        raise NotFound("There is no such thing, or you may not know of it.")
    return found
