"""Access and refresh tokens: signed, short-lived, and bound to a session on the server, so that they can be ended.

The tokens are made and checked by allauth's headless machinery, which knows the session of each (`sid`). What it lets
pass is refused here before: foreign headers, doubled or further claims, a wrong issuer.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from allauth.headless.internal.sessionkit import new_session
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from ansflow.apps.accounts import queries
from ansflow.apps.accounts.models import User
from ansflow.apps.accounts.sessions import stored
from ansflow.apps.accounts.signing_in import open_session
from ansflow.apps.audit.actions import record

ISSUER = "ansflow"
AUDIENCE = "ansflow-api"
LONGEST = 4096  # characters; ours have about 800
FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
CLAIMS = {"iat", "exp", "sid", "jti", "token_use", "sub"}
OWN_CLAIMS = {"iss", "aud", "ver"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    access: str
    refresh: str


class Strategy(JWTTokenStrategy):
    """allauth's tokens, with who made them, for whom, and the version that ends them all."""

    def get_claims(self, user: AbstractBaseUser) -> dict[str, Any]:
        assert isinstance(user, User)
        return {"iss": ISSUER, "aud": AUDIENCE, "ver": user.token_version}


def issue(user: User, *, address: str = "") -> Pair:
    """Opens a session for a program, and gives its first pair."""
    with transaction.atomic():
        request = HttpRequest()
        request.session = new_session()
        request.user = user
        open_session(request, user, address=address)
        request.session.save()  # gives it the key that the tokens name
        made = Strategy().create_access_token_payload(request)
        request.session.save()
    assert made is not None
    return Pair(access=made["access_token"], refresh=made["refresh_token"])


def user_of(token: str) -> User | None:
    """Who holds the access token: its session lives, the user is active, and nothing was taken back since."""
    if not _ours(token, "access", CLAIMS | OWN_CLAIMS):
        return None
    found = internal.validate_access_token(token)
    if found is None:
        return None
    user, claims = found
    said = (claims["iss"], claims["aud"], claims["ver"])
    return user if said == (ISSUER, AUDIENCE, user.token_version) and type(claims["ver"]) is int else None


def refresh(token: str, *, address: str = "") -> Pair | None:
    """The next pair; the old refresh token is spent. Who comes with a spent one ends the session: it was stolen.

    To be called outside of a transaction that might be undone.
    """
    claims = _refresh_claims(token)
    if claims is None:
        return None
    with transaction.atomic():
        # Two at once with the same token: the second one waits here, and then comes with a spent one.
        key = internal.session_key_from_sid(claims["sid"])
        Session.objects.select_for_update().filter(session_key=stored(key or "")).first()
        made = Strategy().refresh_token(token)
        if made is not None:
            return Pair(access=made[0], refresh=made[1])
        session = internal.get_token_session(claims)
        user = internal.validate_token_user(claims, session) if session is not None else None
        if session is not None and isinstance(user, User):
            session.flush()
            record(queries.actor(user, address=address), "user.token_reuse", object_type="user", object_id=user.id)
    return None


def stands(token: str) -> bool:
    """Whether this access or refresh token would be accepted now."""
    if user_of(token) is not None:
        return True
    return _refresh_claims(token) is not None and internal.validate_refresh_token(token) is not None


def session_of(token: str) -> SessionBase | None:
    """The session of an access token that was found good."""
    claims = internal.decode_token(token, "access")
    return internal.get_token_session(claims) if claims else None


def _refresh_claims(token: str) -> dict[str, Any] | None:
    if not _ours(token, "refresh", CLAIMS):
        return None
    claims: dict[str, Any] | None = internal.decode_token(token, "refresh")
    return claims


def _ours(token: str, use: str, claims: set[str]) -> bool:
    """Whether the token has the one form that ours have. Says nothing about its signature."""
    if len(token) > LONGEST or not FORM.fullmatch(token):
        return False
    head, body, _ = token.split(".")
    try:
        header, payload = _read(head), _read(body)
    except (ValueError, binascii.Error, RecursionError):
        return False
    config = internal._get_jwt_config()
    expected = {"typ": "JWT", "alg": config.algorithm, **internal.get_jwt_headers(config)}
    return header == expected and set(payload) == claims and payload["token_use"] == use


def _read(part: str) -> dict[str, Any]:
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_without_doubles)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
