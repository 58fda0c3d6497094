"""Making and changing a project's environments, and the variables of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from ansflow.apps.accounts.models import Group
from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access, queries, wanted
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.changes import change
from ansflow.apps.projects.models import Environment, Secret, Variable
from ansflow.core.errors import Conflict

RULES = ("description", "url", "branches", "required_approvals", "groups", "self_approval")


@transaction.atomic
def create_environment(actor: Actor, project_id: int, *, name: str, **rules: Any) -> Environment:
    """`rules` are the fields of RULES."""
    project = access.project(actor, project_id, Permission.ENVIRONMENT_CHANGE)
    _check_groups(actor, rules.get("groups", ()))
    found = Environment(project=project, name=wanted.environment_name(name), **rules)
    with wanted.one_of_a_kind(f"{project.name} has an environment {name} already."):
        found.save()
    record(actor, "environment.create", after={"name": name, **_rules(found)}, **_about(found, "environment"))
    return found


@transaction.atomic
def update_environment(actor: Actor, project_id: int, environment_id: int, **rules: Any) -> Environment:
    """The name stays: pipelines, variables and secrets know the environment by it."""
    found = queries.environment(actor, project_id, environment_id, Permission.ENVIRONMENT_CHANGE)
    _check_groups(actor, rules.get("groups", ()))
    before, after = change(found, rules)
    if after:
        record(actor, "environment.update", before=before, after=after, **_about(found, "environment"))
    return found


@transaction.atomic
def delete_environment(actor: Actor, project_id: int, environment_id: int) -> None:
    """Only without variables and secrets of its own: they would come back to life with the next one of that name."""
    found = queries.environment(actor, project_id, environment_id, Permission.ENVIRONMENT_CHANGE)
    own = {"project_id": project_id, "environment": found.name}
    held = {
        "variables": Variable.objects.filter(**own).count(),
        "secrets": Secret.objects.filter(**own).count(),
    }
    if any(held.values()):
        what = " and ".join(f"{number} {thing}" for thing, number in held.items() if number)
        raise Conflict(f"{found.name} still has {what}: delete them first.", code="in_use")
    about = _about(found, "environment")
    found.delete()
    record(actor, "environment.delete", before={"name": found.name, **_rules(found)}, **about)


@transaction.atomic
def create_variable(actor: Actor, project_id: int, *, name: str, value: str, environment: str = "") -> Variable:
    project = access.project(actor, project_id, Permission.VARIABLE_CHANGE)
    found = Variable(
        project=project,
        environment=wanted.environment_of(project, environment),
        name=wanted.variable_name(name),
        value=value,
    )
    if Secret.objects.filter(project=project, name=name).exists():
        raise Conflict(f"{name} is a secret of this project: a variable beside it would be hidden.", code="exists")
    with wanted.one_of_a_kind(f"There is a variable {name} already: change that one."):
        found.save()
    after = {"name": name, "environment": environment, "value": value}
    record(actor, "variable.create", after=after, **_about(found, "variable"))
    return found


@transaction.atomic
def update_variable(actor: Actor, project_id: int, variable_id: int, **changes: Any) -> Variable:
    """Changes `value`."""
    found = queries.variable(actor, project_id, variable_id, Permission.VARIABLE_CHANGE)
    before, after = change(found, changes)
    if after:
        record(actor, "variable.update", before=before, after=after, **_about(found, "variable"))
    return found


@transaction.atomic
def delete_variable(actor: Actor, project_id: int, variable_id: int) -> None:
    found = queries.variable(actor, project_id, variable_id, Permission.VARIABLE_CHANGE)
    about = _about(found, "variable")
    found.delete()
    before = {"name": found.name, "environment": found.environment, "value": found.value}
    record(actor, "variable.delete", before=before, **about)


def _check_groups(actor: Actor, names: Sequence[str]) -> None:
    known = Group.objects.filter(tenant_id=actor.tenant_id, name__in=names).values_list("name", flat=True)
    missing = sorted(set(names) - set(known))
    if missing:
        raise wanted.refused("groups", f"There is no group {' or '.join(missing)} here.")


def _rules(found: Environment) -> dict[str, Any]:
    return {rule: getattr(found, rule) for rule in RULES}


def _about(row: Environment | Variable, kind: str) -> dict[str, Any]:
    return {"object_type": kind, "object_id": row.id, "object_name": row.name, "project_id": row.project_id}
