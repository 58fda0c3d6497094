"""Projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.apps.projects import access
from ansflow.apps.projects.models import Project


class ProjectBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class Projects(Resource):
    @operation(SignedIn(), answer=ProjectBody, paged=True)
    def list(self, request: Call) -> Iterable[Project]:
        """The projects that you may see."""
        return access.visible(request.actor).order_by("name")


urlpatterns = [path("projects/", Projects.as_view({"get": "list"}))]
