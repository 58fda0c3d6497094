"""Who may call an operation at all. What they may do to which object, the action behind it decides."""

from __future__ import annotations

from dataclasses import dataclass

from ansflow.apps.accounts.rules import need_operator
from ansflow.apps.actor import Actor
from ansflow.apps.projects.access import LEAST, Permission, Scope
from ansflow.core.errors import Forbidden


class Public:
    """Anyone, also without signing in."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Everyone who is signed in, about themselves or their tenant. A token needs the scope."""

    scope: Scope = Scope.READ

    def check(self, actor: Actor) -> None:
        _need_scope(actor, self.scope)


@dataclass(frozen=True, slots=True)
class Needs:
    """The permission, in the project that the object belongs to: the action or query checks it there."""

    permission: Permission

    def check(self, actor: Actor) -> None:
        _need_scope(actor, LEAST[self.permission][1])


@dataclass(frozen=True, slots=True)
class Admin:
    """Administrators of the tenant."""

    def check(self, actor: Actor) -> None:
        if not actor.is_admin:
            raise Forbidden("Only an administrator may do this.")
        _need_scope(actor, Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class Operator:
    """Operators of the installation: what all tenants share is theirs alone to command."""

    def check(self, actor: Actor) -> None:
        need_operator(actor)


Policy = Public | SignedIn | Needs | Admin | Operator


def _need_scope(actor: Actor, scope: Scope) -> None:
    if actor.scopes is not None and scope not in actor.scopes:
        raise Forbidden(f"This wants a token with the scope {scope.value}.")
