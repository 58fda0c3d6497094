"""Making and changing projects, and who belongs to them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from ansflow.apps.accounts.models import User
from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access, queries, wanted
from ansflow.apps.projects.access import RANK, Permission, Scope
from ansflow.apps.projects.changes import change
from ansflow.apps.projects.models import GitCredential, Member, Project, Role
from ansflow.core.errors import Conflict, Forbidden, NotFound
from ansflow.core.spec import StepSpec
from ansflow.plugins.registry import step_type


@transaction.atomic
def create(actor: Actor, *, name: str, **fields: Any) -> Project:
    """A project whose owner is its maker. `fields` are those of the model that a person may set."""
    if actor.scopes is not None and Scope.WRITE not in actor.scopes:
        raise Forbidden("This wants a token with the scope write.")
    if actor.project_ids is not None:
        raise Forbidden("This token is for some projects only, and cannot make another one.")
    found = Project(tenant_id=actor.tenant_id, name=wanted.name(name), created_by_id=actor.user_id)
    for field, value in _checked(found, fields).items():
        setattr(found, field, value)
    with wanted.one_of_a_kind(f"There is a project {found.name} already."):
        found.save()
    if actor.user_id is not None:
        Member.objects.create(project=found, user_id=actor.user_id, role=Role.OWNER)
    after = {"name": found.name, "visibility": found.visibility, "repository": found.repository}
    record(actor, "project.create", after=after, **_about(found))
    return queries.project(actor, found.id, Permission.PROJECT_CHANGE)


@transaction.atomic
def update(actor: Actor, project_id: int, **fields: Any) -> Project:
    found = _held(actor, project_id, Permission.PROJECT_CHANGE)
    if found.archived_at is not None:
        raise Conflict(f"{found.name} is archived: unarchive it first.", code="archived")
    if "name" in fields:
        fields["name"] = wanted.name(fields["name"])
    with wanted.one_of_a_kind(f"There is a project {fields.get('name')} already."):
        before, after = change(found, _checked(found, fields))
    if after:
        record(actor, "project.update", before=before, after=after, **_about(found))
    return queries.project(actor, found.id, Permission.PROJECT_CHANGE)


@transaction.atomic
def archive(actor: Actor, project_id: int) -> Project:
    """Keeps everything; nothing is run or changed until `unarchive`."""
    return _set_archived(actor, project_id, archived=True)


@transaction.atomic
def unarchive(actor: Actor, project_id: int) -> Project:
    return _set_archived(actor, project_id, archived=False)


@transaction.atomic
def delete(actor: Actor, project_id: int) -> None:
    """Only while it has no pipeline and no execution: history is archived, not deleted."""
    found = _held(actor, project_id, Permission.PROJECT_DELETE)
    about = _about(found)
    try:
        with transaction.atomic():
            found.delete()
    except ProtectedError:
        raise Conflict(f"{found.name} has pipelines: archive it instead.", code="in_use") from None
    record(actor, "project.delete", before={"name": found.name}, **about)


# ── members ──────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_member(actor: Actor, project_id: int, *, user: str, role: str) -> Member:
    """`user` is a username or an e-mail address of somebody in the tenant."""
    project = _held(actor, project_id, Permission.MEMBER_CHANGE)
    _check_grant(actor, project, role)
    person = _person(actor, user)
    with wanted.one_of_a_kind(f"{person.get_username()} is a member already."):
        member = Member.objects.create(project=project, user=person, role=role)
    record(actor, "member.create", after={"user": person.get_username(), "role": role}, **_about_member(member))
    return queries.member(actor, project_id, member.id, Permission.MEMBER_CHANGE)


@transaction.atomic
def change_role(actor: Actor, project_id: int, member_id: int, *, role: str = "") -> Member:
    """Without a role nothing changes."""
    project = _held(actor, project_id, Permission.MEMBER_CHANGE)
    member = queries.member(actor, project_id, member_id, Permission.MEMBER_CHANGE)
    if not role:
        return member
    _check_grant(actor, project, role)
    _check_owner_stays(member, role)
    before, after = change(member, {"role": role})
    if after:
        record(actor, "member.update", before=before, after=after, **_about_member(member))
    return member


@transaction.atomic
def remove_member(actor: Actor, project_id: int, member_id: int) -> None:
    _held(actor, project_id, Permission.MEMBER_CHANGE)
    member = queries.member(actor, project_id, member_id, Permission.MEMBER_CHANGE)
    _check_owner_stays(member, "")
    about = _about_member(member)
    member.delete()
    record(actor, "member.delete", before={"user": member.user.get_username(), "role": member.role}, **about)


def _held(actor: Actor, project_id: int, permission: Permission) -> Project:
    """The project, held to the end of the transaction: its roles and its state stay as they are looked at."""
    access.project(actor, project_id, permission)
    found = Project.objects.select_for_update().filter(id=project_id).first()
    if found is None:
        raise NotFound("There is no such project.")
    return found


def _set_archived(actor: Actor, project_id: int, *, archived: bool) -> Project:
    found = _held(actor, project_id, Permission.PROJECT_CHANGE)
    if (found.archived_at is not None) is not archived:
        found.archived_at = timezone.now() if archived else None
        found.save(update_fields=["archived_at"])
        record(actor, "project.archive" if archived else "project.unarchive", **_about(found))
    return queries.project(actor, found.id, Permission.PROJECT_CHANGE)


def _checked(project: Project, fields: dict[str, Any]) -> dict[str, Any]:
    if fields.get("repository"):
        _check_repository(fields["repository"])
    if "git_credential" in fields:
        credential = fields.pop("git_credential")
        if credential is not None and not GitCredential.objects.filter(project_id=project.pk, id=credential).exists():
            raise wanted.refused("git_credential", "This project has no such Git credential.")
        fields["git_credential_id"] = credential
    return fields


def _check_repository(address: str) -> None:
    for problem in step_type("fetch_code").check(StepSpec(id="source", parameters={"repository": address})):
        raise wanted.refused("repository", problem.message, code=problem.code, hint=problem.hint)
    if "://" not in address and ":" not in address.partition("/")[0]:
        raise wanted.refused("repository", "A path of this machine is no repository of a project: give an address.")


def _person(actor: Actor, written: str) -> User:
    people = User.objects.filter(tenant_id=actor.tenant_id, is_active=True)
    found = people.filter(username=written).first() or people.filter(email__iexact=written).first()
    if found is None:
        raise wanted.refused("user", "There is no such person here.")
    return found


def _check_grant(actor: Actor, project: Project, role: str) -> None:
    own = access.role_of(actor, project)
    if own is None or RANK[Role(role)] > RANK[own]:
        raise Forbidden(f"Nobody can give a role above their own: {role} is above {own.value if own else 'none'}.")


def _check_owner_stays(member: Member, role: str) -> None:
    """Somebody who can sign in must be left to say who else may."""
    if member.role != Role.OWNER or role == Role.OWNER:
        return
    others = Member.objects.filter(project_id=member.project_id, role=Role.OWNER, user__is_active=True)
    if not others.exclude(id=member.id).exists():
        message = f"{member.user.get_username()} is the last owner: make somebody else an owner first."
        raise Conflict(message, code="last_owner")


def _about(project: Project) -> dict[str, Any]:
    return {
        "object_type": "project",
        "object_id": project.id,
        "object_name": project.name,
        "project_id": project.id,
    }


def _about_member(member: Member) -> dict[str, Any]:
    return {
        "object_type": "member",
        "object_id": member.id,
        "object_name": member.user.get_username(),
        "project_id": member.project_id,
    }
