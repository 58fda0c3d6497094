"""Saving steps to be used again: for a project by its developers, for everyone of the tenant by administrators."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.actor import Actor
from ansflow.apps.atomic_steps import queries
from ansflow.apps.atomic_steps.definitions import step_of
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Project
from ansflow.core.errors import Conflict, Forbidden, InvalidSpec, Problem


@transaction.atomic
def create(
    actor: Actor, *, name: str, definition: str, project: int | None = None, description: str = ""
) -> AtomicStep:
    """`project` None: for everyone of the tenant."""
    place = None if project is None else access.project(actor, project, Permission.ATOMIC_STEP_CHANGE)
    if place is None:
        _require_admin(actor)
    step = step_of(definition)
    made = AtomicStep(
        tenant_id=actor.tenant_id,
        project=place,
        name=_name(name),
        step_type=step.type,
        description=description,
        definition=definition,
        created_by_id=actor.user_id,
    )
    _refuse_taken(made)
    made.save()
    _record(actor, "atomic_step.create", made, after=_facts(made))
    return made


@transaction.atomic
def update(
    actor: Actor,
    step_id: int,
    *,
    name: str | None = None,
    definition: str | None = None,
    description: str | None = None,
) -> AtomicStep:
    """What is None stays. Pipelines that were made with the step stay as they are."""
    found = _changeable(actor, step_id)
    before = _facts(found)
    if name is not None:
        found.name = _name(name)
        _refuse_taken(found)
    if definition is not None:
        found.definition = definition
        found.step_type = step_of(definition).type
    if description is not None:
        found.description = description
    found.save()
    if _facts(found) != before:
        _record(actor, "atomic_step.update", found, before=before, after=_facts(found))
    return found


@transaction.atomic
def delete(actor: Actor, step_id: int) -> None:
    found = _changeable(actor, step_id)
    _record(actor, "atomic_step.delete", found, before=_facts(found))
    found.delete()


def _changeable(actor: Actor, step_id: int) -> AtomicStep:
    found = queries.atomic_step(actor, step_id)
    project: Project | None = found.project
    if project is None:
        _require_admin(actor)
    else:
        access.require(actor, Permission.ATOMIC_STEP_CHANGE, project)
    return found


def _require_admin(actor: Actor) -> None:
    if not actor.is_admin or actor.project_ids is not None:
        raise Forbidden("A step for everyone is saved by an administrator. Name a project to save it there.")


def _refuse_taken(step: AtomicStep) -> None:
    """The tenant's row is held, so that of two who save the same name one is refused: NULL is unique to no database."""
    Tenant.objects.select_for_update().get(id=step.tenant_id)
    same = AtomicStep.objects.filter(tenant_id=step.tenant_id, project=step.project, name=step.name)
    if same.exclude(id=step.id).exists():
        where = f"in {step.project.name}" if step.project else "for everyone"
        raise Conflict(f"There is a saved step {step.name!r} {where} already.")


def _name(name: str) -> str:
    if not name.strip() or not name.strip().isprintable():
        raise InvalidSpec([Problem(code="invalid", message="A name is one line of text.", path=("name",))])
    return name.strip()


def _facts(step: AtomicStep) -> dict[str, Any]:
    return {"name": step.name, "description": step.description, "definition": step.definition}


def _record(actor: Actor, action: str, step: AtomicStep, **what: Any) -> None:
    record(
        actor,
        action,
        object_type="atomic_step",
        object_id=step.id,
        object_name=step.name,
        project_id=step.project_id,
        **what,
    )
