"""Signing in and out: tokens for programs, a session for browsers, a code for who has no password."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import get_token
from django.urls import path
from rest_framework import authentication, serializers
from rest_framework.exceptions import AuthenticationFailed, Throttled

from ansflow.api.authentication import NoAuthentication, address_of, bearer
from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Public, SignedIn
from ansflow.api.base.serializers import Empty, Strict
from ansflow.api.users import UserBody
from ansflow.apps.accounts import access_tokens, actions, signing_in
from ansflow.apps.accounts.models import User
from ansflow.apps.accounts.rules import LONGEST_PASSWORD
from ansflow.apps.actor import Scope
from ansflow.core.errors import Conflict

WRONG = "No active user has this name and password."
SPENT = "This token is not valid, or not any more. Sign in again."


class SignIn(Strict):
    username = serializers.CharField(max_length=254, help_text="A username, or an e-mail address.")
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)


class PairBody(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="For the Authorization header; lives ten minutes.")
    refresh = serializers.CharField(help_text="For the next pair; good once.")


class Refresh(Strict):
    refresh = serializers.CharField(max_length=1 << 20)


class Verify(Strict):
    token = serializers.CharField(max_length=1 << 20)


class NewPassword(Strict):
    code = serializers.CharField(max_length=200)
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)


class SessionBody(serializers.Serializer[Any]):
    user = UserBody(allow_null=True, help_text="null: nobody is signed in.")
    csrf_token = serializers.CharField(help_text="For the header X-CSRFToken of what changes something.")


class Tokens(Resource):
    """Programs that sign in with a password."""

    authentication_classes = (NoAuthentication,)

    @operation(Public(), body=SignIn, answer=PairBody, atomic=False, errors=(401, 429))
    def sign_in(self, request: Call) -> access_tokens.Pair:
        """Signs in: an access token for ten minutes, and a refresh token for the next pair."""
        return access_tokens.issue(_user(request), address=address_of(request.http))

    @operation(Public(), body=Refresh, answer=PairBody, atomic=False, errors=(401,))
    def refresh(self, request: Call) -> access_tokens.Pair:
        """The next pair. The refresh token is spent; who comes with it again ends the whole session."""
        pair = access_tokens.refresh(request.body["refresh"], address=address_of(request.http))
        if pair is None:
            raise AuthenticationFailed(SPENT)
        return pair

    @operation(Public(), body=Verify, errors=(401,))
    def verify(self, request: Call) -> dict[str, Any]:
        """200 for an access or refresh token that would be accepted now, 401 for any other."""
        if not access_tokens.stands(request.body["token"]):
            raise AuthenticationFailed(SPENT)
        return {}

    @operation(Public(), body=NewPassword, status=204)
    def set_password(self, request: Call) -> None:
        """Sets the password with the code that an administrator gave out. Every session of the user ends."""
        actions.use_password_reset(**request.body, address=address_of(request.http))


class SignOut(Resource):
    @operation(SignedIn(Scope.READ), body=Empty, status=204, errors=(409,))
    def create(self, request: Call) -> None:
        """Ends the session, with all of its tokens."""
        _sign_out(request)


class Sessions(Resource):
    """Browsers: a cookie that no script can read, with a CSRF token."""

    def get_authenticators(self) -> list[authentication.BaseAuthentication]:
        """Who signs in may still carry what has ended."""
        signs_in = self.request is not None and self.request.method == "POST"
        return [NoAuthentication()] if signs_in else super().get_authenticators()

    @operation(Public(), answer=SessionBody, errors=(401,))
    def retrieve(self, request: Call) -> dict[str, Any]:
        """Who is signed in, and the CSRF token."""
        user = request.http.user
        return _session(request, user if isinstance(user, User) else None)

    @operation(Public(), body=SignIn, answer=SessionBody, atomic=False, errors=(401, 403, 429))
    def create(self, request: Call) -> dict[str, Any]:
        """Signs a browser in. Wants the CSRF token that GET gives."""
        authentication.SessionAuthentication().enforce_csrf(request.http)
        user = _user(request)
        signing_in.open_session(request.http._request, user, address=address_of(request.http))
        return _session(request, user)

    @operation(SignedIn(Scope.READ), body=Empty, status=204, errors=(409,))
    def destroy(self, request: Call) -> None:
        """Signs out."""
        _sign_out(request)


def _session(request: Call, user: User | None) -> dict[str, Any]:
    return {"user": user, "csrf_token": get_token(request.http._request)}


def _sign_out(request: Call) -> None:
    if request.actor.token_id is not None:
        raise Conflict("An API token has no session. Revoke it at auth/tokens/.", code="no_session")
    token = bearer(request.http)
    session = access_tokens.session_of(token) if token else request.http._request.session
    signing_in.close_session(request.actor, session)


def _user(request: Call) -> User:
    """Raises AuthenticationFailed, and Throttled for who guesses."""
    name, password = request.body["username"], request.body["password"]
    try:
        user = signing_in.sign_in(name, password, address=address_of(request.http))
    except signing_in.TooManyAttempts as error:
        raise Throttled(error.wait, detail=str(error)) from None
    if user is None:
        raise AuthenticationFailed(WRONG)
    return user


urlpatterns = [
    path("auth/token/", Tokens.as_view({"post": "sign_in"})),
    path("auth/token/refresh/", Tokens.as_view({"post": "refresh"})),
    path("auth/token/verify/", Tokens.as_view({"post": "verify"})),
    path("auth/password/", Tokens.as_view({"post": "set_password"})),
    path("auth/logout/", SignOut.as_view({"post": "create"})),
    path("auth/session/", Sessions.as_view({"get": "retrieve", "post": "create", "delete": "destroy"})),
]
