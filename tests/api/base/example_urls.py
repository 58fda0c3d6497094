"""A resource of the tests' own, so that what every operation has in common is tested without any resource of ours."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects.models import Project


class Taken(Strict):
    name = serializers.CharField()
    parameters = serializers.JSONField(required=False)
    much = serializers.IntegerField(required=False)
    sure = serializers.BooleanField(required=False)
    words = serializers.ListField(child=serializers.CharField(), required=False)
    short = serializers.CharField(required=False, max_length=3)


class Answered(serializers.Serializer[Any]):
    name = serializers.CharField()


class Examples(Resource):
    @operation(SignedIn(), answer=Answered, paged=True)
    def list(self, request: Call) -> Any:
        """The examples."""
        return Project.objects.filter(tenant_id=request.actor.tenant_id).order_by("id")

    @operation(SignedIn(), body=Taken, answer=Answered, status=201)
    def create(self, request: Call) -> Any:
        """Makes an example."""
        if request.body["name"] == "break":
            raise RuntimeError("a secret thing")
        return request.body


class Example(Resource):
    @operation(SignedIn(), answer=Answered)
    def get(self, request: Call, id: int) -> Any:
        """One example."""
        return Project.objects.filter(id__in=[id]).first() or {"name": "none"}

    @operation(SignedIn(), answer=Answered)
    def named(self, request: Call, name: str) -> Any:
        """One example by name."""
        return {"name": name}


urlpatterns = [
    path("api/v1/examples/", Examples.as_view({"get": "list", "post": "create"})),
    path("api/v1/examples/<int:id>/", Example.as_view({"get": "get"})),
    path("api/v1/examples/named/<path:name>/", Example.as_view({"get": "named"})),
]
handler400 = "ansflow.api.base.errors.refused"
handler404 = "ansflow.api.base.errors.unknown_path"
handler500 = "ansflow.api.base.errors.failed"
