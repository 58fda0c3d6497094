"""Environments: where a project's deployments go, and what must be so before one goes there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects import places, queries
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Environment

BRANCHES = "From which branches one may deploy there, * for any characters. Empty: from every one."
GROUPS = "Names of the groups whose people may answer. Empty: everyone whose role allows it."


class EnvironmentBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    url = serializers.CharField()
    branches = serializers.ListField(child=serializers.CharField(), help_text=BRANCHES)
    required_approvals = serializers.IntegerField()
    groups = serializers.ListField(child=serializers.CharField(), help_text=GROUPS)
    self_approval = serializers.BooleanField()


class EnvironmentUpdate(Strict):
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    url = serializers.URLField(max_length=1000, allow_blank=True, required=False)
    branches = serializers.ListField(
        child=serializers.CharField(max_length=254), max_length=100, required=False, help_text=BRANCHES
    )
    required_approvals = serializers.IntegerField(min_value=0, max_value=100, required=False)
    groups = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=100, required=False, help_text=GROUPS
    )
    self_approval = serializers.BooleanField(
        required=False, help_text="Whether who started an execution may also approve it."
    )


class NewEnvironment(EnvironmentUpdate):
    name = serializers.CharField(max_length=100)


class EnvironmentFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the name.")


class Environments(Resource):
    @operation(Needs(Permission.PROJECT_VIEW), answer=EnvironmentBody, query=EnvironmentFilter, paged=True)
    def list(self, request: Call, project: int) -> QuerySet[Environment]:
        """The environments of a project."""
        return queries.environments(request.actor, project, **request.query)

    @operation(Needs(Permission.ENVIRONMENT_CHANGE), body=NewEnvironment, answer=EnvironmentBody, status=201)
    def create(self, request: Call, project: int) -> Environment:
        """Makes an environment."""
        return places.create_environment(request.actor, project, **request.body)

    @operation(Needs(Permission.PROJECT_VIEW), answer=EnvironmentBody)
    def retrieve(self, request: Call, project: int, environment: int) -> Environment:
        """One environment."""
        return queries.environment(request.actor, project, environment)

    @operation(Needs(Permission.ENVIRONMENT_CHANGE), body=EnvironmentUpdate, answer=EnvironmentBody)
    def partial_update(self, request: Call, project: int, environment: int) -> Environment:
        """Changes what is named. The name of an environment stays."""
        return places.update_environment(request.actor, project, environment, **request.body)

    @operation(Needs(Permission.ENVIRONMENT_CHANGE), status=204)
    def destroy(self, request: Call, project: int, environment: int) -> None:
        """Deletes an environment that has no variables and secrets of its own."""
        places.delete_environment(request.actor, project, environment)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("projects/<int:project>/environments/", Environments.as_view({"get": "list", "post": "create"})),
    path("projects/<int:project>/environments/<int:environment>/", Environments.as_view(ONE)),
]
