"""The changes of workspaces as rows: a `ChangeLog` for workers on many machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone

from ansflow.apps.executions.models import WorkspaceChange
from ansflow.apps.executions.transactions import Database, Statements
from ansflow.core.errors import Conflict, NotFound
from ansflow.core.status import StepStatus
from ansflow.engine.ports import FENCED
from ansflow.infra.storage import changes
from ansflow.infra.storage.change_log import Change

HELD = (StepStatus.RUNNING.value, StepStatus.PENDING.value)
"""Of a step whose fence is still the worker's own. Pending: it was given up, and nobody has claimed it again."""

LAST = "SELECT MAX([number]) FROM [WorkspaceChange] WHERE [execution_id] = %s"
INSERT = (
    "INSERT INTO [WorkspaceChange] ([execution_id], [number], [worker], [step], [at], [body]) "
    "VALUES (%s, %s, %s, %s, %s, %s)"
)


class DjangoChanges:
    """Who adds holds the row of the execution meanwhile, as every decision does: the numbers have no gaps."""

    def __init__(self, alias: str = "default") -> None:
        self._database = Database(alias)

    def begin(self, execution: int, bodies: Sequence[bytes]) -> None:
        def work(statements: Statements) -> None:
            self._hold(statements, execution)
            if self._last(statements, execution) < 0:
                for number, body in enumerate(bodies):
                    statements.run(INSERT, (execution, number, "", "", timezone.now(), body))

        self._database.write(work)

    def add(self, execution: int, *, worker: str, step: str, fence: int, body: bytes) -> int:
        def work(statements: Statements) -> int:
            self._hold(statements, execution)
            found = statements.fetch(
                "SELECT [status], [fence] FROM [Step] WHERE [execution_id] = %s AND [key] = %s", (execution, step)
            )
            if not found or found[0][1] != fence or found[0][0] not in HELD:
                raise Conflict(f"Another worker has {step} by now, or it has ended.", code=FENCED)
            number = max(0, self._last(statements, execution)) + 1
            statements.run(INSERT, (execution, number, worker, step, timezone.now(), body))
            return number

        return self._database.write(work)

    def after(self, execution: int, number: int) -> Sequence[Change]:
        found = self._database.read(
            "SELECT [number], [worker], [body] FROM [WorkspaceChange] WHERE [execution_id] = %s AND [number] > %s "
            "ORDER BY [number]",
            (execution, number),
        )
        return [Change(number, worker, bytes(body)) for number, worker, body in found]

    def last(self, execution: int) -> int:
        ((found,),) = self._database.read(LAST, (execution,))
        return -1 if found is None else int(found)

    def remove(self, execution: int) -> None:
        self._database.write(
            lambda statements: statements.run("DELETE FROM [WorkspaceChange] WHERE [execution_id] = %s", (execution,))
        )

    def _hold(self, statements: Statements, execution: int) -> None:
        if not statements.fetch("SELECT [id] FROM [Execution] WHERE [id] = %s", (execution,), lock=True):
            raise NotFound(f"There is no execution {execution}.")

    def _last(self, statements: Statements, execution: int) -> int:
        ((found,),) = statements.fetch(LAST, (execution,))
        return -1 if found is None else int(found)


def named() -> Iterator[str]:
    """The digests of all contents that some workspace needs."""
    bodies = WorkspaceChange.objects.order_by("id").values_list("body", flat=True)
    for body in bodies.iterator(chunk_size=50):
        yield from changes.digests(changes.read(bytes(body)))
