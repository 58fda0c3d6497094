"""What many actors may see at once: the rules of `access`, in two questions for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from ansflow.apps.actor import Actor
from ansflow.apps.projects.access import Permission, allows
from ansflow.apps.projects.models import Member, Project, Role


@dataclass(frozen=True, slots=True)
class Sight:
    """Projects that an actor sees: `shared` is the same set for everyone of a tenant."""

    shared: frozenset[int]
    own: frozenset[int]

    def __contains__(self, project: object) -> bool:
        return project in self.shared or project in self.own


class Crowd:
    """As things stand when it is made."""

    def __init__(self, actors: Collection[Actor]) -> None:
        tenants = {actor.tenant_id for actor in actors}
        users = {actor.user_id for actor in actors if actor.user_id is not None and not actor.is_admin}
        every, internal = defaultdict(set), defaultdict(set)
        rows = Project.objects.filter(tenant_id__in=tenants).values_list("id", "tenant_id", "visibility")
        for project, tenant, visibility in rows:
            every[tenant].add(project)
            if visibility == Project.Visibility.INTERNAL:
                internal[tenant].add(project)
        self._every = {tenant: frozenset(found) for tenant, found in every.items()}
        self._internal = {tenant: frozenset(found) for tenant, found in internal.items()}
        self._roles: dict[int, dict[int, Role]] = defaultdict(dict)
        for user, project, role in Member.objects.filter(user_id__in=users).values_list(
            "user_id", "project_id", "role"
        ):
            self._roles[user][project] = Role(role)

    def role(self, actor: Actor, project: int) -> Role | None:
        """As `access.role_of`."""
        if project not in self._every.get(actor.tenant_id, ()):
            return None
        if actor.project_ids is not None and project not in actor.project_ids:
            return None
        if actor.is_admin:
            return Role.OWNER
        guest = Role.GUEST if project in self._internal.get(actor.tenant_id, ()) else None
        return self._roles[actor.user_id or 0].get(project, guest)

    def may(self, actor: Actor, permission: Permission, project: int) -> bool:
        return allows(actor, permission, self.role(actor, project))

    def sight(self, actor: Actor, permission: Permission) -> Sight:
        """The projects in which the actor may do what every guest may."""
        if not allows(actor, permission, Role.GUEST):
            return Sight(frozenset(), frozenset())
        every = self._every.get(actor.tenant_id, frozenset())
        shared = every if actor.is_admin else self._internal.get(actor.tenant_id, frozenset())
        own = frozenset(self._roles.get(actor.user_id or 0, ())) & every
        if actor.project_ids is not None:
            return Sight(frozenset(), (shared | own) & actor.project_ids)
        return Sight(shared, own)
