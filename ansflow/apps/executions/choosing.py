"""The questions behind `DjangoStore.choose`: what waits and what runs, counted by the database.

However many steps are on offer, what comes back is a row for each execution, priority and queue, and of each project
only as many as may come first. `core.fairness` puts these in order; then the few that were chosen are looked up.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime

from ansflow.apps.executions import rows
from ansflow.apps.executions.transactions import Database, Statements
from ansflow.core.errors import NotFound
from ansflow.core.fairness import Standing, Turns, Waiting, fair
from ansflow.core.status import StepStatus
from ansflow.engine.ports import Choice, OnOffer, limit_reached

ENOUGH = 20  # rows of a project by priority, and as many by age: among these its executions take turns
_RUNNING = StepStatus.RUNNING.value
_JOINED = "[Step] s JOIN [Execution] e ON e.[id] = s.[execution_id]"

_STANDING = (
    f"SELECT e.[project_id], s.[execution_id], COUNT(*) FROM {_JOINED} WHERE s.[status] = %s"
    " GROUP BY e.[project_id], s.[execution_id]"
)
_GROUP = "[execution_id], [queue], [priority]"
_OLDEST = "[since], [execution_id]"
_LIMITS = "SELECT [id], [max_parallel_steps] FROM [Project] WHERE [max_parallel_steps] IS NOT NULL"


def choose(db: Database, turns: Turns, queues: Sequence[str], *, most: int, now: datetime) -> Choice:
    """Others claim between these questions: a worker that took what is gone for all there was would sleep over the
    rest."""
    found = waiting(db, queues, enough=max(ENOUGH, most + 1))
    if not found:
        return Choice([])
    chosen, held_back = fair(found, standing(db), turns, most=most + 1, now=now)
    there = {one: deque(steps(db, one, number)) for one, number in Counter(chosen).items()}
    taken = [(one, there[one].popleft()) for one in chosen if there[one]]
    turns.took(one for one, _ in taken[:most])  # the one that is left has had no turn
    offers = [offer for _, offer in taken]
    return Choice(offers[:most], next(iter(offers[most:]), None), held_back, whole=len(offers) == len(chosen))


def waiting(db: Database, queues: Sequence[str], *, enough: int) -> list[Waiting]:
    wanted = f" AND [queue] IN ({', '.join(['%s'] * len(queues))})" if queues else ""
    grouped = (  # before anything is joined: the index alone has the answer
        f"SELECT {_GROUP}, COUNT(*) AS [number], MIN([offered_at]) AS [since] FROM [Step]"
        f" WHERE [offered_at] IS NOT NULL{wanted} GROUP BY {_GROUP}"
    )
    ranked = (
        f"SELECT [project_id], g.*, ROW_NUMBER() OVER"
        f" (PARTITION BY [project_id] ORDER BY g.[priority] DESC, {_OLDEST}) AS [first],"
        f" ROW_NUMBER() OVER (PARTITION BY [project_id] ORDER BY {_OLDEST}) AS [old]"
        f" FROM ({grouped}) g JOIN [Execution] e ON e.[id] = g.[execution_id]"
    )
    found = db.read(
        "SELECT [project_id], [execution_id], [queue], [priority], [number], [since]"
        f" FROM ({ranked}) r WHERE [first] <= %s OR [old] <= %s",
        [*queues, enough, enough],
    )
    return [Waiting(p, e, queue, priority, n, rows.aware_time(since)) for p, e, queue, priority, n, since in found]


def standing(db: Database) -> Standing:
    projects: Counter[int] = Counter()
    executions: dict[int, int] = {}
    for project, execution, number in db.read(_STANDING, [_RUNNING]):
        projects[project] += number
        executions[execution] = number
    return Standing(projects=projects, executions=executions, limits=limits(db))


def limits(db: Database) -> Mapping[int, int]:
    """Of those projects that have one."""
    return dict(db.read(_LIMITS))


def project_of(db: Database, execution: int) -> int:
    found = db.read("SELECT [project_id] FROM [Execution] WHERE [id] = %s", [execution])
    if not found:
        raise NotFound(f"There is no execution {execution}.")
    return int(found[0][0])


def check_limit(to: Statements, execution: int) -> None:
    """Within the transaction that starts a step: raises Conflict where one step too many runs with it.

    The row of the project is locked, so that of two that start steps at once the second counts those of the first.
    """
    ((limit, project),) = to.fetch(
        "SELECT [max_parallel_steps], [id] FROM [Project] WHERE [id] ="
        " (SELECT [project_id] FROM [Execution] WHERE [id] = %s)",
        [execution],
        lock=True,
    )
    if limit is not None:
        counted = f"SELECT COUNT(*) FROM {_JOINED} WHERE s.[status] = %s AND e.[project_id] = %s"
        ((running,),) = to.fetch(counted, [_RUNNING, project])
        if running > limit:
            raise limit_reached(limit)


def steps(db: Database, one: Waiting, number: int) -> list[OnOffer]:
    """The oldest of them."""
    found = db.read(
        "SELECT [key], [offered_at] FROM [Step] WHERE [execution_id] = %s AND [offered_at] IS NOT NULL"
        f" AND [queue] = %s AND [priority] = %s ORDER BY [offered_at], [id] LIMIT {number:d}",
        [one.execution, one.queue, one.priority],
    )
    return [OnOffer(one.execution, key, one.queue, rows.aware_time(since)) for key, since in found]
