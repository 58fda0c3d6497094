"""Rules that repair what faults left behind. Each is counted; in a run without faults every count stays 0.

A rule changes nothing by itself: it says a command or repeats an effect, so that the same doors are used as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansflow.core.commands import Lost, Stop
from ansflow.core.status import StepStatus
from ansflow.engine.ports import Dispatcher, ExecutionStore, Held
from ansflow.engine.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each rule waits before it takes silence for a fault."""

    lease: timedelta = timedelta(seconds=15)  # of a worker that is not heard of
    effect: timedelta = timedelta(seconds=5)  # of an effect that nobody has carried out
    offer: timedelta = timedelta(seconds=2)  # of a step on offer while a worker is idle
    overdue: timedelta = timedelta(seconds=15)  # beyond time-out and grace, of a step that should have ended


PATIENCE = Patience()


class Recovery:
    """`run` is called every few seconds by every process that has a worker; two at once do no harm."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        scheduler: Scheduler,
        dispatcher: Dispatcher,
        boot: str,
        is_idle: Callable[[], bool],
        is_carried: Callable[[Held], bool],
        resume: Callable[[Held], None],
        jitter: Callable[[], float],
        patience: Patience = PATIENCE,
    ) -> None:
        self.repairs: Counter[str] = Counter()
        self._store = store
        self._scheduler = scheduler
        self._dispatcher = dispatcher
        self._boot = boot
        self._is_idle = is_idle
        self._is_carried = is_carried
        self._resume = resume
        self._jitter = jitter
        self._patience = patience
        self._last: datetime | None = None
        self._forbearance: datetime | None = None

    def run(self, now: datetime) -> Mapping[str, int]:
        """Applies every rule once. Returns the counts so far."""
        self._forbear(now)
        if self._forbearance is None or now >= self._forbearance:
            self._give_up_lost_workers(now)
        self._repeat_unsent_effects(now)
        self._offer_again(now)
        for held in self._store.running():
            if held.worker == self._boot:
                self._look_after(held, now)
        return self.repairs

    def _forbear(self, now: datetime) -> None:
        """After an outage of the database nobody could prolong a lease: for one lease nothing expires."""
        if self._last is None or now - self._last > self._patience.lease:
            self._forbearance = now + self._patience.lease
        self._last = now

    def _give_up_lost_workers(self, now: datetime) -> None:
        for held in self._store.lost(before=now - self._patience.lease):
            message = f"Its worker {held.worker} has not been heard of for {self._patience.lease.seconds} seconds."
            told = self._scheduler.tell(
                held.execution, Lost(step=held.step, fence=held.fence, message=message, jitter=self._jitter())
            )
            self.repairs["lost worker"] += not told.refused

    def _repeat_unsent_effects(self, now: datetime) -> None:
        for sending in self._store.unsent(before=now - self._patience.effect):
            further = self._scheduler.carry_out(sending.key[0], sending.effect)
            self._store.sent(sending.key)
            self.repairs["unsent effect"] += 1
            if further is not None and further.execution is not None:
                self._scheduler.carry_out_all(sending.key[0], further)

    def _offer_again(self, now: datetime) -> None:
        """While a worker is idle, nothing lies on offer for long, unless the message that said so was lost."""
        if not self._is_idle():
            return
        for execution, step in self._store.offers(before=now - self._patience.offer):
            self._dispatcher.run_step(execution, step)
            self.repairs["lost offer"] += 1

    def _look_after(self, held: Held, now: datetime) -> None:
        """An attempt of this very process: is anybody carrying it, and has the executor ended it in time?"""
        row = self._store.load(held.execution).step(held.step)
        if row.status is not StepStatus.RUNNING or row.fence != held.fence or row.started_at is None:
            return
        spec = self._store.wiring(held.execution).plan.spec_of(held.step)
        if not self._is_carried(held):  # the answer to the claim was lost on its way
            if now > row.started_at + self._patience.effect:
                self._resume(held)
                self.repairs["forgotten attempt"] += 1
        elif now > row.started_at + spec.timeout + spec.grace + self._patience.overdue:
            stop = Stop(held.step, held.attempt, held.fence, held.worker, timed_out=True)
            self._scheduler.on_stop(held.execution, stop)
            self.repairs["overdue step"] += 1
