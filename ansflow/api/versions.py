"""The versions of a pipeline: every text it ever had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.api.pipelines import PipelineWithSource
from ansflow.api.problems import ChangeBody
from ansflow.apps.pipelines import actions, comparing, queries
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.projects.access import Permission


class VersionBody(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    digest = serializers.CharField(help_text="SHA-256 of the text.")
    message = serializers.CharField()
    commit = serializers.CharField(help_text="What it was read at, where it comes from the repository.")
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class VersionWithSource(VersionBody):
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    templates = serializers.DictField(
        child=serializers.CharField(), help_text="The templates that it uses, by their paths in the repository."
    )


class DifferenceQuery(Strict):
    to = serializers.IntegerField(required=False, help_text="The other version. Left out: the newest.")


class DifferenceBody(serializers.Serializer[Any]):
    """`changes` is null where one of the texts cannot be understood any more."""

    changes = ChangeBody(many=True, allow_null=True)
    text = serializers.CharField(help_text="A unified diff; empty where the texts are equal.")


class RestoreRequest(Strict):
    base_version = serializers.IntegerField(
        required=False, help_text="The newest version that you know of: 409 where there is a newer one."
    )
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class Versions(Resource):
    @operation(Needs(Permission.PIPELINE_VIEW), answer=VersionBody, paged=True)
    def list(self, request: Call, id: int) -> Iterable[Version]:
        """The versions of a pipeline, newest first."""
        return queries.versions(queries.pipeline(request.actor, id))

    @operation(Needs(Permission.PIPELINE_VIEW), answer=VersionWithSource)
    def retrieve(self, request: Call, id: int, number: int) -> Version:
        """One version, with its text."""
        return queries.version(queries.pipeline(request.actor, id), number)

    @operation(Needs(Permission.PIPELINE_VIEW), query=DifferenceQuery, answer=DifferenceBody)
    def diff(self, request: Call, id: int, number: int) -> comparing.Difference:
        """What changed from this version to another one: by meaning, and line by line."""
        pipeline = queries.pipeline(request.actor, id)
        to = request.query.get("to", queries.latest_number(pipeline))
        return comparing.versions_differ(queries.version(pipeline, number), queries.version(pipeline, to))

    @operation(Needs(Permission.PIPELINE_CHANGE), body=RestoreRequest, answer=PipelineWithSource)
    def restore(self, request: Call, id: int, number: int) -> Pipeline:
        """Make the text of this version the newest one again, as a new version."""
        return actions.restore(request.actor, id, number, **request.body)


BELOW = "pipelines/<int:id>/versions/"
urlpatterns = [
    path(BELOW, Versions.as_view({"get": "list"})),
    path(f"{BELOW}<int:number>/", Versions.as_view({"get": "retrieve"})),
    path(f"{BELOW}<int:number>/diff/", Versions.as_view({"get": "diff"})),
    path(f"{BELOW}<int:number>/restore/", Versions.as_view({"post": "restore"})),
]
