"""What is where: what was brought to each environment of a project last."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.executions import DeployedBody
from ansflow.apps.executions import deployments
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission


class PlacedBody(DeployedBody):
    environment = serializers.CharField()
    pipeline = serializers.IntegerField()
    pipeline_name = serializers.CharField()


class Deployments(Resource):
    @operation(Needs(Permission.PROJECT_VIEW), answer=PlacedBody, paged=True)
    def list(self, request: Call, project: int) -> list[dict[str, Any]]:
        """What is where: of each environment and pipeline the last successful deployment, newest first."""
        return deployments.board(access.project(request.actor, project).id)


urlpatterns = [path("projects/<int:project>/deployments/", Deployments.as_view({"get": "list"}))]
