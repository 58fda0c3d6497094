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
where the JSON has been made already, or where it is no JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from ansflow.api.base.paging import Pages
from ansflow.api.base.policies import Policy, Public
from ansflow.api.base.serializers import Error, Strict
from ansflow.apps.actor import Actor

READS = ("GET", "HEAD", "OPTIONS")


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


def operation(
    policy: Policy,
    *,
    answer: type[serializers.BaseSerializer[Any]] | OpenApiResponse | None = None,
    body: type[Strict] | None = None,
    query: type[Strict] | None = None,
    paged: bool = False,
    many: bool = False,
    status: int = 200,
    atomic: bool = True,
    summary: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """`atomic`: what a writing operation does to the database, it does as a whole. Off where the engine writes."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(method)
        def run(self: Resource, request: Request, *args: Any, **kwargs: Any) -> Response:
            _allow(policy, request)
            call = Call(request, body=_read_body(body, request), query=_read_query(query, request, paged=paged))
            if request.method in READS or not atomic:
                found = method(self, call, *args, **kwargs)
            else:
                with transaction.atomic():
                    found = method(self, call, *args, **kwargs)
            return _render(self, found, request, answer=answer, paged=paged, many=many, status=status)

        run.policy = policy  # type: ignore[attr-defined]
        documented = extend_schema(
            summary=summary or (method.__doc__ or "").strip().split("\n")[0] or None,
            description=(method.__doc__ or "").strip() or None,
            request=body,
            parameters=[query] if query else None,
            responses={status: _described(answer, many=many or paged), **_errors(policy, body=body, query=query)},
        )
        return cast(Callable[..., Response], documented(run))

    return decorate


def whole_number(field: str, written: str, least: int, most: int) -> int:
    """A number from the query. Raises ValidationError that names the field."""
    if not (written.isascii() and written.isdigit() and len(written) < 19 and least <= int(written) <= most):
        raise serializers.ValidationError({field: [f"Wants a whole number from {least} to {most}."]})
    return int(written)


def _allow(policy: Policy, request: Request) -> None:
    if isinstance(policy, Public):
        return
    if not isinstance(request.auth, Actor):
        raise NotAuthenticated
    policy.check(request.auth)


def _read_body(body: type[Strict] | None, request: Request) -> Mapping[str, Any]:
    if request.method in READS:
        return {}
    if body is None and not request.data:
        return {}
    serializer = (body or Strict)(data=request.data, partial=request.method == "PATCH")
    serializer.is_valid(raise_exception=True)
    return cast(Mapping[str, Any], serializer.validated_data)


def _read_query(query: type[Strict] | None, request: Request, *, paged: bool) -> Mapping[str, Any]:
    own = ("page", "page_size") if paged else ()
    given = {name: value for name, value in request.query_params.items() if name not in own}
    serializer = (query or Strict)(data=given)
    serializer.is_valid(raise_exception=True)
    return cast(Mapping[str, Any], serializer.validated_data)


def _render(
    resource: Resource,
    found: Any,
    request: Request,
    *,
    answer: type[serializers.BaseSerializer[Any]] | OpenApiResponse | None,
    paged: bool,
    many: bool,
    status: int,
) -> Response:
    if isinstance(found, Response):
        return found
    if answer is None or isinstance(answer, OpenApiResponse):
        return Response(found, status=status)
    if not paged:
        return Response(answer(found, many=many).data, status=status)
    pages = Pages()
    page: Any = pages.paginate_queryset(found, request, view=resource)
    return pages.get_paginated_response(answer(page, many=True).data)


def _described(answer: Any, *, many: bool) -> Any:
    if answer is None:
        return OpenApiResponse(description="Done.")
    return answer(many=True) if many and isinstance(answer, type) else answer


def _errors(policy: Policy, *, body: type[Strict] | None, query: type[Strict] | None) -> dict[int, Any]:
    wrong = {400: Error} if body or query else {}
    closed = {} if isinstance(policy, Public) else {401: Error, 403: Error, 404: Error}
    return {**wrong, **closed}
