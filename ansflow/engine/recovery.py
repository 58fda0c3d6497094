"""Rules that repair what faults left behind. Each is counted; in a run without faults every count stays 0.

A rule changes nothing by itself: it says a command or repeats an effect, so that the same doors are used as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from ansflow.core.commands import Lost, Stop
from ansflow.core.sentences import worker_of
from ansflow.core.status import StepStatus
from ansflow.engine.ports import Dispatcher, ExecutionStore, Held, OnOffer, Sending
from ansflow.engine.scheduler import Scheduler
from ansflow.engine.stumbling import stumbling

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each rule waits before it takes silence for a fault."""

    lease: timedelta = timedelta(seconds=15)  # of a worker that is not heard of
    effect: timedelta = timedelta(seconds=5)  # of an effect that nobody has carried out
    offer: timedelta = timedelta(seconds=2)  # of a step on offer while a worker is idle
    overdue: timedelta = timedelta(seconds=15)  # beyond time-out and grace, of a step that should have ended
    own: timedelta = timedelta(seconds=8)  # without a beat here: then others may have been kept from theirs, too


PATIENCE = Patience()


RULES = (
    "adopted",
    "failed adoption",
    "failed repair",
    "forgotten attempt",
    "lost offer",
    "lost worker",
    "overdue step",
    "unsent effect",
)
"""What is counted, by the name under which it is."""


class Duty(StrEnum):
    """What an engine does beside what people ask of it."""

    CARRY = "carry"  # it has slots: it beats, adopts, and looks after its own attempts and for offers while it is idle
    MEND = "mend"  # it deals with what is due, with lost workers, and with effects that nobody has carried out


ALONE = frozenset(Duty)
"""The duties of the only process there is."""


