"""Questions about people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value

from ansflow.apps.accounts.models import ApiToken, Group, User, same_name
from ansflow.apps.actor import Actor
from ansflow.core.errors import NotFound


def actor(user: User, *, token: ApiToken | None = None, address: str = "", request_id: str = "") -> Actor:
    """The person, signed in with all they may, or with what the token is limited to."""
    groups = tuple(user.approval_groups.values_list("name", flat=True))
    return replace(without_groups(user, token), groups=groups, address=address, request_id=request_id)


def without_groups(user: User, token: ApiToken | None) -> Actor:
    """The same, as far as it is known without a question to the database."""
    return Actor(
        user_id=user.id,
        name=user.get_username(),
        tenant_id=user.tenant_id,
        is_admin=user.is_admin,
        is_superuser=user.is_superuser,
        scopes=frozenset(token.scopes) if token else None,
        project_ids=frozenset(token.project_ids) or None if token else None,
        token_id=token.id if token else None,
    )


def by_login(written: str) -> User | None:
    """Whom a username or an e-mail address names. Usernames hold no `@`, so that one never hides behind the other."""
    name = same_name(written)
    field = "email" if "@" in name else "username"
    return User.objects.filter(**{field: name}).first()


def users(actor: Actor, *, search: str = "", is_active: bool | None = None) -> QuerySet[User]:
    """The people of the tenant, by name."""
    found = User.objects.filter(tenant_id=actor.tenant_id)
    if search:
        named = Q(username__icontains=search) | Q(name__icontains=search)
        found = found.filter(named | Q(email__icontains=search) if actor.is_admin else named)
    if is_active is not None:
        found = found.filter(is_active=is_active)
    return found.order_by("username")


def people(actor: Actor, **filters: Any) -> QuerySet[User]:
    """`users`, each with a `shown_email`: None but for administrators."""
    shown = F("email") if actor.is_admin else Value(None, output_field=CharField())
    return users(actor, **filters).annotate(shown_email=shown)


def user(actor: Actor, user_id: int) -> User:
    found = users(actor).filter(id=user_id).first()
    if found is None:
        raise NotFound("There is no such user.")
    return found


def me(actor: Actor) -> User:
    return User.objects.get(id=actor.user_id or 0)


def groups(actor: Actor) -> QuerySet[Group]:
    return Group.objects.filter(tenant_id=actor.tenant_id).prefetch_related("members").order_by("name")


def group(actor: Actor, group_id: int) -> Group:
    found = groups(actor).filter(id=group_id).first()
    if found is None:
        raise NotFound("There is no such group.")
    return found


def tokens(actor: Actor, *, user: int | None = None) -> QuerySet[ApiToken]:
    """One's own API tokens; with `user`, those of that person: for administrators."""
    wanted = actor.user_id if user is None else user
    found = ApiToken.objects.filter(user__tenant_id=actor.tenant_id, user_id=wanted or 0).select_related("user")
    if wanted != actor.user_id and not actor.is_admin:
        found = found.none()
    return found.order_by("-id")


def token(actor: Actor, token_id: int) -> ApiToken:
    """A token of one's own; any of the tenant for administrators."""
    found = ApiToken.objects.filter(id=token_id, user__tenant_id=actor.tenant_id).select_related("user")
    if not actor.is_admin:
        found = found.filter(user_id=actor.user_id or 0)
    known = found.first()
    if known is None:
        raise NotFound("There is no such token.")
    return known
