"""Setting and removing what is sealed: secrets, and logins at Git hosts. Nothing here gives a value back."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access, queries, wanted
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Project, Secret, Variable
from ansflow.apps.projects.sealing import seal
from ansflow.core.errors import Conflict
from ansflow.core.redact import refusal


@transaction.atomic
def create_secret(actor: Actor, project_id: int, *, name: str, value: str, environment: str = "") -> Secret:
    project = access.project(actor, project_id, Permission.SECRET_CHANGE)
    found = Secret(
        project=project, name=wanted.secret_name(name), environment=wanted.environment_of(project, environment)
    )
    _check_value(name, value)
    if Variable.objects.filter(project=project, name=name).exists():
        raise Conflict(f"{name} is a variable of this project: delete that first.", code="exists")
    with wanted.one_of_a_kind(f"There is a secret {name} already: give that one a new value."):
        found.save()  # the number that the seal is bound to
    _seal(actor, project, found, value)
    record(actor, "secret.create", after={"name": name, "environment": environment}, **_about(found))
    return found


@transaction.atomic
def set_secret(actor: Actor, project_id: int, secret_id: int, *, value: str) -> Secret:
    """Gives it a new value; the old one is gone."""
    project = access.project(actor, project_id, Permission.SECRET_CHANGE)
    found = queries.secret(actor, project_id, secret_id)
    _check_value(found.name, value)
    _seal(actor, project, found, value)
    record(actor, "secret.update", after={"name": found.name, "environment": found.environment}, **_about(found))
    return found


@transaction.atomic
def delete_secret(actor: Actor, project_id: int, secret_id: int) -> None:
    access.project(actor, project_id, Permission.SECRET_CHANGE)
    found = queries.secret(actor, project_id, secret_id)
    about = _about(found)
    found.delete()
    record(actor, "secret.delete", before={"name": found.name, "environment": found.environment}, **about)


def _check_value(name: str, value: str) -> None:
    if not value:
        raise wanted.refused("value", "A secret has a value: to remove it, delete it.")
    if sentence := refusal(name, value):
        raise wanted.refused("value", sentence, code="secret_too_short")


def _seal(actor: Actor, project: Project, found: Secret, value: str) -> None:
    found.sealed, found.key_version = seal(project.tenant_id, value.encode(), place=found.place)
    found.updated_by = actor.name
    found.save(update_fields=["sealed", "key_version", "updated_by", "updated_at"])


def _about(row: Secret) -> dict[str, Any]:
    return {"object_type": "secret", "object_id": row.id, "object_name": row.name, "project_id": row.project_id}