class Recovery:
    """`run` is called every few seconds by every process that has a duty; two at once do no harm."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        scheduler: Scheduler,
        dispatcher: Dispatcher,
        boot: str,
        slots: int,
        is_idle: Callable[[], bool],
        asked_at: Callable[[], datetime | None],
        is_carried: Callable[[Held], bool],
        resume: Callable[[Held], None],
        jitter: Callable[[], float],
        patience: Patience = PATIENCE,
        duties: Collection[Duty] = ALONE,
    ) -> None:
        """`asked_at` says when the dispatcher asked the store for the last time what is on offer."""
        self.repairs: Counter[str] = Counter()
        self.found = 0  # steps on offer of which this worker had not been told in time
        self._store = store
        self._scheduler = scheduler
        self._dispatcher = dispatcher
        self._boot = boot
        self._slots = slots
        self._carries = Duty.CARRY in duties
        self._mends = Duty.MEND in duties
        self._is_idle = is_idle
        self._asked_at = asked_at
        self._is_carried = is_carried
        self._resume = resume
        self._jitter = jitter
        self._patience = patience
        self._inherited: dict[Held, datetime] = {}  # since when its adoption has been under way
        self._last: datetime | None = None
        self._forbearance: datetime | None = None

    def begin(self, inherited: Sequence[Held], now: datetime) -> None:
        """What a former life of this worker left is taken up at once: its commands, and what it had yet to tell."""
        self._inherited = dict.fromkeys(inherited, now)
        self._each(inherited, self._adopt)
        if self._carries and self._mends:  # nobody else may be carrying these out just now
            self._each(self._store.unsent(before=now), self._repeat)
        for offer in self._next_offers(now):  # no repair: what is known of offers ends with a process
            self._dispatcher.run_step(offer.execution, offer.step)

    def inherited(self) -> Collection[int]:
        """Executions of which commands may run here that a former life has begun, and that are not adopted yet."""
        return {held.execution for held in list(self._inherited)}

    def run(self, now: datetime) -> Mapping[str, int]:
        """Applies every rule once. Returns the counts so far. Raises only where the store cannot even be asked."""
        self._forbear(now)
        late = [held for held, since in self._inherited.items() if now > since + self._patience.effect]
        self._each(late, lambda held: self._adopt_again(held, now))
        if self._mends:
            if self._forbearance is None or now >= self._forbearance:
                self._each(self._store.lost(before=now - self._patience.lease), self._give_up)
            self._each(self._store.unsent(before=now - self._patience.effect), self._repeat)
        self._look_for_offers(now)
        if self._carries:
            held_here = [held for held in self._store.running() if held.worker == self._boot]
            self._each(held_here, lambda held: self._look_after(held, now))
        return self.repairs

    def _next_offers(self, now: datetime) -> Sequence[OnOffer]:
        """What this worker would take, and one more, by which its dispatcher sees that there is more."""
        if not self._carries:
            return ()
        choice = self._store.choose(self._scheduler.queues, most=self._slots, now=now)
        return choice.steps if choice.left is None else [*choice.steps, choice.left]

    def _look_for_offers(self, now: datetime) -> None:
        """While a worker is idle nothing lies on offer for long, unless the message that said so was lost, or is late:
        which of the two nobody can tell, for it may still be in the hands of whoever sends it. So what is found is no
        repair, unless it lay there for as long already when this worker asked for the last time: that it should know.
        """
        asked = self._asked_at()  # first: a message that comes just now makes it ask again
        if not self._is_idle():
            return
        patience = self._patience.offer
        old = [offer for offer in self._next_offers(now) if offer.since + patience <= now]
        known = [offer for offer in old if asked is not None and offer.since + patience <= asked]
        self._each(old, lambda offer: self._take_up(offer, was_lost=offer in known))

    def _each(self, cases: Iterable[Case], repair: Callable[[Case], str]) -> None:
        """`repair` says what it has repaired. One that fails keeps none of the others from being made."""
        for case in cases:
            made = "failed repair"
            with stumbling("repair failed: %s", case):  # its turn comes again at the next beat
                made = repair(case)
            if made:
                self.repairs[made] += 1

    def _forbear(self, now: datetime) -> None:
        """After an outage of the database nobody could prolong a lease: for one lease nothing expires. It need not have
        lasted for a whole one: others beat a moment before it for the last time, and a moment after us again."""
        if self._last is None or now - self._last > self._patience.own:
            self._forbearance = now + self._patience.lease
        self._last = now

    def _adopt(self, held: Held) -> str:
        self._resume(held)
        return "adopted"

    def _adopt_again(self, held: Held, now: datetime) -> str:
        """The store may have been away when the adoption was told; when the lease ends, the step would run twice."""
        row = self._store.load(held.execution).step(held.step)
        if row.status is not StepStatus.RUNNING or row.fence != held.fence:
            del self._inherited[held]
            return ""
        self._inherited[held] = now
        self._resume(held)
        return "failed adoption"

    def _give_up(self, held: Held) -> str:
        name, seconds = worker_of(held.worker), self._patience.lease.seconds
        message = f"Its worker {name} has not been heard of for {seconds} seconds."
        told = self._scheduler.tell(
            held.execution, Lost(step=held.step, fence=held.fence, message=message, jitter=self._jitter())
        )
        return "" if told.refused else "lost worker"

    def _repeat(self, sending: Sending) -> str:
        execution = sending.key[0]
        further = self._scheduler.carry_out(execution, sending.effect)
        self._store.sent(sending.key)
        if further is not None and further.execution is not None:
            self._scheduler.carry_out_all(execution, further)
        return "unsent effect"

    def _take_up(self, offer: OnOffer, *, was_lost: bool) -> str:
        """Nobody says when a project has a place again, so that its step was not lost but held back."""
        self._dispatcher.run_step(offer.execution, offer.step)
        if self._store.is_limited(offer.execution):
            return ""
        self.found += 1
        return "lost offer" if was_lost else ""

    def _look_after(self, held: Held, now: datetime) -> str:
        """An attempt of this very process: is anybody carrying it, and has the executor ended it in time?"""
        row = self._store.load(held.execution).step(held.step)
        if row.status is not StepStatus.RUNNING or row.fence != held.fence or row.started_at is None:
            return ""
        spec = self._store.wiring(held.execution).plan.spec_of(held.step)
        if not self._is_carried(held):  # the answer to the claim was lost on its way
            if now > row.started_at + self._patience.effect:
                self._resume(held)
                return "forgotten attempt"
        elif now > row.started_at + spec.timeout + spec.grace + self._patience.overdue:
            stop = Stop(held.step, held.attempt, held.fence, held.worker, timed_out=True)
            self._scheduler.on_stop(held.execution, stop)
            return "overdue step"
        return ""
