"""The edge as one ASGI application: its own few pages, the web app, and Django for everything else."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from ansflow.edge.door import Door, Rules
from ansflow.edge.health import Health
from ansflow.edge.measures import Measures
from ansflow.edge.record import Record
from ansflow.edge.web import WebApp


def edge(
    behind: ASGIApp | None,
    rules: Rules,
    *,
    health: Health,
    measures: Measures,
    pages: Sequence[BaseRoute] = (),
    sockets: ASGIApp | None = None,
) -> ASGIApp:
    """`behind` gets what is neither a probe nor one of `pages` nor the web app's. Without it there is nothing else, and
    without `sockets` there are none."""
    routes = [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
        *pages,
    ]
    rest = None if behind is None else WebApp(behind)
    inside = Router(routes, default=rest, redirect_slashes=False)
    return Door(inside, rules, measures=measures, record=Record(), sockets=sockets)
