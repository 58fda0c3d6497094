"""Projects."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Empty, Strict
from ansflow.apps.projects import actions, queries
from ansflow.apps.projects.access import Permission, Scope
from ansflow.apps.projects.models import Project, Role

VISIBILITIES = Project.Visibility.choices
ORDERINGS = ("name", "-name", "created_at", "-created_at")
LONGEST_TIME = 36_500  # days: a hundred years
MOST_STEPS = 100_000


class ProjectBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    visibility = serializers.ChoiceField(VISIBILITIES)
    repository = serializers.CharField()
    default_branch = serializers.CharField()
    git_credential = serializers.IntegerField(source="git_credential_id", allow_null=True)
    keep_executions_days = serializers.IntegerField(help_text="0: for ever.")
    keep_artifacts_days = serializers.IntegerField()
    keep_workspaces_hours = serializers.IntegerField()
    max_parallel_steps = serializers.IntegerField(
        allow_null=True, help_text="Of all its executions together, at once; null: as many as there are slots."
    )
    created_by = serializers.CharField(source="created_by.username", default="")
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)
    my_role = serializers.ChoiceField(Role.choices, help_text="What you are in it.")
    members_count = serializers.IntegerField()
    environments_count = serializers.IntegerField()
    pipelines_count = serializers.IntegerField()
    executions_count = serializers.IntegerField()


class ProjectChange(Strict):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    visibility = serializers.ChoiceField(VISIBILITIES, required=False)
    repository = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    default_branch = serializers.CharField(max_length=254, required=False)
    keep_executions_days = serializers.IntegerField(min_value=0, max_value=LONGEST_TIME, required=False)
    keep_artifacts_days = serializers.IntegerField(min_value=0, max_value=LONGEST_TIME, required=False)
    keep_workspaces_hours = serializers.IntegerField(min_value=0, max_value=LONGEST_TIME, required=False)
    max_parallel_steps = serializers.IntegerField(
        min_value=1,
        max_value=MOST_STEPS,
        allow_null=True,
        required=False,
        help_text="How many steps of all its executions together may run at once. null: no limit.",
    )


class NewProject(ProjectChange):
    """A name is enough."""


class ProjectUpdate(ProjectChange):
    git_credential = serializers.IntegerField(allow_null=True, required=False)


class ProjectFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the name or the description.")
    visibility = serializers.ChoiceField(VISIBILITIES, required=False)
    archived = serializers.BooleanField(required=False, help_text="true: only the archived ones; else only the others.")
    ordering = serializers.ChoiceField(ORDERINGS, required=False)


class Projects(Resource):
    @operation(SignedIn(), answer=ProjectBody, query=ProjectFilter, paged=True)
    def list(self, request: Call) -> QuerySet[Project]:
        """The projects that you may see."""
        return queries.projects(request.actor, **request.query)

    @operation(SignedIn(Scope.WRITE), body=NewProject, answer=ProjectBody, status=201)
    def create(self, request: Call) -> Project:
        """Makes a project; you become its owner."""
        return actions.create(request.actor, **request.body)

    @operation(Needs(Permission.PROJECT_VIEW), answer=ProjectBody)
    def retrieve(self, request: Call, project: int) -> Project:
        """One project."""
        return queries.project(request.actor, project)

    @operation(Needs(Permission.PROJECT_CHANGE), body=ProjectUpdate, answer=ProjectBody)
    def partial_update(self, request: Call, project: int) -> Project:
        """Changes what is named."""
        return actions.update(request.actor, project, **request.body)

    @operation(Needs(Permission.PROJECT_DELETE), status=204)
    def destroy(self, request: Call, project: int) -> None:
        """Deletes a project without pipelines; one with history is archived instead."""
        actions.delete(request.actor, project)

    @operation(Needs(Permission.PROJECT_CHANGE), body=Empty, answer=ProjectBody)
    def archive(self, request: Call, project: int) -> Project:
        """Keeps everything, and lets nothing run or change."""
        return actions.archive(request.actor, project)

    @operation(Needs(Permission.PROJECT_CHANGE), body=Empty, answer=ProjectBody)
    def unarchive(self, request: Call, project: int) -> Project:
        """Takes an archived project up again."""
        return actions.unarchive(request.actor, project)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("projects/", Projects.as_view({"get": "list", "post": "create"})),
    path("projects/<int:project>/", Projects.as_view(ONE)),
    path("projects/<int:project>/archive/", Projects.as_view({"post": "archive"})),
    path("projects/<int:project>/unarchive/", Projects.as_view({"post": "unarchive"})),
]
