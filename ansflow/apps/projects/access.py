"""Who may do what: permissions, the least role that has each, and the one door to a project's things.

A project that an actor may not see does not exist for them (NotFound); one that they see, but may not change so, is
Forbidden. Tenants never see each other.
"""

from __future__ import annotations

from enum import StrEnum

from django.db.models import Q, QuerySet

from ansflow.apps.actor import Actor
from ansflow.apps.actor import Scope as Scope  # noqa: PLC0414 — a permission and its scope are asked for together
from ansflow.apps.projects.models import Member, Project, Role
from ansflow.core.errors import Conflict, Forbidden, NotFound


class Permission(StrEnum):
    """`thing.verb`."""

    PROJECT_VIEW = "project.view"
    PROJECT_CHANGE = "project.change"
    PROJECT_DELETE = "project.delete"
    MEMBER_VIEW = "member.view"
    MEMBER_CHANGE = "member.change"
    ENVIRONMENT_CHANGE = "environment.change"
    VARIABLE_VIEW = "variable.view"
    VARIABLE_CHANGE = "variable.change"
    SECRET_VIEW = "secret.view"  # names, never values
    SECRET_CHANGE = "secret.change"
    CREDENTIAL_VIEW = "credential.view"
    CREDENTIAL_CHANGE = "credential.change"
    PIPELINE_VIEW = "pipeline.view"
    PIPELINE_CHANGE = "pipeline.change"
    PIPELINE_DELETE = "pipeline.delete"
    ATOMIC_STEP_CHANGE = "atomic_step.change"
    TOOL_CHANGE = "tool.change"
    EXECUTION_VIEW = "execution.view"
    EXECUTION_LOG = "execution.log"
    EXECUTION_RUN = "execution.run"
    EXECUTION_CANCEL = "execution.cancel"
    APPROVAL_RESPOND = "approval.respond"
    AUDIT_VIEW = "audit.view"


LEAST: dict[Permission, tuple[Role, Scope]] = {
    Permission.PROJECT_VIEW: (Role.GUEST, Scope.READ),
    Permission.PROJECT_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.PROJECT_DELETE: (Role.OWNER, Scope.ADMIN),
    Permission.MEMBER_VIEW: (Role.GUEST, Scope.READ),
    Permission.MEMBER_CHANGE: (Role.OWNER, Scope.ADMIN),
    Permission.ENVIRONMENT_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.VARIABLE_VIEW: (Role.REPORTER, Scope.READ),
    Permission.VARIABLE_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.SECRET_VIEW: (Role.DEVELOPER, Scope.READ),
    Permission.SECRET_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.CREDENTIAL_VIEW: (Role.DEVELOPER, Scope.READ),
    Permission.CREDENTIAL_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.PIPELINE_VIEW: (Role.GUEST, Scope.READ),
    Permission.PIPELINE_CHANGE: (Role.DEVELOPER, Scope.WRITE),
    Permission.PIPELINE_DELETE: (Role.MAINTAINER, Scope.WRITE),
    Permission.ATOMIC_STEP_CHANGE: (Role.DEVELOPER, Scope.WRITE),
    Permission.TOOL_CHANGE: (Role.MAINTAINER, Scope.WRITE),
    Permission.EXECUTION_VIEW: (Role.GUEST, Scope.READ),
    Permission.EXECUTION_LOG: (Role.REPORTER, Scope.READ),
    Permission.EXECUTION_RUN: (Role.DEVELOPER, Scope.RUN),
    Permission.EXECUTION_CANCEL: (Role.DEVELOPER, Scope.RUN),
    Permission.APPROVAL_RESPOND: (Role.DEVELOPER, Scope.APPROVE),
    Permission.AUDIT_VIEW: (Role.MAINTAINER, Scope.READ),
}

RESTS = frozenset(
    {
        Permission.ENVIRONMENT_CHANGE,
        Permission.VARIABLE_CHANGE,
        Permission.SECRET_CHANGE,
        Permission.CREDENTIAL_CHANGE,
        Permission.PIPELINE_CHANGE,
        Permission.ATOMIC_STEP_CHANGE,
        Permission.TOOL_CHANGE,
        Permission.EXECUTION_RUN,
    }
)
"""What nobody does in a project that is archived."""

RANK = {role: rank for rank, role in enumerate(Role)}


def visible(actor: Actor) -> QuerySet[Project]:
    """The projects that exist for this actor."""
    projects = Project.objects.filter(tenant_id=actor.tenant_id)
    if actor.project_ids is not None:
        projects = projects.filter(id__in=actor.project_ids)
    if actor.is_admin:
        return projects
    mine = Member.objects.filter(user_id=actor.user_id or 0).values("project_id")
    return projects.filter(Q(visibility=Project.Visibility.INTERNAL) | Q(id__in=mine))


def allowed(actor: Actor, permission: Permission) -> QuerySet[Project]:
    """The projects in which the actor may do that."""
    role, scope = LEAST[permission]
    if actor.scopes is not None and scope not in actor.scopes:
        return Project.objects.none()
    found = visible(actor)
    if actor.is_admin or role == Role.GUEST:
        return found
    enough = [one for one in Role if RANK[one] >= RANK[role]]
    mine = Member.objects.filter(user_id=actor.user_id or 0, role__in=enough)
    return found.filter(id__in=mine.values("project_id"))


def role_of(actor: Actor, project: Project) -> Role | None:
    """None where the project does not exist for the actor."""
    if project.tenant_id != actor.tenant_id:
        return None
    if actor.project_ids is not None and project.id not in actor.project_ids:
        return None
    if actor.is_admin:
        return Role.OWNER
    member = project.members.filter(user_id=actor.user_id or 0).first()
    if member is not None:
        return Role(member.role)
    return Role.GUEST if project.visibility == Project.Visibility.INTERNAL else None


def may(actor: Actor, permission: Permission, project: Project) -> bool:
    return allows(actor, permission, role_of(actor, project))


def allows(actor: Actor, permission: Permission, found: Role | None) -> bool:
    """Whether who has that role in a project may do that there."""
    role, scope = LEAST[permission]
    return found is not None and RANK[found] >= RANK[role] and (actor.scopes is None or scope in actor.scopes)


def require(actor: Actor, permission: Permission, project: Project) -> None:
    """Raises NotFound where the project does not exist for the actor, Forbidden where role or scope fall short.

    Conflict where the project is archived, and rests.
    """
    found = role_of(actor, project)
    if found is None:
        raise NotFound("There is no such project.")
    role, scope = LEAST[permission]
    if RANK[found] < RANK[role]:
        raise Forbidden(f"This wants the role {role.value} in {project.name}; yours is {found.value}.")
    if actor.scopes is not None and scope not in actor.scopes:
        raise Forbidden(f"This wants a token with the scope {scope.value}.")
    if project.archived_at is not None and permission in RESTS:
        raise Conflict(f"{project.name} is archived: unarchive it first.", code="archived")


def project(actor: Actor, project_id: int, permission: Permission = Permission.PROJECT_VIEW) -> Project:
    """The project, once the actor may do that to it."""
    found = visible(actor).filter(id=project_id).first()
    if found is None:
        raise NotFound("There is no such project.")
    require(actor, permission, found)
    return found
