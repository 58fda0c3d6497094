"""Who asks: a browser's session, an API token, or an access token. Each gives the request an `Actor` as its `auth`."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ansflow.apps.accounts import access_tokens, api_tokens, queries
from ansflow.apps.accounts.models import User
from ansflow.apps.actor import Actor

CHALLENGE = 'Bearer realm="AnsFlow"'
BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/=-]+)")
NAMES_OF_TOKENS = frozenset(
    {
        "token",
        "access_token",
        "access",
        "refresh_token",
        "refresh",
        "jwt",
        "api_key",
        "apikey",
        "bearer",
        "authorization",
    }
)
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoAuthentication(authentication.BaseAuthentication):
    """For operations at which one signs in: what else the request carries is not looked at."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        refuse_tokens_in_url(request)
        return None

    def authenticate_header(self, request: Request) -> str:
        """With it a missing sign-in is a 401, as the contract says, and not a 403."""
        return CHALLENGE


class BearerAuthentication(NoAuthentication):
    """`Authorization: Bearer …` with an API token or an access token. One that is not good is never passed over."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        super().authenticate(request)
        text = bearer(request)
        if text is None:
            return None
        token = api_tokens.find(text) if text.startswith(api_tokens.PREFIX) else None
        user = token.user if token else access_tokens.user_of(text)
        if user is None:
            raise AuthenticationFailed("This token is not valid, or not any more.")
        return user, actor_of(request, user, token=token)


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of a browser, with its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        found = super().authenticate(request)
        return None if found is None else (found[0], actor_of(request, found[0]))

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def bearer(request: Request | HttpRequest) -> str | None:
    """The token of the header; None without a header. Raises AuthenticationFailed for a header of another form."""
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    found = BEARER.fullmatch(header)
    if found is None:
        raise AuthenticationFailed("The header is: Authorization: Bearer <token>.")
    return found.group(1)


def refuse_tokens_in_url(request: Request) -> None:
    """URLs end up in logs, histories and Referer headers. Raises AuthenticationFailed."""
    for name, value in request.query_params.items():
        if name.lower() in NAMES_OF_TOKENS or str(value).startswith((api_tokens.PREFIX, "eyJ")):
            raise AuthenticationFailed("A token never stands in a URL. Send the header: Authorization: Bearer <token>.")


def actor_of(request: Request, user: User, *, token: Any = None) -> Actor:
    return queries.actor(user, token=token, address=address_of(request), request_id=request_id_of(request))


def address_of(request: Request) -> str:
    """As the server in front has established it; headers that anybody can send are not believed here."""
    return str(request.META.get("REMOTE_ADDR") or "")


def request_id_of(request: Request) -> str:
    given = str(request.META.get("HTTP_X_REQUEST_ID") or "")
    return given if REQUEST_ID.fullmatch(given) else ""
