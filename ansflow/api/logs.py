"""What steps printed: by bytes, by lines, while they run and after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework import serializers
from rest_framework.utils.urls import replace_query_param

from ansflow.api.base.attachments import KNOWN, PARTS, attachment
from ansflow.api.base.operations import Call, Content, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.api.base.turns import Turns
from ansflow.apps.executions import logs, queries, rendering
from ansflow.apps.projects.access import Permission
from ansflow.core.log_times import LINES_AT_ONCE
from ansflow.core.patterns import BadPattern
from ansflow.infra.searching import Place, Wanted, search

SEARCHES = Turns(at_once=3, of_one_person=2, seconds_to_wait=2.0)  # other requests, and other people, have room left
CURSOR = r"^[0-9]{1,18}-[0-9]{1,18}-[0-9]{1,18}\Z"


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
    """Bytes `start` to `end`, lines `first` to `last`, or the last bytes (`tail`); without any of them, all of it."""

    step = serializers.CharField(required=False, max_length=254, help_text="Left out: the list of logs, as JSON.")
    attempt = serializers.IntegerField(required=False, min_value=1, help_text="Left out: the last one.")
    start = serializers.IntegerField(required=False, min_value=0, help_text="First byte, from 0.")
    end = serializers.IntegerField(required=False, min_value=0, help_text="The byte after the last one.")
    first = serializers.IntegerField(required=False, min_value=1, help_text="First line, from 1.")
    last = serializers.IntegerField(required=False, min_value=1, help_text="Last line, inclusive.")
    tail = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="So many of the last bytes; X-Log-Lines counts the lines up to their end.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        bytes_wanted = [name for name in ("start", "end") if name in attrs]
        lines_wanted = [name for name in ("first", "last") if name in attrs]
        if "step" not in attrs and len(attrs) > 0:
            raise serializers.ValidationError({"step": ["Say of which step."]})
        if bytes_wanted and lines_wanted:
            raise serializers.ValidationError({lines_wanted[0]: ["Ask for bytes or for lines, not for both."]})
        if "tail" in attrs and (bytes_wanted or lines_wanted):
            raise serializers.ValidationError({"tail": ["Ask for the end alone."]})
        if attrs.get("end", attrs.get("start", 0)) < attrs.get("start", 0):
            raise serializers.ValidationError({"end": ["Lies before start."]})
        return _lines_at_once(attrs) if lines_wanted else attrs


def _lines_at_once(attrs: dict[str, Any]) -> dict[str, Any]:
    attrs.setdefault("first", 1)
    attrs.setdefault("last", attrs["first"] + LINES_AT_ONCE - 1)
    if not attrs["first"] <= attrs["last"] < attrs["first"] + LINES_AT_ONCE:
        raise serializers.ValidationError(
            {"last": [f"Ask for 1 to {LINES_AT_ONCE:,} lines at once, the last not before the first."]}
        )
    return attrs


class OneLog(Strict):
    step = serializers.CharField(max_length=254)
    attempt = serializers.IntegerField(required=False, min_value=1, help_text="Left out: the last one.")


class TimesQuery(OneLog):
    first = serializers.IntegerField(default=1, min_value=1, help_text="First line, from 1.")
    last = serializers.IntegerField(required=False, min_value=1, help_text="Last line, inclusive.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _lines_at_once(attrs)


class SearchQuery(Strict):
    """Without `step`: the last attempt of every step."""

    q = serializers.CharField(max_length=500, trim_whitespace=False, help_text="A text, or a pattern.")
    regex = serializers.BooleanField(default=False, help_text="Whether `q` is a pattern, as RE2 knows them.")
    case = serializers.BooleanField(default=False, help_text="Whether capital letters matter.")
    step = serializers.CharField(required=False, max_length=254)
    attempt = serializers.IntegerField(required=False, min_value=1, help_text="Left out: the last one.")
    around = serializers.IntegerField(default=2, min_value=0, max_value=10, help_text="Lines before and after.")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500, help_text="Results at once, at most.")
    after = serializers.RegexField(CURSOR, required=False, max_length=60, help_text="As `next` says.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "attempt" in attrs and "step" not in attrs:
            raise serializers.ValidationError({"step": ["Say of which step."]})
        if "\n" in attrs["q"]:
            raise serializers.ValidationError({"q": ["Lines are searched one by one."]})
        return attrs


class LogGroupBody(serializers.Serializer[Any]):
    """Lines `line` (the one with the title) to `end`; 0: to the end of the log. `open`: not to be folded unasked."""

    line = serializers.IntegerField()
    end = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(["group", "heading", "quiet", "section"])
    level = serializers.IntegerField()
    open = serializers.BooleanField()


class AnnotationBody(serializers.Serializer[Any]):
    """`line` is that of the log; 0 or "" stands for what was not said."""

    line = serializers.IntegerField()
    level = serializers.ChoiceField(["error", "warning", "notice"])
    message = serializers.CharField()
    title = serializers.CharField()
    file = serializers.CharField()
    file_line = serializers.IntegerField()
    file_end_line = serializers.IntegerField()
    column = serializers.IntegerField()
    end_column = serializers.IntegerField()


class OutlineBody(serializers.Serializer[Any]):
    """`omitted` are groups and annotations beyond 10,000 of each."""

    step = serializers.CharField()
    attempt = serializers.IntegerField()
    ended = serializers.BooleanField()
    lines = serializers.IntegerField()
    groups = LogGroupBody(many=True)
    annotations = AnnotationBody(many=True)
    omitted = serializers.IntegerField()


class LineTimeBody(serializers.Serializer[Any]):
    """When a line began to arrive, and those behind it up to the next one that is named."""

    line = serializers.IntegerField()
    at = serializers.DateTimeField()


class LogTimesBody(serializers.Serializer[Any]):
    """Of lines before the first one that is named nothing is known. `at` is at most 50 milliseconds early, and never
    before that of the line above: while the clock is set back, lines have the last time before that."""

    step = serializers.CharField()
    attempt = serializers.IntegerField()
    times = LineTimeBody(many=True)


class HitBody(serializers.Serializer[Any]):
    """`matches` are [start, end) in characters of `text`. `cut`: it is a part of a long line."""

    step = serializers.CharField()
    attempt = serializers.IntegerField()
    line = serializers.IntegerField()
    text = serializers.CharField()
    matches = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    cut = serializers.BooleanField()
    before = serializers.ListField(child=serializers.CharField())
    after = serializers.ListField(child=serializers.CharField())


class SearchBody(serializers.Serializer[Any]):
    """`next` is null where everything has been searched. A page may be empty and yet have a next one."""

    results = HitBody(many=True)
    next = serializers.URLField(allow_null=True)
    searched_bytes = serializers.IntegerField()


class Logs(Resource):
    @operation(
        Needs(Permission.EXECUTION_LOG),
        query=LogQuery,
        answer=Content(
            "text/plain",
            "With `step`: the log as text/plain, with its length in X-Log-Length, and an ETag. "
            " Without: JSON, `{logs: [{step, attempt, length, lines, ended}]}`.",
            or_json=LogListBody,
            further=KNOWN,
        ),
    )
    def retrieve(self, request: Call, id: int) -> HttpResponseBase:
        """The log of a step, whole or in part; or the list of logs."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        if "step" not in request.query:
            found = rendering.encode({"logs": logs.logs(execution)})
            return HttpResponse(found, content_type="application/json")
        asked = request.query
        log = logs.log(execution, asked["step"], asked.get("attempt"))
        if "first" in asked:
            return self._lines(log, asked["first"], asked["last"])
        if "tail" in asked:
            return self._tail(request, log, asked["tail"])
        return self._bytes(request, log, asked.get("start", 0), asked.get("end", log.length))

    def _lines(self, log: logs.Log, first: int, last: int) -> HttpResponseBase:
        lines = log.lines(first, last)
        answer = _text(b"".join(line + b"\n" for line in lines))
        answer["X-Log-First"], answer["X-Log-Last"] = str(first), str(first + len(lines) - 1)
        return _described(answer, log)

    def _tail(self, request: Call, log: logs.Log, size: int) -> HttpResponseBase:
        length, lines = logs.standing(log.store, log.key)
        answer = self._bytes(request, replace(log, length=length), max(0, length - size), length)
        answer["X-Log-Lines"] = str(lines)
        return answer

    def _bytes(self, request: Call, log: logs.Log, start: int, end: int) -> HttpResponseBase:
        start, end = min(start, log.length), min(end, log.length)
        etag = hashlib.sha256(f"{log.key} {log.length} {log.ended} {start} {end}".encode()).hexdigest()[:32]
        if request.http.headers.get("If-None-Match") == f'"{etag}"':
            answer: HttpResponseBase = HttpResponse(status=304)
        else:
            answer = _text(log.pieces(start, end))
            answer["Content-Length"] = str(end - start)
        answer["ETag"] = f'"{etag}"'
        answer["X-Log-Start"], answer["X-Log-End"] = str(start), str(end)
        return _described(answer, log)

    @operation(
        Needs(Permission.EXECUTION_LOG),
        query=OneLog,
        answer=Content("text/plain", "The whole log as it was printed, as an attachment; takes Range.", further=PARTS),
        errors=(416,),
    )
    def download(self, request: Call, id: int) -> HttpResponseBase:
        """The log of a step as a file, with its digest in Repr-Digest once nothing is added any more."""
        log = self._one(request, id)
        name = f"execution-{id}-{log.step}-{log.attempt}.log"
        headers = request.http.headers
        return attachment(
            log.pieces,
            name,
            log.length,
            sha256=log.digest(),
            asked_range=headers.get("Range", ""),
            known=headers.get("If-None-Match", ""),
            media_type="text/plain; charset=utf-8",
        )

    @operation(Needs(Permission.EXECUTION_LOG), query=OneLog, answer=OutlineBody)
    def outline(self, request: Call, id: int) -> dict[str, Any]:
        """What a log says about itself: its groups, and the errors, warnings and notices that it annotates."""
        log = self._one(request, id)
        found = log.outline()
        return {"step": log.step, "attempt": log.attempt, "ended": log.ended, **asdict(found)}

    @operation(Needs(Permission.EXECUTION_LOG), query=TimesQuery, answer=LogTimesBody)
    def times(self, request: Call, id: int) -> HttpResponseBase:
        """When lines `first` to `last` of a log arrived."""
        log = self._one(request, id)
        found = [time._asdict() for time in log.times(request.query["first"], request.query["last"])]
        answer = rendering.encode({"step": log.step, "attempt": log.attempt, "times": found})
        return HttpResponse(answer, content_type="application/json")

    @operation(Needs(Permission.EXECUTION_LOG), query=SearchQuery, answer=SearchBody, errors=(429,))
    def search(self, request: Call, id: int) -> dict[str, Any]:
        """Lines with a text, in the log of one step or in the last attempt of all of them."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        asked = request.query
        if "step" in asked:
            among = [logs.log(execution, asked["step"], asked.get("attempt"))]
        else:
            among = logs.newest(execution)
        wanted = Wanted(
            text=asked["q"], regex=asked["regex"], case=asked["case"], around=asked["around"], limit=asked["limit"]
        )
        try:
            with SEARCHES.take(request.actor.user_id):
                found = search(among, wanted, after=_place(among, asked.get("after", "")))
        except BadPattern as error:
            raise serializers.ValidationError({"q": [str(error)]}) from None
        return {
            "results": [hit._asdict() for hit in found.hits],
            "next": _next(request, among, found.next),
            "searched_bytes": found.bytes,
        }

    @operation(
        Needs(Permission.EXECUTION_LOG),
        query=OneLog,
        answer=Content(
            "text/event-stream",
            "Events `log_update` with `{execution_id, step_id, step, attempt, offset, end, text}`, the id of each "
            "being the offset behind it; at last `end` with `{length, sha256}`. `Last-Event-ID` says where to go on.",
            further={204: "The log has ended there."},
        ),
    )
    def stream(self, request: Call, id: int) -> HttpResponseBase:
        """The log of a step as it grows, as Server-Sent Events.

        `logs/` with `Accept: text/event-stream` is the same.
        """
        log = self._one(request, id)
        step = queries.step(queries.execution(request.actor, id, Permission.EXECUTION_LOG), log.step)
        answer = HttpResponse(b"retry: 1000\n\n", "text/event-stream")  # what follows, the edge writes
        answer["X-Log-Step"], answer["X-Log-Step-Id"] = quote(step.key), str(step.id)
        answer["Cache-Control"] = "no-store"
        return _described(answer, replace(log, attempt=max(1, log.attempt)))  # one that has not begun will be the first

    def _one(self, request: Call, id: int) -> logs.Log:
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        return logs.log(execution, request.query["step"], request.query.get("attempt"))


def _place(among: Sequence[logs.Log], after: str) -> Place | None:
    """Where the cursor stands. One in a log that a newer attempt has replaced goes on behind it."""
    if not after:
        return None
    row, offset, lines = map(int, after.split("-"))
    for index, log in enumerate(among):
        if log.row >= row:
            return Place(index, offset, lines) if log.row == row else Place(index)
    return Place(len(among))


def _next(request: Call, among: Sequence[logs.Log], place: Place | None) -> str | None:
    if place is None:
        return None
    cursor = f"{among[place.log].row}-{place.offset}-{place.lines}"
    return replace_query_param(request.http.build_absolute_uri(), "after", cursor)


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


urlpatterns = [
    path("cicd/executions/<int:id>/logs/", Logs.as_view({"get": "retrieve"})),
    *(
        path(f"cicd/executions/<int:id>/logs/{name}/", Logs.as_view({"get": name}))
        for name in ("download", "outline", "search", "stream", "times")
    ),
]
