"""Carries out commands: load → decide → apply → effects.

    told = scheduler.tell(execution, Finish(...), keep=1)

The loser of a race loads again and decides again; a command that no longer holds is refused by `decide`, and nothing
happens. Steps that may now run are offered through the dispatcher, but for as many as the caller keeps to run itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Lock

from ansflow.core.commands import Begin, Command, Decision, Effect, Ended, Evaluate, Offer, Start, Stop
from ansflow.core.decide import decide
from ansflow.engine.ports import Clock, Dispatcher, EventBus, ExecutionStore
from ansflow.engine.situation import Situation


@dataclass(slots=True)
class Told:
    """What became of a command. `kept` are offered steps for which nobody else has been told."""

    decision: Decision
    kept: list[str] = field(default_factory=list)

    @property
    def refused(self) -> str:
        return self.decision.refused


def _ignore(*_: object) -> None:
    """Who has nothing to do at an effect."""


class Scheduler:
    """Safe to use from several threads. `on_stop`, `on_change` and `on_ended` are set once, when the process is wired.

    `on_ended` hears of every execution that has its final status, at least once.
    """

    def __init__(
        self,
        *,
        store: ExecutionStore,
        dispatcher: Dispatcher,
        bus: EventBus,
        clock: Clock,
        queues: tuple[str, ...] = (),
    ) -> None:
        """Steps of other `queues` than these are not kept for this process to run; () is every queue."""
        self.store = store
        self.clock = clock
        self.queues = queues
        self.on_stop: Callable[[int, Stop], None] = _ignore
        self.on_change: Callable[[Decision], None] = _ignore
        self.on_ended: Callable[[int], None] = _ignore
        self._dispatcher = dispatcher
        self._bus = bus
        self._situations: dict[int, Situation] = {}
        self._turns: dict[int, Lock] = {}
        self._shared: set[int] = set()  # executions that other processes have been seen to write, too
        self._lock = Lock()

    def tell(
        self, execution: int, command: Command, *, keep: int = 0, along: Callable[[], object] | None = None
    ) -> Told:
        """`along` is written in the transaction of the decision, and not at all where the command is refused."""
        decision = self._decide(execution, command, along)
        return Told(decision, self.carry_out_all(execution, decision, keep=0 if decision.claimed else keep))

    def carry_out_all(self, execution: int, decision: Decision, *, keep: int = 0) -> list[str]:
        """The effects of a decision, and of those that follow from them. Returns the offers that were kept."""
        kept: list[str] = []
        waiting = deque([decision])
        while waiting:
            current = waiting.popleft()
            for number, effect in enumerate(current.effects):
                if isinstance(effect, Offer):
                    if len(kept) < keep and self._serves(execution, effect.step):
                        kept.append(effect.step)
                    else:
                        self._dispatcher.run_step(execution, effect.step)
                    continue
                further = self.carry_out(execution, effect)
                if current.execution is not None:
                    self.store.sent((execution, current.execution.version, number))
                if further is not None:
                    waiting.append(further)
        return kept

    def carry_out(self, execution: int, effect: Effect) -> Decision | None:
        """Safe to repeat. The decision that an evaluation led to, whose effects are then to be carried out."""
        match effect:
            case Begin():
                return self._decide(execution, Start())
            case Offer():
                self._dispatcher.run_step(execution, effect.step)
            case Evaluate():
                judged = self.situation(execution).judge(effect.step, self.store.load(execution))
                return self._decide(execution, judged)
            case Stop():
                self.on_stop(execution, effect)
            case Ended():
                self._forget(execution)
                self.on_ended(execution)
        return None

    def keep_only(self, open_ones: Collection[int]) -> None:
        """Of all others nothing need be known here any more: another process has ended them."""
        with self._lock:
            known = {*self._situations, *self._turns, *self._shared}
        for execution in known.difference(open_ones):
            self._forget(execution)

    def _forget(self, execution: int) -> None:
        with self._lock:
            self._situations.pop(execution, None)
            self._turns.pop(execution, None)
            self._shared.discard(execution)

    def others_wait(self, execution: int) -> bool:
        """Then a worker lets them have its slot, instead of going on with the same execution to its end."""
        return self._dispatcher.others_wait(execution)

    def _serves(self, execution: int, step: str) -> bool:
        return not self.queues or self.store.wiring(execution).plan.queue_of(step) in self.queues

    def situation(self, execution: int) -> Situation:
        found = self._situations.get(execution)
        if found is None:
            found = self._situations.setdefault(execution, Situation(execution, self.store.wiring(execution)))
        return found

    def _decide(self, execution: int, command: Command, along: Callable[[], object] | None = None) -> Decision:
        wiring = self.store.wiring(execution)
        # Within one process a lock spares the optimistic retries; between processes only the store's guards count.
        with self._turn(execution):
            newest = execution in self._shared  # else what this process knows is the newest: if not, a guard tells
            while True:
                state = self.store.load(execution, at_least=None if newest else 0)
                now = self.clock.now()  # after the load: no event may be dated before those it follows
                decision = decide(wiring, state, command, now)
                if decision.refused:
                    if newest:
                        break
                elif self.store.apply(execution, decision, now=now, along=along):
                    break
                else:
                    self._shared.add(execution)
                newest = True
        if decision.execution is not None:
            self.store.secure()
            self.on_change(decision)
            if decision.facts:
                self._bus.publish(execution, decision.execution.seq)
        return decision

    def _turn(self, execution: int) -> AbstractContextManager[object]:
        with self._lock:
            return self._turns.setdefault(execution, Lock())
