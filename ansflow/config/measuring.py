"""What the server tells about itself at `/metrics`, beside its requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import Count

from ansflow import __version__
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.overdue import overdue
from ansflow.config.chores import Chores
from ansflow.config.wiring import Wired
from ansflow.core.plan import DEFAULT_QUEUE
from ansflow.core.status import StepStatus
from ansflow.edge.live.hub import Hub
from ansflow.edge.measures import Measures, Sample, by_label
from ansflow.engine.recovery import RULES
from ansflow.infra.dispatch.slots import Slots

BUSY = (StepStatus.RUNNING, StepStatus.WAITING)


def add_measures(measures: Measures, wired: Wired, threads: Sequence[Chores]) -> None:
    engine = wired.engine
    measures.ask("ansflow_build", "Always 1; the label says which release this is.",
                 lambda: [((__version__,), 1.0)], labels=("version",))  # fmt: skip
    measures.ask("ansflow_database_up", "1 while the database answers.", _up)
    measures.ask("ansflow_executions", "Executions by status.", _asked(_executions), labels=("status",))
    measures.ask("ansflow_executions_overdue", "Executions that run much longer than those of their pipeline do.",
                 _asked(lambda: [((), float(overdue()))]))  # fmt: skip
    measures.ask("ansflow_steps", "Steps that run, or wait for an approval.", _asked(_steps), labels=("status",))
    measures.ask("ansflow_repairs_total", "Repairs, by rule: none without a fault.",
                 lambda: by_label({**dict.fromkeys(RULES, 0), **engine.recovery.repairs}),
                 labels=("rule",), counter=True)  # fmt: skip
    if wired.slots is not None:
        add_slots(measures, wired.slots)
        measures.ask("ansflow_offers_found_total",
                     "Steps that an idle worker found by itself: the word that they wait was late, or lost.",
                     lambda: [((), float(engine.recovery.found))], counter=True)  # fmt: skip
    measures.ask("ansflow_queue", "Steps on offer, by the queue of workers they wait in.", _asked(_waiting),
                 labels=("queue",))  # fmt: skip
    chores = [chore for thread in threads for chore in thread.chores.values()]
    measures.ask("ansflow_chores_total", "Turns of the server's own chores, by outcome.",
                 lambda: [sample for chore in chores for sample in (
                     ((chore.name, "done"), float(chore.done)), ((chore.name, "failed"), float(chore.failed)))],
                 labels=("chore", "outcome"), counter=True)  # fmt: skip
    measures.ask("ansflow_chore_seconds_total", "Seconds spent on the server's own chores.",
                 lambda: [((chore.name,), chore.seconds) for chore in chores],
                 labels=("chore",), counter=True)  # fmt: skip


def add_slots(measures: Measures, slots: Slots) -> None:
    measures.ask("ansflow_slots", "Steps that may run at once here.", lambda: [((), slots.load().slots)])
    measures.ask("ansflow_slots_used", "Steps that run here now.", lambda: [((), slots.load().running)])


def add_viewers(measures: Measures, hub: Hub) -> None:
    measures.ask("ansflow_sockets", "Viewers that are connected here.", lambda: [((), float(hub.counts.viewers))])


def _up() -> Iterable[Sample]:
    try:
        close_old_connections()
        PipelineExecution.objects.exists()
    except (DatabaseError, InterfaceError):
        return [((), 0.0)]
    return [((), 1.0)]


def _asked(ask: Callable[[], Iterable[Sample]]) -> Callable[[], Iterable[Sample]]:
    """Left out while the database does not answer: a 0 would be a lie."""

    def answered() -> Iterable[Sample]:
        try:
            return list(ask())
        except (DatabaseError, InterfaceError):
            return []

    return answered


def _executions() -> Iterable[Sample]:
    counted = PipelineExecution.objects.order_by().values_list("status").annotate(number=Count("id"))
    return by_label(dict(counted))


def _waiting() -> Iterable[Sample]:
    counted = StepExecution.objects.filter(offered_at__isnull=False).order_by().values_list("queue")
    return by_label({DEFAULT_QUEUE: 0, **dict(counted.annotate(number=Count("id")))})


def _steps() -> Iterable[Sample]:
    counted = StepExecution.objects.filter(status__in=BUSY).order_by().values_list("status")
    return by_label({**{status.value: 0 for status in BUSY}, **dict(counted.annotate(number=Count("id")))})
