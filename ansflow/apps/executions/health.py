"""How this installation's own workers are: what the tool `local` answers."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from ansflow.apps.executions.models import Worker
from ansflow.apps.tools.checks import Health, Status
from ansflow.engine.recovery import Patience

LEASE: timedelta = Patience().lease


def look_at_workers() -> Health:
    """Workers whose lease holds; one that opened no executor has not registered at all, so it is not among them."""
    alive = list(Worker.objects.filter(seen_at__gt=timezone.now() - LEASE).order_by("name"))
    if not alive:
        last = Worker.objects.order_by("-seen_at").first()
        since = f" since {last.seen_at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return Health(Status.OFFLINE, f"No worker has been heard of{since}: nothing would run. Start one.")
    workers = f"{len(alive)} worker{'s' if len(alive) > 1 else ''}"
    slots = sum(worker.slots for worker in alive)
    levels = sorted({worker.executor for worker in alive} - {""})
    where = f", steps run in: {', '.join(levels)}" if levels else ""
    room = f" with room for {slots} step{'s' if slots > 1 else ''}" if slots else ""
    return Health(Status.AUTHENTICATED, f"{workers}{room}{where}.")
