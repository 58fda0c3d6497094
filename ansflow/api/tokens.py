"""API tokens: for programs, limited in what they may, where, and for how long."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.accounts import api_tokens, queries
from ansflow.apps.accounts.models import ApiToken
from ansflow.apps.actor import Scope
from ansflow.apps.projects import access

SCOPES = [scope.value for scope in Scope]
LONGEST_DAYS = 3650


class TokenBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How the token begins, to tell it from others.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    project_ids = serializers.ListField(child=serializers.IntegerField(), help_text="Empty: every project of yours.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenBody(TokenBody):
    token = serializers.CharField(help_text="Shown once.")


class NewToken(Strict):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_DAYS, required=False, help_text="Left out: until it is revoked."
    )
    project_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        max_length=200,
        required=False,
        help_text="Left out: every project.",
    )


class TokenFilter(Strict):
    user = serializers.IntegerField(min_value=1, required=False, help_text="Somebody else's: for administrators.")


class Tokens(Resource):
    @operation(SignedIn(), answer=TokenBody, query=TokenFilter, paged=True)
    def list(self, request: Call) -> QuerySet[ApiToken]:
        """Your tokens, newest first."""
        return queries.tokens(request.actor, **request.query)

    @operation(SignedIn(Scope.ADMIN), body=NewToken, answer=NewTokenBody, status=201)
    def create(self, request: Call) -> ApiToken:
        """A new token of yours. Its text is shown once. A token can make others that may no more than itself."""
        for project in request.body.get("project_ids", ()):
            access.project(request.actor, project)
        token, text = api_tokens.create(request.actor, **request.body)
        token.token = text  # type: ignore[attr-defined]
        return token

    @operation(SignedIn(), status=204)
    def destroy(self, request: Call, token: int) -> None:
        """Revokes a token of yours; administrators revoke anybody's. It ends at once."""
        api_tokens.revoke(request.actor, token)


urlpatterns = [
    path("auth/tokens/", Tokens.as_view({"get": "list", "post": "create"})),
    path("auth/tokens/<int:token>/", Tokens.as_view({"delete": "destroy"})),
]
