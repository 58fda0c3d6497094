"""Questions about projects and what stands in them. Whoever asks gets only what exists for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import CharField, Count, F, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ansflow.apps.actor import Actor
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Environment, GitCredential, Member, Project, Role, Secret, Variable
from ansflow.apps.projects.sealing import GONE, open_sealed
from ansflow.core.errors import NotAvailable, NotFound
from ansflow.plugins.git.running import Login

Row = TypeVar("Row", bound=Model)
Read = TypeVar("Read")

COUNTED = ("members", "environments", "pipelines", "executions")


def projects(
    actor: Actor, *, search: str = "", visibility: str = "", archived: bool = False, ordering: str = "name"
) -> QuerySet[Project]:
    """With `my_role`, and how many of each thing there are as `members_count` …"""
    found = _with_facts(actor).filter(archived_at__isnull=not archived)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(description__icontains=search))
    if visibility:
        found = found.filter(visibility=visibility)
    return found.order_by(ordering, "id")


def project(actor: Actor, project_id: int, permission: Permission = Permission.PROJECT_VIEW) -> Project:
    access.project(actor, project_id, permission)
    return _with_facts(actor).get(id=project_id)


def members(actor: Actor, project_id: int, *, role: str = "", search: str = "") -> QuerySet[Member]:
    found = _members(actor, access.project(actor, project_id, Permission.MEMBER_VIEW))
    if role:
        found = found.filter(role=role)
    if search:
        found = found.filter(Q(user__username__icontains=search) | Q(email__icontains=search))
    return found.order_by("user__username")


def member(actor: Actor, project_id: int, member_id: int, permission: Permission = Permission.MEMBER_VIEW) -> Member:
    return _one(_members(actor, access.project(actor, project_id, permission)), member_id)


def _members(actor: Actor, project: Project) -> QuerySet[Member]:
    """`email` is None but for who adds people by it."""
    known = access.may(actor, Permission.MEMBER_CHANGE, project)
    email = F("user__email") if known else Value(None, output_field=CharField())
    return Member.objects.filter(project=project).select_related("user").annotate(email=email)


def environments(actor: Actor, project_id: int, *, search: str = "") -> QuerySet[Environment]:
    found = Environment.objects.filter(project=access.project(actor, project_id), name__icontains=search)
    return found.order_by("name")


def environment(
    actor: Actor, project_id: int, environment_id: int, permission: Permission = Permission.PROJECT_VIEW
) -> Environment:
    return _one(Environment.objects.filter(project=access.project(actor, project_id, permission)), environment_id)


def variables_of(
    actor: Actor, project_id: int, *, environment: str | None = None, search: str = ""
) -> QuerySet[Variable]:
    """`environment` "": those of every environment; None: all."""
    found = Variable.objects.filter(project=access.project(actor, project_id, Permission.VARIABLE_VIEW))
    return _chosen(found, environment, search)


def variable(
    actor: Actor, project_id: int, variable_id: int, permission: Permission = Permission.VARIABLE_VIEW
) -> Variable:
    return _one(Variable.objects.filter(project=access.project(actor, project_id, permission)), variable_id)


def secrets_of(actor: Actor, project_id: int, *, environment: str | None = None, search: str = "") -> QuerySet[Secret]:
    """Names, never values. `environment` "": those of every environment; None: all."""
    found = Secret.objects.filter(project=access.project(actor, project_id, Permission.SECRET_VIEW))
    return _chosen(found, environment, search)


def secret(actor: Actor, project_id: int, secret_id: int, permission: Permission = Permission.SECRET_VIEW) -> Secret:
    return _one(Secret.objects.filter(project=access.project(actor, project_id, permission)), secret_id)


def git_credentials(
    actor: Actor, *, project: int | None = None, search: str = "", host: str = ""
) -> QuerySet[GitCredential]:
    """Those of every project in which the actor may see them."""
    if project is not None:
        places = [access.project(actor, project, Permission.CREDENTIAL_VIEW).id]
    else:
        visible = access.visible(actor)
        places = [found.id for found in visible if access.may(actor, Permission.CREDENTIAL_VIEW, found)]
    found = GitCredential.objects.filter(project__in=places, name__icontains=search, host__icontains=host)
    return found.select_related("project").order_by("name", "id")


def git_credential_of(
    actor: Actor, credential_id: int, permission: Permission = Permission.CREDENTIAL_VIEW
) -> GitCredential:
    """Raises NotFound where it does not exist for the actor, Forbidden where they may not know of it."""
    found = GitCredential.objects.filter(id=credential_id, project__in=access.visible(actor)).first()
    if found is None:
        raise NotFound("There is no such thing, or you may not know of it.")
    access.project(actor, found.project_id, permission)
    return found


# ── for the engine: no actor asks, an execution of the project does ──────────────────────────────────────────────


def secret_values(project_id: int, names: Sequence[str], environment: str = "") -> dict[str, str]:
    """The values; an environment's own win over the project's. Raises NotFound naming those that do not exist."""
    return _read_twice(lambda: _secret_values(project_id, names, environment))


def variables(project_id: int, environment: str = "") -> dict[str, str]:
    """Every variable of the project; an environment's own win."""
    found = Variable.objects.filter(project_id=project_id, environment__in={"", environment}).order_by("environment")
    return {row.name: row.value for row in found}


