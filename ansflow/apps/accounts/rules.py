"""What everyone keeps to who changes people."""

from __future__ import annotations

import re

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from ansflow.apps.accounts.models import Tenant, User, same_name
from ansflow.apps.actor import Actor, Scope
from ansflow.core.errors import Conflict, Forbidden, InvalidSpec, Problem

USERNAME = re.compile(r"\w[\w.+-]{0,149}")
RESERVED = frozenset({"ansflow", "operator"})  # the installation's own names in the audit
LONGEST_PASSWORD = 200


def wrong(field: str, message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="invalid", message=message, path=(field,))])


def need_admin(actor: Actor) -> None:
    """Raises Forbidden but for an administrator of the tenant, with all that an administrator may."""
    if not actor.is_admin:
        raise Forbidden("Only an administrator may do this.")
    need_whole(actor, Scope.ADMIN)


def need_operator(actor: Actor) -> None:
    """Raises Forbidden but for an operator of the installation, with all that an operator may."""
    if not actor.is_superuser:
        raise Forbidden("Only an operator of the installation may do this.")
    need_whole(actor, Scope.ADMIN)


def need_whole(actor: Actor, scope: Scope) -> None:
    """For what belongs to no project. Raises Forbidden for a token without the scope, or bound to projects."""
    if actor.scopes is not None and scope not in actor.scopes:
        raise Forbidden(f"This wants a token with the scope {scope.value}.")
    if actor.project_ids is not None:
        raise Forbidden("This wants a token that is not bound to projects.")


def need_power_over(actor: Actor, user: User) -> None:
    """An operator of the installation is no subject of a tenant's administrator."""
    if (user.is_superuser or user.is_staff) and not actor.is_superuser:
        raise Forbidden("Operators of the installation are changed by operators only.")


def username_of(written: str) -> str:
    """Raises InvalidSpec for a name that cannot be one, or is taken."""
    name = same_name(written)
    if not USERNAME.fullmatch(name):
        raise wrong("username", "A username begins with a letter or digit and holds letters, digits and . _ + - only.")
    if name in RESERVED:
        raise wrong("username", f"The name {name} is the installation's own.")
    if User.objects.filter(username=name).exists():
        raise wrong("username", f"The name {name} is taken.")
    return name


def email_of(written: str, *, owner: User | None = None) -> str:
    email = same_name(written)
    taken = User.objects.filter(email=email)
    if (taken.exclude(id=owner.id) if owner else taken).exists():
        raise wrong("email", "This address belongs to another user.")
    return email


def check_password(password: str, user: User) -> None:
    """Raises InvalidSpec that says everything the password lacks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise wrong("password", " ".join(error.messages)) from None
    if len(password) > LONGEST_PASSWORD:
        raise wrong("password", f"A password has at most {LONGEST_PASSWORD} characters.")


def keep_an_admin(user: User) -> None:
    """Raises Conflict where nobody would be left to rule the tenant. Holds its row, so that two cannot both go."""
    Tenant.objects.select_for_update().get(id=user.tenant_id)
    others = User.objects.filter(tenant_id=user.tenant_id, is_admin=True, is_active=True).exclude(id=user.id)
    if user.is_admin and user.is_active and not others.exists():
        raise Conflict("This is the last administrator. Make another one first.", code="last_admin")
