"""Queues of the broker, by the queue of workers that a step asks for with `runs_on`."""

from __future__ import annotations

from ansflow.core.plan import QUEUE

PREFIX = "ansflow."
CHORES = "ansflow.chores"
"""Where the installation's own periodic work is called. Every worker serves it."""


def may_be_served(queue: str) -> bool:
    """Whether workers can have it."""
    return QUEUE.fullmatch(queue) is not None and broker_queue(queue) != CHORES


def broker_queue(queue: str) -> str:
    return f"{PREFIX}{queue}"


def queue_behind(broker_queue: str) -> str:
    """The queue of workers behind a broker's; "" where it is none."""
    name = broker_queue.removeprefix(PREFIX)
    return name if name != broker_queue and may_be_served(name) else ""
