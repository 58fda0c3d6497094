"""How this installation's own workers are: what the tool `local` answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import QuerySet

from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import Worker
from ansflow.apps.tools.checks import Health, Status
from ansflow.engine.recovery import Patience

LEASE: timedelta = Patience().lease

_lacks: list[Callable[[], str]] = []


def also_needs(lacks: Callable[[], str]) -> None:
    """Of an installation whose steps need more than workers: `lacks` says as a sentence what is not there."""
    _lacks[:] = [lacks]


def alive() -> QuerySet[Worker]:
    """Workers whose lease holds."""
    return Worker.objects.filter(seen_at__gt=database_time() - LEASE)


def look_at_workers() -> Health:
    """Workers whose lease holds; one that opened no executor has not registered at all, so it is not among them."""
    found = list(alive().order_by("name"))
    if not found:
        last = Worker.objects.order_by("-seen_at").first()
        since = f" since {last.seen_at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return Health(Status.OFFLINE, f"No worker has been heard of{since}: nothing would run. Start one.")
    for lacking in filter(None, (lacks() for lacks in _lacks)):
        return Health(Status.ERROR, lacking)
    workers = f"{len(found)} worker{'s' if len(found) > 1 else ''}"
    slots = sum(worker.slots for worker in found)
    levels = sorted({worker.executor for worker in found} - {""})
    where = f", steps run in: {', '.join(levels)}" if levels else ""
    room = f" with room for {slots} step{'s' if slots > 1 else ''}" if slots else ""
    return Health(Status.AUTHENTICATED, f"{workers}{room}{where}.")
