"""What steps printed: by bytes, by lines, while they run and after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Content, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.executions import logs, queries, rendering
from ansflow.apps.projects.access import Permission

LINES_AT_ONCE = 10_000


class LogBody(serializers.Serializer[Any]):
    """The log of one attempt."""

    step = serializers.CharField()
    attempt = serializers.IntegerField()
    length = serializers.IntegerField()
    lines = serializers.IntegerField()
    ended = serializers.BooleanField()


class LogListBody(serializers.Serializer[Any]):
    logs = LogBody(many=True)


class LogQuery(Strict):
    """Bytes `start` to `end`, or lines `first` to `last`; without either, all of it."""

    step = serializers.CharField(required=False, max_length=254, help_text="Left out: the list of logs, as JSON.")
    attempt = serializers.IntegerField(required=False, min_value=1, help_text="Left out: the last one.")
    start = serializers.IntegerField(required=False, min_value=0, help_text="First byte, from 0.")
    end = serializers.IntegerField(required=False, min_value=0, help_text="The byte after the last one.")
    first = serializers.IntegerField(required=False, min_value=1, help_text="First line, from 1.")
    last = serializers.IntegerField(required=False, min_value=1, help_text="Last line, inclusive.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        bytes_wanted = [name for name in ("start", "end") if name in attrs]
        lines_wanted = [name for name in ("first", "last") if name in attrs]
        if "step" not in attrs and len(attrs) > 0:
            raise serializers.ValidationError({"step": ["Say of which step."]})
        if bytes_wanted and lines_wanted:
            raise serializers.ValidationError({lines_wanted[0]: ["Ask for bytes or for lines, not for both."]})
        if attrs.get("end", attrs.get("start", 0)) < attrs.get("start", 0):
            raise serializers.ValidationError({"end": ["Lies before start."]})
        if lines_wanted:
            attrs.setdefault("first", 1)
            attrs.setdefault("last", attrs["first"] + LINES_AT_ONCE - 1)
            if not attrs["first"] <= attrs["last"] < attrs["first"] + LINES_AT_ONCE:
                raise serializers.ValidationError(
                    {"last": [f"Ask for 1 to {LINES_AT_ONCE:,} lines at once, the last not before the first."]}
                )
        return attrs


class Logs(Resource):
    @operation(
        Needs(Permission.EXECUTION_LOG),
        query=LogQuery,
        answer=Content(
            "text/plain",
            "With `step`: the log as text/plain, with its length in X-Log-Length, and an ETag. "
            " Without: JSON, `{logs: [{step, attempt, length, lines, ended}]}`.",
            or_json=LogListBody,
        ),
    )
    def retrieve(self, request: Call, id: int) -> HttpResponseBase:
        """The log of a step, whole or in part; or the list of logs."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        if "step" not in request.query:
            found = rendering.encode({"logs": logs.logs(execution)})
            return HttpResponse(found, content_type="application/json")
        log = logs.log(execution, request.query["step"], request.query.get("attempt"))
        if "first" in request.query:
            return self._lines(log, request.query["first"], request.query["last"])
        return self._bytes(request, log)

    def _lines(self, log: logs.Log, first: int, last: int) -> HttpResponseBase:
        lines = log.lines(first, last)
        answer = _text(b"".join(line + b"\n" for line in lines))
        answer["X-Log-First"], answer["X-Log-Last"] = str(first), str(first + len(lines) - 1)
        return _described(answer, log)

    def _bytes(self, request: Call, log: logs.Log) -> HttpResponseBase:
        start = min(request.query.get("start", 0), log.length)
        end = min(request.query.get("end", log.length), log.length)
        etag = hashlib.sha256(f"{log.key} {log.length} {log.ended} {start} {end}".encode()).hexdigest()[:32]
        if request.http.headers.get("If-None-Match") == f'"{etag}"':
            answer: HttpResponseBase = HttpResponse(status=304)
        else:
            answer = _text(log.pieces(start, end))
            answer["Content-Length"] = str(end - start)
        answer["ETag"] = f'"{etag}"'
        answer["X-Log-Start"], answer["X-Log-End"] = str(start), str(end)
        return _described(answer, log)


def _text(content: bytes | Iterator[bytes]) -> HttpResponseBase:
    kind = "text/plain; charset=utf-8"
    return HttpResponse(content, kind) if isinstance(content, bytes) else StreamingHttpResponse(content, kind)


def _described(answer: HttpResponseBase, log: logs.Log) -> HttpResponseBase:
    answer["X-Log-Length"] = str(log.length)
    answer["X-Log-Attempt"] = str(log.attempt)
    answer["X-Log-Ended"] = "true" if log.ended else "false"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


urlpatterns = [path("cicd/executions/<int:id>/logs/", Logs.as_view({"get": "retrieve"}))]
