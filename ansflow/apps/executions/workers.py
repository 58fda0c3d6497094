"""The workers that are there: which queues they serve."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from ansflow.apps.executions.health import alive as with_lease
from ansflow.apps.executions.models import StepExecution, Worker
from ansflow.core.status import StepStatus

FORGOTTEN = timedelta(hours=1)


def alive() -> list[Worker]:
    """Of each name the newest life, where its lease holds; by name. One that opened no executor has not registered at
    all, so it is not among them."""
    return list({row.name: row for row in with_lease().order_by("name", "started_at")}.values())


def queues_of(worker: Worker) -> frozenset[str]:
    """Empty: it serves every queue."""
    return frozenset(filter(None, worker.queues.split(",")))


def serving(queue: str, workers: Iterable[Worker]) -> list[Worker]:
    return [worker for worker in workers if not queues_of(worker) or queue in queues_of(worker)]


def served(workers: Iterable[Worker] | None = None) -> frozenset[str] | None:
    """The queues that some worker serves; None where one serves every queue."""
    found = [queues_of(worker) for worker in (alive() if workers is None else workers)]
    return frozenset().union(*found) if all(found) else None


def forget_former() -> int:
    """Lives of workers that are long over and hold nothing: how many were removed."""
    held = StepExecution.objects.filter(status=StepStatus.RUNNING.value).values_list("worker", flat=True)
    over = Worker.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN)
    former = [row.id for row in over if row.boot not in set(held)]
    return Worker.objects.filter(id__in=former).delete()[0]
