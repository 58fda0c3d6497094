"""Who asks: a browser's session, an API token, or an access token. Each gives the request an `Actor` as its `auth`."""

from __future__ import annotations

from typing import Any

from rest_framework import authentication
from rest_framework.request import Request

from ansflow.apps.accounts import queries
from ansflow.apps.actor import Actor


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of a browser, with its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        found = super().authenticate(request)
        return None if found is None else (found[0], queries.actor(found[0]))

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing sign-in a 401, as the contract says, and not a 403."""
        return "Bearer"
