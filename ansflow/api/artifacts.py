"""Files kept from an execution."""

from __future__ import annotations

import base64
import re
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.http import content_disposition_header
from rest_framework import serializers

from ansflow.api.base.operations import Call, Content, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.apps.executions import artifacts, queries
from ansflow.apps.executions.artifacts import Artifact
from ansflow.apps.projects.access import Permission

RANGE = re.compile(r"bytes=(?!-\Z)(\d{0,18})-(\d{0,18})\Z")
"""One range. Any other form is passed over, and the whole is given."""


class ArtifactBody(serializers.Serializer[Any]):
    """`execution` is the one that made it: an earlier one, where the step was taken over from there."""

    step = serializers.CharField()
    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    execution = serializers.IntegerField()


class Artifacts(Resource):
    @operation(Needs(Permission.EXECUTION_LOG), answer=ArtifactBody, many=True)
    def list(self, request: Call, id: int) -> list[dict[str, Any]]:
        """Every file that was kept."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        return [artifacts.as_row(artifact) for artifact in artifacts.artifacts(execution)]

    @operation(
        Needs(Permission.EXECUTION_LOG),
        answer=Content("application/octet-stream", "The file, always as an attachment; takes Range."),
    )
    def retrieve(self, request: Call, id: int, place: str) -> HttpResponseBase:
        """One file: `artifacts/{step}/{path}`."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        found = artifacts.artifact(execution, place)
        return download(found, request.http.headers.get("Range", ""), request.http.headers.get("If-None-Match", ""))


def download(artifact: Artifact, asked_range: str, known: str) -> HttpResponseBase:
    """Never shown in a page: what a step made is not ours to trust."""
    size, sha256 = artifact.file.size, artifact.file.sha256
    if known == f'"{sha256}"':
        answer: HttpResponseBase = HttpResponse(status=304)
    else:
        part = RANGE.match(asked_range)
        start, end = _wanted(part, size) if part else (0, size)
        if part and start >= end:
            answer = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        else:
            answer = _content(artifact, start, end, part=part is not None)
    answer["ETag"] = f'"{sha256}"'
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
    answer["Accept-Ranges"] = "bytes"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _content(artifact: Artifact, start: int, end: int, *, part: bool) -> HttpResponseBase:
    name = artifact.file.path.rpartition("/")[2]
    answer = StreamingHttpResponse(artifact.read(start, end), "application/octet-stream", status=206 if part else 200)
    answer["Content-Length"] = str(end - start)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    if part:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{artifact.file.size}"
    return answer


def _wanted(part: re.Match[str], size: int) -> tuple[int, int]:
    """(start, end), the end exclusive; nothing lies between them where the range is outside of the file."""
    if not part[1]:  # the last so many
        return max(0, size - int(part[2])), size
    return int(part[1]), min(int(part[2]) + 1, size) if part[2] else size


urlpatterns = [
    path("cicd/executions/<int:id>/artifacts/", Artifacts.as_view({"get": "list"})),
    path("cicd/executions/<int:id>/artifacts/<path:place>", Artifacts.as_view({"get": "retrieve"})),
]
