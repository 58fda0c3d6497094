"""The people of a tenant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import Throttled

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Admin, SignedIn
from ansflow.api.base.serializers import Empty, Strict
from ansflow.apps.accounts import actions, queries
from ansflow.apps.accounts.models import User
from ansflow.apps.accounts.rules import LONGEST_PASSWORD
from ansflow.apps.accounts.signing_in import TooManyAttempts
from ansflow.apps.actor import Scope

LANGUAGES = [code for code, _ in settings.LANGUAGES]


class UserBody(serializers.Serializer[Any]):
    """A person, as they and their administrators see them."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.ChoiceField(LANGUAGES)
    is_admin = serializers.BooleanField()
    is_active = serializers.BooleanField()
    has_password = serializers.BooleanField(source="has_usable_password")
    created_at = serializers.DateTimeField(source="date_joined")
    last_sign_in_at = serializers.DateTimeField(source="last_login", allow_null=True)


class PersonBody(serializers.Serializer[Any]):
    """A person, as everyone of the tenant sees them. The e-mail address is null but for administrators."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.EmailField(source="shown_email", allow_null=True)
    is_admin = serializers.BooleanField()
    is_active = serializers.BooleanField()


class NewUser(Strict):
    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD,
        required=False,
        trim_whitespace=False,
        write_only=True,
        help_text="Left out: the user sets one with a code from `password_reset`.",
    )
    is_admin = serializers.BooleanField(required=False)
    language = serializers.ChoiceField(LANGUAGES, required=False)


class UserUpdate(Strict):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150, allow_blank=True)
    language = serializers.ChoiceField(LANGUAGES)
    is_admin = serializers.BooleanField()
    is_active = serializers.BooleanField()


class MeUpdate(Strict):
    name = serializers.CharField(max_length=150, allow_blank=True)
    language = serializers.ChoiceField(LANGUAGES)
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)
    old_password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)


class UserFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the username or the name.")
    is_active = serializers.BooleanField(required=False)


class ResetBody(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For auth/password/; good once.")
    expires_at = serializers.DateTimeField()


class Users(Resource):
    @operation(SignedIn(), answer=PersonBody, query=UserFilter, paged=True)
    def list(self, request: Call) -> QuerySet[User]:
        """The people of your tenant."""
        return queries.people(request.actor, **request.query)

    @operation(Admin(), body=NewUser, answer=UserBody, status=201)
    def create(self, request: Call) -> User:
        """A new person."""
        return actions.create_user(request.actor, **request.body)

    @operation(Admin(), answer=UserBody)
    def retrieve(self, request: Call, user: int) -> User:
        """One person."""
        return queries.user(request.actor, user)

    @operation(Admin(), body=UserUpdate, answer=UserBody, errors=(409,))
    def partial_update(self, request: Call, user: int) -> User:
        """Changes a person. Who is deactivated is out at once, tokens included; the last administrator stays."""
        return actions.update_user(request.actor, user, **request.body)

    @operation(Admin(), body=Empty, answer=ResetBody, status=201)
    def offer_password_reset(self, request: Call, user: int) -> dict[str, Any]:
        """A code with which the person sets a new password, within 15 minutes. It is shown once."""
        code, expires_at = actions.offer_password_reset(request.actor, user)
        return {"code": code, "expires_at": expires_at}


class Me(Resource):
    @operation(SignedIn(), answer=UserBody)
    def retrieve(self, request: Call) -> User:
        """You."""
        return queries.me(request.actor)

    @operation(SignedIn(Scope.ADMIN), body=MeUpdate, answer=UserBody, atomic=False, errors=(429,))
    def partial_update(self, request: Call) -> User:
        """Changes your name, language or password. A new password wants the old one, and ends your other sessions."""
        try:
            user = actions.update_me(request.actor, **request.body)
        except TooManyAttempts as error:
            raise Throttled(error.wait, detail=str(error)) from None
        if "password" in request.body and request.http._request.user.is_authenticated:
            update_session_auth_hash(request.http._request, user)
        return user


urlpatterns = [
    path("auth/users/", Users.as_view({"get": "list", "post": "create"})),
    path("auth/users/me/", Me.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("auth/users/<int:user>/", Users.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("auth/users/<int:user>/password_reset/", Users.as_view({"post": "offer_password_reset"})),
]
