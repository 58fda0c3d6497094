"""Questions about reports."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.analytics.models import Report
from ansflow.apps.projects import access


def reports(
    actor: Actor, *, project: int | None = None, since: date | None = None, until: date | None = None
) -> QuerySet[Report]:
    """Of the projects that the actor may see, newest day first; from `since` to `until`, both inclusive."""
    found = Report.objects.filter(project__in=access.visible(actor)).select_related("project")
    if project is not None:
        found = found.filter(project_id=project)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return found.order_by("-day", "project__name", "id")
