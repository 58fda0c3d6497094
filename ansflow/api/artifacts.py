"""Files kept from an execution."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.attachments import PARTS, attachment
from ansflow.api.base.operations import Call, Content, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.executions import artifacts, queries
from ansflow.apps.executions.artifacts import Artifact
from ansflow.apps.projects.access import Permission


class ArtifactBody(serializers.Serializer[Any]):
    """`execution` is the one that made it: an earlier one, where the step was taken over from there."""

    step = serializers.CharField()
    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    execution = serializers.IntegerField()


class ArtifactFilter(Strict):
    step = serializers.CharField(required=False, max_length=254, help_text="Only what this step kept.")


class Artifacts(Resource):
    @operation(Needs(Permission.EXECUTION_LOG), answer=ArtifactBody, query=ArtifactFilter, paged=True)
    def list(self, request: Call, id: int) -> list[dict[str, Any]]:
        """The files that were kept, by step and path."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        step = request.query.get("step")
        found = artifacts.artifacts(execution)
        return [artifacts.as_row(artifact) for artifact in found if step is None or artifact.step == step]

    @operation(
        Needs(Permission.EXECUTION_LOG),
        answer=Content("application/octet-stream", "The file, always as an attachment; takes Range.", further=PARTS),
        errors=(416,),
    )
    def retrieve(self, request: Call, id: int, place: str) -> HttpResponseBase:
        """One file: `artifacts/{step}/{path}`."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        found = artifacts.artifact(execution, place)
        return download(found, request.http.headers.get("Range", ""), request.http.headers.get("If-None-Match", ""))


def download(artifact: Artifact, asked_range: str, known: str) -> HttpResponseBase:
    name = artifact.file.path.rpartition("/")[2]
    return attachment(
        artifact.read, name, artifact.file.size, sha256=artifact.file.sha256, asked_range=asked_range, known=known
    )


urlpatterns = [
    path("cicd/executions/<int:id>/artifacts/", Artifacts.as_view({"get": "list"})),
    path("cicd/executions/<int:id>/artifacts/<path:place>", Artifacts.as_view({"get": "retrieve"})),
]
