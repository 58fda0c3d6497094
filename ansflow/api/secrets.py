"""Secrets: their names can be read, their values never."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects import queries, sealed
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Secret

LONGEST_VALUE = 65_536
WHERE = "The name of an environment. Empty: all of them."


class SecretBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    environment = serializers.CharField(help_text=WHERE)
    updated_at = serializers.DateTimeField()
    updated_by = serializers.CharField()


class SecretUpdate(Strict):
    value = serializers.CharField(max_length=LONGEST_VALUE, trim_whitespace=False, write_only=True)


class NewSecret(SecretUpdate):
    name = serializers.CharField(max_length=100)
    environment = serializers.CharField(max_length=100, allow_blank=True, required=False, help_text=WHERE)


class SecretFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the name.")
    environment = serializers.CharField(required=False, allow_blank=True, help_text=WHERE)


class Secrets(Resource):
    @operation(Needs(Permission.SECRET_VIEW), answer=SecretBody, query=SecretFilter, paged=True)
    def list(self, request: Call, project: int) -> QuerySet[Secret]:
        """The names of a project's secrets, and who set them when."""
        return queries.secrets_of(request.actor, project, **request.query)

    @operation(Needs(Permission.SECRET_CHANGE), body=NewSecret, answer=SecretBody, status=201)
    def create(self, request: Call, project: int) -> Secret:
        """Seals a value under a name. It is never given out again, but to the steps that name it."""
        return sealed.create_secret(request.actor, project, **request.body)

    @operation(Needs(Permission.SECRET_VIEW), answer=SecretBody)
    def retrieve(self, request: Call, project: int, secret: int) -> Secret:
        """One secret, without its value."""
        return queries.secret(request.actor, project, secret)

    @operation(Needs(Permission.SECRET_CHANGE), body=SecretUpdate, answer=SecretBody)
    def update(self, request: Call, project: int, secret: int) -> Secret:
        """Gives it a new value."""
        return sealed.set_secret(request.actor, project, secret, **request.body)

    @operation(Needs(Permission.SECRET_CHANGE), status=204)
    def destroy(self, request: Call, project: int, secret: int) -> None:
        """Deletes a secret."""
        sealed.delete_secret(request.actor, project, secret)


ONE: dict[str, Any] = {"get": "retrieve", "put": "update", "delete": "destroy"}
urlpatterns = [
    path("projects/<int:project>/secrets/", Secrets.as_view({"get": "list", "post": "create"})),
    path("projects/<int:project>/secrets/<int:secret>/", Secrets.as_view(ONE)),
]
