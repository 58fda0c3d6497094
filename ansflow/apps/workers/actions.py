"""What operators tell workers. A worker reads its wish at each of its beats, and obeys then."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from ansflow.apps.accounts.rules import need_operator
from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.executions.models import Worker
from ansflow.apps.workers import queries
from ansflow.apps.workers.queries import Command, Row, State
from ansflow.core.errors import Conflict

WISHES: Mapping[Command, str] = {Command.DRAIN: Worker.Wish.DRAIN, Command.RESUME: "", Command.STOP: Worker.Wish.STOP}


@transaction.atomic
def command(actor: Actor, worker_id: int, asked: Command) -> Row:
    """Tells a worker to drain, to take steps again, or to end. What it does already changes nothing.

    Raises Forbidden but for operators, NotFound, and Conflict for a worker that would not hear it.
    """
    need_operator(actor)
    row = Worker.objects.select_for_update().filter(id=worker_id).first()
    known, wish = queries.worker(actor, worker_id), WISHES[asked]
    if row is None or row.wish == wish:
        return known
    if asked.value not in known["commands"]:
        raise _unheard(row.name, State(known["state"]))
    Worker.objects.filter(id=worker_id).update(wish=wish)
    record(
        actor,
        f"worker.{asked.value}",
        object_type="worker",
        object_id=row.id,
        object_name=row.name,
        before={"wish": row.wish},
        after={"wish": wish},
    )
    return queries.worker(actor, worker_id)


def _unheard(name: str, state: State) -> Conflict:
    if state is State.LOST:
        return Conflict(f"{name} has not been heard of, so nothing can be said to it.", code="worker_lost")
    if state is State.STOPPING:
        return Conflict(f"{name} is to end: resume it while it runs something, or start it again.", code="worker_ends")
    return Conflict(f"{name} is this server itself: drain it, or stop the server.", code="worker_is_server")
