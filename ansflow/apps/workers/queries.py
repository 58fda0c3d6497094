"""Questions about workers and queues. Tenants share both, and see of each other numbers only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Case, Count, Exists, Min, OuterRef, Q, QuerySet, When

from ansflow.apps.accounts.rules import need_operator
from ansflow.apps.actor import Actor
from ansflow.apps.executions import running
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import StepExecution, Worker
from ansflow.apps.executions.workers import LEASE, alive, all_drain, is_newest, queues_of, served, serving
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.core.errors import Forbidden, NotFound
from ansflow.core.status import StepStatus
from ansflow.plugins.checking import no_worker

REMEMBERED = timedelta(minutes=10)  # for which a worker that has fallen silent, and holds nothing, is still told of


class State(StrEnum):
    ONLINE = "online"
    DRAINING = "draining"  # something still runs, or it has not heard of it yet
    DRAINED = "drained"
    STOPPING = "stopping"
    LOST = "lost"  # not heard of for longer than its lease


class Command(StrEnum):
    DRAIN = "drain"
    RESUME = "resume"
    STOP = "stop"


OBEYED: Mapping[State, tuple[Command, ...]] = {
    State.ONLINE: (Command.DRAIN, Command.STOP),
    State.DRAINING: (Command.RESUME, Command.STOP),
    State.DRAINED: (Command.RESUME, Command.STOP),
    State.STOPPING: (Command.RESUME,),
    State.LOST: (),
}
"""What changes something: see `obeyed`."""

Row = dict[str, Any]


class Listed:
    """What a page of workers is cut from: each as the API gives it out, with its running steps."""

    def __init__(self, actor: Actor, found: QuerySet[Worker], now: datetime) -> None:
        self._actor = actor
        self._found = found
        self._now = now

    def count(self) -> int:
        return self._found.count()

    def __getitem__(self, part: slice) -> list[Row]:
        workers = list(self._found[part])
        steps = _running(self._actor, [worker.boot for worker in workers])
        return [_row(self._actor, worker, steps[worker.boot], self._now) for worker in workers]


def workers(actor: Actor, *, name: str = "") -> Listed:
    """Those that live first, by name. A former life of a worker is among them while it holds steps, and one that fell
    silent without a word for some minutes."""
    now = database_time()
    lives = Case(When(is_newest() & Q(seen_at__gt=now - LEASE), then=0), default=1)
    found = _shown(now).order_by(lives, "name", "id")
    return Listed(actor, found.filter(name=name) if name else found, now)


def worker(actor: Actor, worker_id: int) -> Row:
    """Raises NotFound."""
    now = database_time()
    found = Listed(actor, _shown(now).filter(id=worker_id), now)[0:1]
    if not found:
        raise NotFound("There is no such worker.")
    return found[0]


def queues(actor: Actor) -> list[Row]:
    """Every queue that a living worker serves, or in which steps that the actor may see wait or run; by name."""
    now = database_time()
    living = list(alive(now))
    offered = StepExecution.objects.filter(offered_at__isnull=False)
    waiting = {
        queue: (count, oldest)
        for queue, count, oldest in offered.values_list("queue").annotate(n=Count("id"), oldest=Min("offered_at"))
    }
    runs = dict(_in_work().values_list("queue").annotate(n=Count("id")))
    names = {queue for one in living for queue in queues_of(one)}
    names |= {*waiting, *runs} if actor.is_superuser else _known_to(actor)
    return [_queue(name, living, waiting.get(name, (0, None)), runs.get(name, 0), now) for name in sorted(names)]


def state_of(worker: Worker, *, holds: int, now: datetime) -> State:
    """`worker` as `_shown` finds it; `holds` is how many steps it runs."""
    if not worker.newest or worker.seen_at <= now - LEASE:  # type: ignore[attr-defined]
        return State.LOST
    if worker.wish == Worker.Wish.STOP:
        return State.STOPPING
    if worker.wish == Worker.Wish.DRAIN:
        return State.DRAINING if holds or not worker.heeds else State.DRAINED
    return State.ONLINE


def obeyed(worker: Worker, state: State, *, holds: int) -> tuple[Command, ...]:
    """What the worker would do if it were told. One that is to stop and holds nothing ends before it could hear more.

    The worker inside this very server is not stopped: whoever ends a server does it where it was started.
    """
    if state is State.STOPPING and worker.heeds == Worker.Wish.STOP and not holds:
        return ()
    return tuple(one for one in OBEYED[state] if one is not Command.STOP or worker.boot != running.own_boot())


def _shown(now: datetime) -> QuerySet[Worker]:
    """With `newest`: no later life of the same worker is known."""
    holds = Exists(_in_work().filter(worker=OuterRef("boot")))
    heard = Q(seen_at__gt=now - LEASE) | (Q(seen_at__gt=now - REMEMBERED) & ~Q(wish=Worker.Wish.STOP))
    return Worker.objects.annotate(newest=is_newest()).filter(Q(holds) | (Q(is_newest()) & heard))


def _in_work() -> QuerySet[StepExecution]:
    return StepExecution.objects.filter(status=StepStatus.RUNNING.value)


def _running(actor: Actor, boots: Sequence[str]) -> Mapping[str, list[Row]]:
    """The running steps of each worker, oldest first; `seen` says whether the actor may know which they are."""
    mine = access.allowed(actor, Permission.EXECUTION_VIEW).filter(id=OuterRef("execution__project_id"))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in (
        _in_work()
        .filter(worker__in=boots)
        .annotate(seen=Exists(mine))
        .order_by("started_at", "id")
        .values(
            *("worker", "seen", "execution_id", "key", "name", "started_at"),
            *("execution__number", "execution__pipeline__name", "execution__project__name"),
        )
    ):
        found[row.pop("worker")].append(row)
    return found


def _row(actor: Actor, worker: Worker, steps: Iterable[Row], now: datetime) -> Row:
    held = list(steps)
    state = state_of(worker, holds=len(held), now=now)
    return {
        "id": worker.id,
        "name": worker.name,
        "host": worker.host if actor.is_superuser else None,
        "state": state.value,
        "queues": queues_of(worker),
        "slots": worker.slots,
        "running": len(held),
        "steps": [_step(step) for step in held if step["seen"]],
        "executor": worker.executor,
        "version": worker.version,
        "load": worker.load,
        "started_at": worker.started_at,
        "seen_at": worker.seen_at,
        "silent_seconds": _since(worker.seen_at, now),
        "commands": [one.value for one in obeyed(worker, state, holds=len(held))] if may_command(actor) else [],
    }


def may_command(actor: Actor) -> bool:
    """The rule is `need_operator`, which commands go by."""
    try:
        need_operator(actor)
    except Forbidden:
        return False
    return True


def _step(row: Row) -> Row:
    return {
        "execution": row["execution_id"],
        "number": row["execution__number"],
        "pipeline_name": row["execution__pipeline__name"],
        "project_name": row["execution__project__name"],
        "step": row["key"],
        "name": row["name"],
        "started_at": row["started_at"],
    }


def _known_to(actor: Actor) -> set[str]:
    """Names of queues are what people wrote into pipelines: another tenant's are not told."""
    seen = StepExecution.objects.filter(execution__project__in=access.allowed(actor, Permission.EXECUTION_VIEW))
    moving = seen.filter(Q(offered_at__isnull=False) | Q(status=StepStatus.RUNNING.value))
    return set(moving.order_by().values_list("queue", flat=True).distinct())


def _queue(
    name: str, living: Sequence[Worker], waiting: tuple[int, datetime | None], running: int, now: datetime
) -> Row:
    count, oldest = waiting
    here = serving(name, living)
    reason, message = _trouble(name, living, here) if count else ("", "")
    return {
        "name": name,
        "waiting": count,
        "oldest_at": oldest,
        "oldest_seconds": _since(oldest, now) if oldest else None,
        "running": running,
        "slots": sum(worker.slots for worker in here),
        "workers": [worker.name for worker in here],
        "reason": reason,
        "message": message,
    }


def _trouble(name: str, living: Sequence[Worker], here: Sequence[Worker]) -> tuple[str, str]:
    """Why steps wait there in vain; ("", "") where they only wait for their turn."""
    if not here:
        return "no_worker", no_worker(name, served(living) or ())
    message = all_drain(name, here)
    return ("draining", message) if message else ("", "")


def _since(at: datetime, now: datetime) -> float:
    return round(max((now - at).total_seconds(), 0.0), 1)
