"""What a socket was opened with, so that it can be asked again and again whether that still counts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from ansflow.apps.accounts import access_tokens, api_tokens
from ansflow.apps.accounts.models import ApiToken, SocketTicket, User
from ansflow.apps.accounts.queries import without_groups
from ansflow.apps.accounts.sessions import SessionStore, stored
from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record

TICKET_LIVES = timedelta(seconds=30)
AT_ONCE = 500  # rows that a question asks for by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A person, by an API token or by a session: that of a browser's cookie, or the one behind an access token.

    `session` is what stands in the table for its key (`sessions.stored`): with it nobody can sign in.
    """

    user_id: int
    token_id: int | None = None
    session: str = ""


def of_bearer(text: str) -> Credential | None:
    """An API token or an access token, where it is one that still counts."""
    if text.startswith(api_tokens.PREFIX):
        token = api_tokens.find(text)
        return Credential(user_id=token.user_id, token_id=token.id) if token else None
    user = access_tokens.user_of(text)
    session = access_tokens.session_of(text) if user else None
    return Credential(user_id=user.id, session=stored(session.session_key or "")) if user and session else None


def of_session(key: str) -> Credential | None:
    """The session of a cookie."""
    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    return Credential(user_id=user.id, session=stored(key))


@transaction.atomic
def give_ticket(actor: Actor, credential: Credential) -> tuple[str, datetime]:
    """A ticket that stands for the actor's credential once, and when it runs out. It may no more than that."""
    text = secrets.token_urlsafe(32)
    expires_at = timezone.now() + TICKET_LIVES
    ticket = SocketTicket.objects.create(
        user_id=credential.user_id,
        token_id=credential.token_id,
        session=credential.session,
        digest=_digest(text),
        expires_at=expires_at,
    )
    record(actor, "ticket.create", object_type="ticket", object_id=ticket.id, after={"expires_at": expires_at})
    return text, expires_at


def of_ticket(text: str) -> Credential | None:
    """Spends the ticket. Of several who come with it at once, one gets in."""
    row = SocketTicket.objects.filter(digest=_digest(text)).first()
    if row is None or not SocketTicket.objects.filter(id=row.id).delete()[0] or row.expires_at <= timezone.now():
        return None
    return Credential(user_id=row.user_id, token_id=row.token_id, session=row.session)


def standing(credentials: Collection[Credential]) -> Mapping[Credential, Actor]:
    """Those that count now, with what they may. Costs the same few questions for one and for a thousand."""
    now = timezone.now()
    users = _by_id(User.objects.filter(is_active=True), {one.user_id for one in credentials})
    known = ApiToken.objects.filter(revoked_at=None)
    tokens = _by_id(known, {one.token_id for one in credentials if one.token_id is not None})
    sessions = _sessions({one.session for one in credentials if one.session}, now)
    found = {}
    for one in credentials:
        user = users.get(one.user_id)
        token = tokens.get(one.token_id) if one.token_id is not None else None
        if user is not None and _counts(one, user, token, sessions, now):
            found[one] = without_groups(user, token)
    return found


def _counts(one: Credential, user: User, token: ApiToken | None, sessions: Mapping[str, str], now: datetime) -> bool:
    if one.token_id is not None:
        return token is not None and (token.expires_at is None or token.expires_at > now)
    return sessions.get(one.session) == user.get_session_auth_hash()


def _sessions(keys: set[str], now: datetime) -> dict[str, str]:
    """By key, what each is bound to."""
    found = {}
    for some in _parts(keys):
        for row in Session.objects.filter(session_key__in=some, expire_date__gt=now):
            found[row.session_key] = str(SessionStore().decode(row.session_data).get("_auth_user_hash", ""))
    return found


def _by_id(rows: Any, ids: set[int]) -> dict[int, Any]:
    return {row.id: row for some in _parts(ids) for row in rows.filter(id__in=some)}


def _parts(things: Iterable[Any]) -> Iterable[list[Any]]:
    whole = list(things)
    return (whole[at : at + AT_ONCE] for at in range(0, len(whole), AT_ONCE))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
