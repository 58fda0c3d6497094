"""What is done to people and groups."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ansflow.apps.accounts import queries
from ansflow.apps.accounts.models import ApiToken, Group, PasswordReset, User
from ansflow.apps.accounts.rules import (
    check_password,
    email_of,
    keep_an_admin,
    need_admin,
    need_power_over,
    need_whole,
    username_of,
    wrong,
)
from ansflow.apps.accounts.signing_in import fits
from ansflow.apps.actor import Actor, Scope
from ansflow.apps.audit.actions import record

RESET_LIVES = timedelta(minutes=15)


@transaction.atomic
def create_user(
    actor: Actor,
    *,
    username: str,
    email: str,
    name: str = "",
    password: str = "",
    is_admin: bool = False,
    language: str = "en",
) -> User:
    """A new person of the tenant. Without a password they get in with the code of `offer_password_reset`."""
    need_admin(actor)
    user = User(
        tenant_id=actor.tenant_id,
        username=username_of(username),
        email=email_of(email),
        name=name,
        is_admin=is_admin,
        language=language,
    )
    if password:
        check_password(password, user)
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    _tell(actor, "user.create", user, after=_facts(user))
    return user


@transaction.atomic
def update_user(actor: Actor, user_id: int, **changes: Any) -> User:
    """Changes `name`, `email`, `language`, `is_admin`, `is_active`.

    Who is deactivated is out at once: sessions, access tokens and API tokens end, and do not come back.
    """
    need_admin(actor)
    user = _locked(actor, user_id)
    need_power_over(actor, user)
    before = _facts(user)
    if "email" in changes:
        changes["email"] = email_of(changes["email"], owner=user)
    if not changes.get("is_admin", True) or not changes.get("is_active", True):
        keep_an_admin(user)
    leaves = user.is_active and not changes.get("is_active", True)
    for name, value in changes.items():
        setattr(user, name, value)
    if leaves:
        _end_everything(user)
    user.save()
    _tell(actor, "user.update", user, before=before, after=_facts(user))
    return user


def update_me(actor: Actor, *, password: str = "", old_password: str = "", **changes: Any) -> User:
    """Changes one's own `name` and `language`, and the password with the old one: it ends every session.

    Raises TooManyAttempts for who guesses the old one.
    """
    need_whole(actor, Scope.ADMIN)
    if password and not fits(queries.me(actor), old_password, address=actor.address):
        raise wrong("old_password", "This is not your password.")
    if old_password and not password:
        raise wrong("password", "Give the new password too.")
    with transaction.atomic():
        user = _locked(actor, actor.user_id or 0)
        before = _facts(user)
        for name, value in changes.items():
            setattr(user, name, value)
        if password:
            check_password(password, user)
            user.set_password(password)
        user.save()
        _tell(actor, "user.password" if password else "user.update", user, before=before, after=_facts(user))
    return user


@transaction.atomic
def set_password(actor: Actor, user_id: int, password: str) -> User:
    """An operator sets somebody's password: at the server's own machine."""
    need_admin(actor)
    user = _locked(actor, user_id)
    need_power_over(actor, user)
    _set_password(user, password)
    _tell(actor, "user.password", user)
    return user


@transaction.atomic
def offer_password_reset(actor: Actor, user_id: int) -> tuple[str, datetime]:
    """A code for somebody who has no password, or forgot it, and when it ends. It is told once, and good once."""
    need_admin(actor)
    user = _locked(actor, user_id)
    need_power_over(actor, user)
    if not user.is_active:
        raise wrong("user", "This user is deactivated.")
    code, ends = secrets.token_urlsafe(32), timezone.now() + RESET_LIVES
    PasswordReset.objects.update_or_create(user=user, defaults={"digest": _digest(code), "expires_at": ends})
    _tell(actor, "user.offer_password_reset", user)
    return code, ends


@transaction.atomic
def use_password_reset(code: str, password: str, *, address: str = "") -> User:
    """Sets the password of whom the code is for; every session ends. Raises InvalidSpec for a code that is not good."""
    reset = PasswordReset.objects.select_for_update().filter(digest=_digest(code)).select_related("user").first()
    if reset is None or reset.expires_at <= timezone.now() or not reset.user.is_active:
        raise wrong("code", "This code is not good, or not any more. Ask an administrator for another one.")
    user = reset.user
    _set_password(user, password)
    reset.delete()
    _tell(queries.actor(user, address=address), "user.password", user)
    return user


# ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def create_group(actor: Actor, *, name: str, members: Sequence[int] = ()) -> Group:
    need_admin(actor)
    _free_group_name(actor, name)
    group = Group.objects.create(tenant_id=actor.tenant_id, name=name)
    group.members.set(_people(actor, members))
    _tell_group(actor, "group.create", group, after=_group_facts(group))
    return queries.group(actor, group.id)


@transaction.atomic
def update_group(actor: Actor, group_id: int, *, name: str = "", members: Sequence[int] | None = None) -> Group:
    """`members` replaces all of them."""
    need_admin(actor)
    group = queries.group(actor, group_id)
    before = _group_facts(group)
    if name and name != group.name:
        _free_group_name(actor, name)
        group.name = name
        group.save(update_fields=["name"])
    if members is not None:
        group.members.set(_people(actor, members))
    group = queries.group(actor, group_id)
    _tell_group(actor, "group.update", group, before=before, after=_group_facts(group))
    return group


@transaction.atomic
def delete_group(actor: Actor, group_id: int) -> None:
    need_admin(actor)
    group = queries.group(actor, group_id)
    _tell_group(actor, "group.delete", group, before=_group_facts(group))
    group.delete()


def _free_group_name(actor: Actor, name: str) -> None:
    if Group.objects.filter(tenant_id=actor.tenant_id, name=name).exists():
        raise wrong("name", f"There is a group {name} already.")


def _people(actor: Actor, ids: Sequence[int]) -> list[User]:
    found = {user.id: user for user in queries.users(actor).filter(id__in=ids)}
    missing = [str(number) for number in ids if number not in found]
    if missing:
        raise wrong("members", f"There is no such user: {', '.join(missing)}.")
    return list(found.values())


def _group_facts(group: Group) -> dict[str, Any]:
    return {"name": group.name, "members": sorted(group.members.values_list("username", flat=True))}


def _tell_group(actor: Actor, action: str, group: Group, **said: Any) -> None:
    record(actor, action, object_type="group", object_id=group.id, object_name=group.name, **said)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _locked(actor: Actor, user_id: int) -> User:
    user = queries.user(actor, user_id)
    return User.objects.select_for_update().get(id=user.id)


def _set_password(user: User, password: str) -> None:
    check_password(password, user)
    user.set_password(password)
    user.token_version += 1
    user.save()


def _end_everything(user: User) -> None:
    user.token_version += 1
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    PasswordReset.objects.filter(user=user).delete()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _facts(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "is_admin": user.is_admin,
        "is_active": user.is_active,
        "language": user.language,
    }


def _tell(actor: Actor, action: str, user: User, **said: Any) -> None:
    record(actor, action, object_type="user", object_id=user.id, object_name=user.username, **said)
