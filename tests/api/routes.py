"""Every route that Django knows, walked from the URL configuration itself: none can be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from ansflow.api.base.operations import Operation

NOT_OURS = ("/admin/", "/static/")  # Django's own site for operators has a test of its own
CONVERTED = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>\w+)>")


@dataclass(frozen=True)
class Route:
    """`path` as the schema writes it: `/api/v1/projects/{id}/`. `operation` None: a plain view of Django."""

    method: str
    path: str
    view: str
    operation: Operation | None
    policy: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")


def routes() -> list[Route]:
    return sorted(_walk(get_resolver(), "/"), key=lambda route: (route.path, route.method))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = prefix + CONVERTED.sub(r"{\g<name>}", str(pattern.pattern))
        if path.startswith(NOT_OURS):
            continue
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        else:
            yield from _of_view(pattern, path)


def _of_view(pattern: URLPattern, path: str) -> Iterator[Route]:
    actions = getattr(pattern.callback, "actions", None)
    if not actions:
        yield Route("GET", path, pattern.callback.__qualname__, None, getattr(pattern.callback, "policy", None))
        return
    resource = pattern.callback.cls
    for method, action in actions.items():
        if method != "head":  # Django answers HEAD where there is a GET
            found = getattr(getattr(resource, action), "operation", None)
            yield Route(method.upper(), path, f"{resource.__name__}.{action}", found, found and found.policy)
