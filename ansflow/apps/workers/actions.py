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
DEAF: Mapping[State, tuple[str, str]] = {
    State.LOST: ("worker_lost", "{} has not been heard of, so nothing can be said to it."),
    State.STOPPING: ("worker_stopping", "{} ends once its steps have ended: start it again then."),
}


@transaction.atomic
def command(actor: Actor, worker_id: int, asked: Command) -> Row:
    """Tells a worker to drain, to take steps again, or to end. What it does already changes nothing.

    Raises Forbidden but for operators, NotFound, and Conflict for a worker that would not hear it.
    """
    need_operator(actor)
    row = Worker.objects.select_for_update().filter(id=worker_id).first()
    known = queries.worker(actor, worker_id)
    state, wish = State(known["state"]), WISHES[asked]
    if row is None or row.wish == wish:
        return known
    if state in DEAF:
        code, sentence = DEAF[state]
        raise Conflict(sentence.format(row.name), code=code)
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
