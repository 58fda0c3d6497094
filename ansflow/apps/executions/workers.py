"""The workers that are there: which of them live, and which queues they serve.

Whether a worker lives is judged by the clock of the database, so that every server judges alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import NegatedExpression

from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import StepExecution, Worker
from ansflow.core.status import StepStatus
from ansflow.engine.recovery import PATIENCE

LEASE = PATIENCE.lease
FORGOTTEN = timedelta(hours=1)


def alive(now: datetime | None = None) -> QuerySet[Worker]:
    """Of each name the newest life, where its lease holds; by name. One that opened no executor has not registered at
    all, so it is not among them."""
    return Worker.objects.filter(is_newest(), seen_at__gt=(now or database_time()) - LEASE).order_by("name")


def others(name: str) -> Mapping[str, datetime]:
    """Lives of other workers than that one whose lease holds: when each was heard of for the last time."""
    return dict(alive().exclude(name=name).values_list("boot", "seen_at"))


def is_newest() -> NegatedExpression[Any]:
    """A condition: no later life of the same worker is known."""
    return ~Exists(Worker.objects.filter(name=OuterRef("name"), id__gt=OuterRef("id")))


def queues_of(worker: Worker) -> list[str]:
    """Those that it serves; none: it serves every one."""
    return [name for name in worker.queues.split(",") if name]


def serving(queue: str, workers: Iterable[Worker]) -> list[Worker]:
    return [worker for worker in workers if queue in (queues_of(worker) or [queue])]


def all_drain(queue: str, here: Iterable[Worker]) -> str:
    """A sentence where those who serve a queue take nothing new; "" where one does, or nobody serves it."""
    wishes = [worker.wish for worker in here]
    if not wishes or not all(wishes):
        return ""
    return f"Every worker that serves the queue {queue} is draining: resume one, or start another."


def served(workers: Iterable[Worker] | None = None) -> frozenset[str] | None:
    """The queues that some worker serves; None where one serves every queue."""
    found = [queues_of(worker) for worker in (alive() if workers is None else workers)]
    return frozenset().union(*found) if all(found) else None


def forget_former() -> int:
    """Lives of workers that are long over and hold nothing: how many were removed."""
    held = StepExecution.objects.filter(status=StepStatus.RUNNING.value).values_list("worker", flat=True)
    over = Worker.objects.filter(seen_at__lt=database_time() - FORGOTTEN)
    former = [row.id for row in over if row.boot not in set(held)]
    return Worker.objects.filter(id__in=former).delete()[0]
