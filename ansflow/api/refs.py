"""What of a project's repository an execution can be of."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.turns import GIT_HOSTS
from ansflow.apps.pipelines import drafting
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.infra.repositories import Names


class RefsBody(serializers.Serializer[Any]):
    branches = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())


class Refs(Resource):
    @operation(Needs(Permission.EXECUTION_RUN), answer=RefsBody, errors=(409, 429, 502))
    def list(self, request: Call, project: int) -> Names:
        """The branches and tags of the project's repository, by name, as its host says it now."""
        found = access.project(request.actor, project, Permission.EXECUTION_RUN)
        with GIT_HOSTS.take(request.actor.user_id):
            return drafting.refs(found)


urlpatterns = [path("projects/<int:project>/refs/", Refs.as_view({"get": "list"}))]
