"""`make screenshots` takes a picture of every page: a route that is new is looked at before it is given out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.web.screenshots import SHOWN

ROUTES = Path(__file__).parents[2] / "web" / "src" / "app" / "routes.tsx"
ROUTE = re.compile(r"""createRoute\(\{\s*getParentRoute: (?:\(\) => )?(\w+),\s*path: "([^"]*)""")
NO_PAGE = "$"
"""The route of every address that is no page's."""


def routes() -> set[str]:
    """The paths of all pages, `$` before what stands for something; those below another one behind its own."""
    return {
        "/executions/$id" + path.rstrip("/") if parent == "execution" else path
        for parent, path in ROUTE.findall(ROUTES.read_text(encoding="utf-8"))
    }


def route_of(path: str) -> str:
    """As the router finds it: what is written out goes before what stands for something."""
    for route in sorted(routes() - {NO_PAGE}, key=lambda route: route.count("$")):
        if re.fullmatch(re.sub(r"\$\w+", "[^/]+", route), path.partition("?")[0]):
            return route
    return NO_PAGE


def test_every_route_is_found() -> None:
    assert len(routes()) == ROUTES.read_text(encoding="utf-8").count("path: ") - 1, "one is that of its first child"
    assert {"/", "/executions/$id", "/executions/$id/steps/$key", "/pipelines/new", "/sign-in"} <= routes()


@pytest.mark.parametrize("route", sorted(routes()))
def test_there_is_a_picture_of_every_route(route: str) -> None:
    assert [shot.name for shot in SHOWN if route_of(shot.path) == route]


def test_every_picture_is_of_a_page_and_has_a_name_of_its_own() -> None:
    assert {shot.name for shot in SHOWN if route_of(shot.path) == NO_PAGE} == {"not-found"}
    assert len({shot.name for shot in SHOWN}) == len(SHOWN)