def git_login(project_id: int, name: str) -> Login:
    """How to log in at the host of that Git credential, and at no other. Raises NotFound where there is none."""
    return _read_twice(lambda: _git_login(project_id, name))


def _secret_values(project_id: int, names: Sequence[str], environment: str) -> dict[str, str]:
    rows = Secret.objects.filter(project_id=project_id, name__in=names, environment__in={"", environment})
    found = {row.name: row for row in rows.order_by("environment")}
    missing = [name for name in names if name not in found]
    if missing:
        what = "There is no secret" if len(missing) == 1 else "There are no secrets"
        where = f" in the environment {environment}, or in the project" if environment else " in the project"
        raise NotFound(f"{what} {' and '.join(missing)}{where}.", code="secret_missing")
    tenant = _tenant_of(project_id)
    return {
        name: open_sealed(tenant, row.sealed, row.key_version, place=row.place).decode() for name, row in found.items()
    }


def _git_login(project_id: int, name: str) -> Login:
    row = GitCredential.objects.filter(project_id=project_id, name=name).first()
    if row is None:
        raise NotFound(f"There is no Git credential {name} in the project.", code="credential_missing")
    secret = open_sealed(_tenant_of(project_id), row.sealed, row.key_version, place=row.place).decode()
    if row.username and row.kind != GitCredential.Kind.SSH_KEY:
        secret = f"{row.username}:{secret}"
    return Login(name=row.name, secret=secret, known_hosts=row.known_hosts, host=row.host)


def _read_twice(read: Callable[[], Read]) -> Read:
    """A rotation may retire a key between the row and the key that are read: the row has a newer one then."""
    try:
        return read()
    except NotAvailable as error:
        if error.code != GONE:
            raise
        return read()


def _with_facts(actor: Actor) -> QuerySet[Project]:
    mine = Member.objects.filter(project=OuterRef("pk"), user_id=actor.user_id or 0).values("role")
    given = Value(Role.OWNER.value if actor.is_admin else Role.GUEST.value)
    role: Any = given if actor.is_admin else Coalesce(Subquery(mine[:1]), given, output_field=CharField())
    counts: Mapping[str, Any] = {f"{name}_count": _count(name) for name in COUNTED}
    facts: Any = access.visible(actor).select_related("created_by").annotate(my_role=role, **counts)
    found: QuerySet[Project] = facts
    return found


def _count(name: str) -> Coalesce:
    """Counted apart from each other: a join of all of them would multiply."""
    counted = Project.objects.filter(pk=OuterRef("pk")).order_by().values("pk").annotate(n=Count(name)).values("n")
    return Coalesce(Subquery(counted), Value(0))


def _chosen(found: QuerySet[Any], environment: str | None, search: str) -> QuerySet[Any]:
    if environment is not None:
        found = found.filter(environment=environment)
    return found.filter(name__icontains=search).order_by("name", "environment")


def _one(rows: QuerySet[Row], row_id: int) -> Row:
    found = rows.filter(pk=row_id).first()
    if found is None:
        raise NotFound("There is no such thing, or you may not know of it.")
    return found


def _tenant_of(project_id: int) -> int:
    return Project.objects.values_list("tenant_id", flat=True).get(id=project_id)
