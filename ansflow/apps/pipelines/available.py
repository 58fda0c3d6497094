"""What this server can do of what a pipeline file may ask for."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from ansflow.core.errors import NotAvailable
from ansflow.plugins import registry
from ansflow.plugins.checking import Available
from ansflow.plugins.contracts import Executor

OFFERED = ("host", "sandbox")
"""Executors of this release. An installed plug-in's are offered too; what tests use is not."""


Queues = Callable[[], frozenset[str] | None]
_served: list[Queues] = []


def ask_workers(served: Queues) -> None:
    """Who knows which queues the workers serve, says so once per process. None: every queue."""
    _served[:] = [served]


def available() -> Available:
    """Follows from Django's settings: `ANSFLOW_EXECUTOR` (where steps run that name no place, `host` or `sandbox`) and
    `ANSFLOW_ALLOW_HOST_EXECUTOR` (the administrator's leave for `executor: host`), and from the workers that live."""
    return Available(
        server=True,
        executor=_executor,
        default_executor=settings.ANSFLOW_EXECUTOR,
        queues=_served[0]() if _served else None,
    )


def _executor(name: str) -> Executor:
    """Raises NotAvailable with a sentence."""
    if name == "host" and not settings.ANSFLOW_ALLOW_HOST_EXECUTOR:
        message = (
            "The executor 'host' is not allowed on this server: its steps could read whatever the server can. "
            "Leave 'executor' out, or ask the administrator for ANSFLOW_ALLOW_HOST_EXECUTOR=true."
        )
        raise NotAvailable(message)
    if name in registry.OWN["executors"] and name not in OFFERED:
        raise NotAvailable(f"There is no executor {name!r} here. Known: {', '.join(OFFERED)}.")
    return registry.executor(name)
