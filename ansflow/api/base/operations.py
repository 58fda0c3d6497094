"""An operation of the API: its policy, what it takes, what it answers. Said once; checked and documented from there.

    class Projects(Resource):
        @operation(SignedIn(), answer=ProjectBody, paged=True, query=ProjectFilter)
        def list(self, request: Call) -> Iterable[Project]:
            return queries.projects(request.actor, **request.query)

        @operation(SignedIn(Scope.WRITE), body=NewProject, answer=ProjectBody, status=201)
        def create(self, request: Call) -> Project:
            return actions.create(request.actor, **request.body)

    urlpatterns = [path("projects/", Projects.as_view({"get": "list", "post": "create"}))]

A method returns what `answer` renders: an object, a mapping, a query set (paged). It returns a Response of its own
where the JSON has been made already, and Django's HttpResponse where it is no JSON (`answer=Content("text/plain")`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from ansflow.api.base.paging import Pages
from ansflow.api.base.parsing import MOST_INTEGER, holdable, refuse
from ansflow.api.base.policies import Policy, Public
from ansflow.api.base.serializers import JSON, Strict
from ansflow.apps.actor import Actor
from ansflow.core.errors import NotFound

READS = ("GET", "HEAD")


class Call:
    """One request, checked: who asks (`actor`), and the fields of body and query."""

    def __init__(self, request: Request, *, body: Mapping[str, Any], query: Mapping[str, Any]) -> None:
        self.http = request
        self.body = body
        self.query = query

    @property
    def actor(self) -> Actor:
        return cast(Actor, self.http.auth)


class Resource(ViewSet):
    """A resource whose methods are operations. `permission_classes` is empty: the policy of each operation decides."""

    permission_classes = ()
    http_method_names = ("get", "head", "post", "put", "patch", "delete")  # OPTIONS would be answered without a policy


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is no JSON; or, where `or_json` is given, sometimes that.

    `further`: other statuses of a good end, each with its meaning; only 206 has content.
    """

    media_type: str
    description: str = "The content."
    or_json: type[serializers.BaseSerializer[Any]] | None = None
    further: Mapping[int, str] = field(default_factory=dict)


Answer = type[serializers.BaseSerializer[Any]] | Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What an operation declares. Its method carries it as `operation`."""

    policy: Policy
    answer: Answer | None
    body: type[Strict] | None
    query: type[Strict] | None
    paged: bool
    many: bool
    status: int
    atomic: bool
    summary: str
    description: str
    errors: tuple[int, ...]


def operation(
    policy: Policy,
    *,
    answer: Answer | None = None,
    body: type[Strict] | None = None,
    query: type[Strict] | None = None,
    paged: bool = False,
    many: bool = False,
    status: int = 200,
    atomic: bool = True,
    summary: str = "",
    errors: tuple[int, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """`atomic`: what a writing operation does to the database, it does as a whole. Off where the engine writes.

    `errors`: statuses beyond those that follow from the rest (`schema.failures`), such as 429 or 502.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Response]:
        description = (method.__doc__ or "").strip()
        declared = Operation(
            policy=policy,
            answer=answer,
            body=body,
            query=query,
            paged=paged,
            many=many,
            status=status,
            atomic=atomic,
            summary=summary or description.split("\n", maxsplit=1)[0],
            description=description,
            errors=errors,
        )

        @wraps(method)
        def run(self: Resource, request: Request, *args: Any, **kwargs: Any) -> Any:
            _allow(policy, request)
            _known(kwargs)
            call = Call(request, body=_read_body(body, request), query=_read_query(query, request, paged=paged))
            if request.method in READS or not atomic:
                found = method(self, call, *args, **kwargs)
            else:
                with transaction.atomic():
                    found = method(self, call, *args, **kwargs)
            return _render(self, found, request, declared)

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return decorate


def _allow(policy: Policy, request: Request) -> None:
    if isinstance(policy, Public):
        return
    if not isinstance(request.auth, Actor):
        raise NotAuthenticated
    policy.check(request.auth)


def _known(place: Mapping[str, Any]) -> None:
    """Nothing has a number beyond 64 bits, or a name that cannot be stored: databases must not be asked for them."""
    for value in place.values():
        if value > MOST_INTEGER if isinstance(value, int) else isinstance(value, str) and not holdable(value):
            raise NotFound("There is no such thing.")


def _read_body(body: type[Strict] | None, request: Request) -> Mapping[str, Any]:
    if request.method in READS:
        return {}
    if body is None and not request.data:
        return {}
    serializer = (body or Strict)(data=request.data, partial=request.method == "PATCH", context={JSON: True})
    serializer.is_valid(raise_exception=True)
    return cast(Mapping[str, Any], serializer.validated_data)


def _read_query(query: type[Strict] | None, request: Request, *, paged: bool) -> Mapping[str, Any]:
    own = ("page", "page_size") if paged else ()
    given = {name: value for name, value in request.query_params.items() if name not in own}
    refuse(given)
    serializer = (query or Strict)(data=given)
    serializer.is_valid(raise_exception=True)
    refuse(dict(serializer.validated_data))
    return cast(Mapping[str, Any], serializer.validated_data)


def _render(resource: Resource, found: Any, request: Request, declared: Operation) -> Any:
    answer, status = declared.answer, declared.status
    if isinstance(found, HttpResponseBase):
        return found
    if answer is None or isinstance(answer, Content):
        return Response(found, status=status)
    if not declared.paged:
        return Response(answer(found, many=declared.many).data, status=status)
    pages = Pages()
    page: Any = pages.paginate_queryset(found, request, view=resource)
    return pages.get_paginated_response(answer(page, many=True).data)
