"""What steps on offer wait for, as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

from ansflow.apps.actor import Actor
from ansflow.apps.executions import choosing, queries, workers
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import PipelineExecution, StepExecution, Worker
from ansflow.apps.executions.transactions import Database
from ansflow.core.fairness import Standing, Turns, fair
from ansflow.core.status import StepStatus
from ansflow.plugins.checking import NO_WORKER_AT_ALL, no_worker

MOST = 200  # places in the order of a queue that are counted
NAMED = 5  # of what holds the slots


class Waits:
    """Of one execution, told to one person: of executions that he may not see he learns only how many steps run.

    Everything is looked up at most once, and only if something is asked.
    """

    def __init__(self, actor: Actor, execution: PipelineExecution) -> None:
        self._actor = actor
        self._execution = execution
        self._db = Database("default")
        self._places: dict[str, Mapping[str, int]] = {}

    def of(self, row: StepExecution) -> str:
        """Why nobody runs this step, which is on offer."""
        serving = workers.serving(row.queue, self._workers)
        if not self._workers:
            return NO_WORKER_AT_ALL
        if not serving:
            return no_worker(row.queue, workers.served(self._workers) or ())
        if all_drain := workers.all_drain(row.queue, serving):
            return all_drain
        limit = self._standing.limits.get(self._execution.project_id)
        if limit is not None and self._standing.projects.get(self._execution.project_id, 0) >= limit:
            return f"Its project may run {limit} steps at once, and does: {self._named(self._of_project())}."
        place = self._in_order(row.queue).get(row.key)
        number = f"number {place}" if place else f"behind more than {MOST} others"
        who = ", ".join(f"{one.name} ({one.slots} slots{_WISHES.get(one.wish, '')})" for one in serving)
        held = self._held_by(serving)
        holding = f" Their slots are held by {self._named(held)}." if held else " Their slots are free."
        return f"It is {number} in the order of the queue {row.queue}. Workers that serve it: {who}.{holding}"

    @cached_property
    def _workers(self) -> list[Worker]:
        return list(workers.alive())

    @cached_property
    def _standing(self) -> Standing:
        return choosing.standing(self._db)

    @cached_property
    def _running(self) -> list[StepExecution]:
        rows = StepExecution.objects.filter(status=StepStatus.RUNNING.value).order_by("started_at", "id")
        return list(rows.select_related("execution__pipeline"))

    @cached_property
    def _seen(self) -> frozenset[int]:
        """Executions whose steps run, and which this person may see."""
        running = {row.execution_id for row in self._running}
        return frozenset(queries.executions(self._actor).filter(id__in=running).values_list("id", flat=True))

    def _of_project(self) -> list[StepExecution]:
        return [row for row in self._running if row.execution.project_id == self._execution.project_id]

    def _held_by(self, serving: Iterable[Worker]) -> list[StepExecution]:
        boots = {worker.boot for worker in serving}
        return [row for row in self._running if row.worker in boots]

    def _named(self, rows: list[StepExecution]) -> str:
        seen = [row for row in rows if row.execution_id in self._seen]
        named = [f"{row.key} of {row.execution.pipeline.name} #{row.execution.number}" for row in seen[:NAMED]]
        if more := len(seen) - len(named):
            named.append(f"{more} more")
        if hidden := len(rows) - len(seen):
            named.append(f"{hidden} of projects that you may not see")
        return ", ".join(named)

    def _in_order(self, queue: str) -> Mapping[str, int]:
        """The place of each step of this execution in the order of that queue, from 1."""
        if queue not in self._places:
            found = choosing.waiting(self._db, [queue], enough=MOST)
            chosen, _ = fair(found, self._standing, Turns(), most=MOST, now=database_time())
            mine = [(n, one) for n, one in enumerate(chosen, start=1) if one.execution == self._execution.id]
            steps = {
                one: iter(choosing.steps(self._db, one, number)) for one, number in Counter(o for _, o in mine).items()
            }
            self._places[queue] = {step.step: place for place, one in mine if (step := next(steps[one], None))}
        return self._places[queue]


_WISHES = {Worker.Wish.DRAIN.value: ", draining", Worker.Wish.STOP.value: ", about to stop"}
