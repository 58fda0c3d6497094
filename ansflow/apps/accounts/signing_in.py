"""Passwords, checked without telling who exists, and only so often; sessions, opened and closed on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ansflow.apps.accounts import queries
from ansflow.apps.accounts.models import SignInAttempt, User, same_name
from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WINDOW = timedelta(minutes=1)
PER_ACCOUNT = 10
"""Wrong passwords a minute for one account from one address: who guesses never locks its owner out elsewhere."""
PER_ADDRESS = 100
"""Wrong passwords a minute from one address: each costs the server a slow hash."""


class TooManyAttempts(Exception):
    """`wait`: seconds until the next one is heard."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many wrong passwords. Try again in {wait} seconds.")
        self.wait = wait


def sign_in(login: str, password: str, *, address: str) -> User | None:
    """The person with that username or e-mail address and that password; None for every kind of no.

    The answer takes as long for an account that does not exist, or is deactivated. Raises TooManyAttempts. To be
    called outside of a transaction that might be undone: attempts must stay counted.
    """
    user = queries.by_login(login)
    account = f"user {user.id}" if user else f"name {same_name(login)}"
    return user if _fits(user, account, password, address) else None


def fits(user: User, password: str, *, address: str) -> bool:
    """Whether that is the person's password; counted as `sign_in` counts."""
    return _fits(user, f"user {user.id}", password, address)


def open_session(request: HttpRequest, user: User, *, address: str) -> None:
    """Binds the request's session to the person, under a new key."""
    login(request, user, backend=BACKEND)
    tell_signed_in(user, address=address)


def tell_signed_in(user: User, *, address: str) -> None:
    """Records a session that somebody else has opened."""
    record(queries.actor(user, address=address), "user.sign_in", **_whom(user.id, user.username))


def close_session(actor: Actor, session: SessionBase | None) -> None:
    """Ends the session, and with it every token that is bound to it."""
    if session is not None:
        session.flush()
    record(actor, "user.sign_out", **_whom(actor.user_id, actor.name))


def _whom(user_id: int | None, name: str) -> dict[str, Any]:
    return {"object_type": "user", "object_id": user_id, "object_name": name}


def _fits(user: User | None, account: str, password: str, address: str) -> bool:
    now = timezone.now()
    mine = _count(f"{account} from {address}", PER_ACCOUNT, now)
    anyone = _count(f"from {address}", PER_ADDRESS, now)
    if user is None or not user.has_usable_password():
        make_password(password)  # the time that a check takes
        return False
    if not user.check_password(password) or not user.is_active:
        return False
    SignInAttempt.objects.filter(id=anyone.id).delete()
    SignInAttempt.objects.filter(key=mine.key).delete()
    return True


def _count(what: str, limit: int, now: datetime) -> SignInAttempt:
    """Counts the attempt before it is made, so that many at once are no way round the limit."""
    key = salted_hmac("ansflow.attempt", what, algorithm="sha256").hexdigest()
    attempt = SignInAttempt.objects.create(key=key, at=now)
    recent = list(
        SignInAttempt.objects.filter(key=key, at__gt=now - WINDOW)
        .order_by("at")
        .values_list("at", flat=True)[: limit + 1]
    )
    if len(recent) > limit:
        attempt.delete()
        raise TooManyAttempts(max(1, round((recent[0] + WINDOW - now).total_seconds())))
    return attempt
