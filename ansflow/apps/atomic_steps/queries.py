"""Questions about saved steps: those of the tenant, and of the projects that the actor may see."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.projects import access
from ansflow.core.errors import NotFound


def atomic_steps(
    actor: Actor, *, step_type: str = "", project: int | None = None, search: str = ""
) -> QuerySet[AtomicStep]:
    """`project`: those that can be used there, its own and the tenant's."""
    visible = access.visible(actor)
    found = AtomicStep.objects.filter(Q(project=None) | Q(project__in=visible), tenant_id=actor.tenant_id)
    if project is not None:
        found = found.filter(Q(project=None) | Q(project=access.project(actor, project).id))
    if step_type:
        found = found.filter(step_type=step_type)
    for word in search.split():
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return found.select_related("project", "created_by").order_by("name", "id")


def atomic_step(actor: Actor, step_id: int) -> AtomicStep:
    found = atomic_steps(actor).filter(id=step_id).first()
    if found is None:
        raise NotFound("There is no such step in the library.")
    return found
