"""How this installation's own workers are: what the tool `local` answers."""

from __future__ import annotations

from collections.abc import Callable

from ansflow.apps.executions import workers
from ansflow.apps.executions.models import Worker
from ansflow.apps.tools.checks import Health, Status

_lacks: list[Callable[[], str]] = []


def also_needs(lacks: Callable[[], str]) -> None:
    """Of an installation whose steps need more than workers: `lacks` says as a sentence what is not there."""
    _lacks[:] = [lacks]


def look_at_workers() -> Health:
    found = list(workers.alive())
    if not found:
        last = Worker.objects.order_by("-seen_at").first()
        since = f" since {last.seen_at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return Health(Status.OFFLINE, f"No worker has been heard of{since}: nothing would run. Start one.")
    for lacking in filter(None, (lacks() for lacks in _lacks)):
        return Health(Status.ERROR, lacking)
    count = f"{len(found)} worker{'s' if len(found) > 1 else ''}"
    slots = sum(worker.slots for worker in found)
    levels = sorted({worker.executor for worker in found} - {""})
    where = f", steps run in: {', '.join(levels)}" if levels else ""
    room = f" with room for {slots} step{'s' if slots > 1 else ''}" if slots else ""
    return Health(Status.AUTHENTICATED, f"{count}{room}{where}.")
