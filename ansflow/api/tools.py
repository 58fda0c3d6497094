"""CI/CD tools: where pipelines run."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.api.base.serializers import Empty, Strict
from ansflow.apps.projects.access import Scope
from ansflow.apps.tools import actions, queries
from ansflow.apps.tools.models import CicdTool

TYPES = ("local", "jenkins", "gitlab_ci", "github_actions")
STATUSES = CicdTool.Status.choices


class ToolBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    tool_type = serializers.CharField()
    project = serializers.IntegerField(source="project_id", allow_null=True)
    base_url = serializers.CharField()
    status = serializers.ChoiceField(STATUSES, help_text="What the last check found; unknown before the first.")
    message = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewTool(Strict):
    tool_type = serializers.ChoiceField(TYPES)
    project = serializers.IntegerField(required=False, allow_null=True)


class ToolFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the name.")
    tool_type = serializers.ChoiceField(TYPES, required=False)
    status = serializers.ChoiceField(STATUSES, required=False)


class Tools(Resource):
    @operation(SignedIn(), answer=ToolBody, query=ToolFilter, paged=True)
    def list(self, request: Call) -> QuerySet[CicdTool]:
        """The tools of your tenant and of the projects you may see."""
        return queries.tools(request.actor, **request.query)

    @operation(SignedIn(Scope.WRITE), body=NewTool, answer=ToolBody, status=201)
    def create(self, request: Call) -> CicdTool:
        """Registers a tool. This release runs pipelines on its own workers only, and refuses others."""
        return actions.create(request.actor, **request.body)

    @operation(SignedIn(), answer=ToolBody)
    def retrieve(self, request: Call, tool: int) -> CicdTool:
        """One tool."""
        return queries.tool(request.actor, tool)

    @operation(SignedIn(Scope.WRITE), status=204)
    def destroy(self, request: Call, tool: int) -> None:
        """Removes a tool. The one named local stays."""
        actions.delete(request.actor, tool)

    @operation(SignedIn(Scope.RUN), body=Empty, answer=ToolBody)
    def health_check(self, request: Call, tool: int) -> CicdTool:
        """Asks the tool how it is, now."""
        return actions.check(request.actor, tool)


urlpatterns = [
    path("cicd/tools/", Tools.as_view({"get": "list", "post": "create"})),
    path("cicd/tools/<int:tool>/", Tools.as_view({"get": "retrieve", "delete": "destroy"})),
    path("cicd/tools/<int:tool>/health_check/", Tools.as_view({"post": "health_check"})),
]
