"""Django behind the edge: in threads of the same process, each with a connection to the database of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.http import HttpRequest, HttpResponse
from starlette.types import ASGIApp

THREADS = 8
HOLE = re.compile(r"<(?:\w+:)?(\w+)>")


def in_threads(application: Callable[..., Any]) -> ASGIApp:
    """A WSGI application as an ASGI one. The only place that knows a2wsgi."""
    return cast(ASGIApp, WSGIMiddleware(application, workers=THREADS))


class NameOperation:
    """Django's middleware that tells the door which operation a request was for: its route, never its numbers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        scope = request.META.get("asgi.scope")
        if scope is not None and request.resolver_match is not None:
            scope["state"]["operation"] = _operation(request.resolver_match.route)


@cache
def _operation(route: str) -> str:
    """As the reference of the API writes it: `/api/v1/projects/{id}/`."""
    return "/" + HOLE.sub(r"{\1}", route)
