"""How an execution stands, as far as its events have told: what every view draws from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Signal

from ansflow.cli.look import LOOKS, Look, look_of
from ansflow.core.events import Event, ExecutionChanged, StepChanged
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final


@dataclass(slots=True)
class StepProgress:
    key: str
    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    reason: Reason | None = None
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    begun: int = 0
    """The attempt that `started_at` is of."""
    allowed_failure: bool = False
    outcome: Outcome | None = None

    @property
    def look(self) -> Look:
        return look_of(self.status, self.reason, allowed=self.allowed_failure)

    @property
    def final(self) -> bool:
        return is_final(self.status)

    @property
    def seconds(self) -> float | None:
        """Of the last attempt; None for a step that never ran."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def red(self) -> bool:
        return self.status is StepStatus.FAILED and not self.allowed_failure

    def apply(self, fact: StepChanged, at: datetime) -> None:
        self.status, self.reason, self.message = fact.status, fact.reason, fact.message
        self.attempt, self.allowed_failure = fact.attempt, fact.allowed_failure
        if fact.status is StepStatus.RUNNING:
            self.ended_at = None
            if fact.attempt != self.begun:  # an attempt that is adopted says once more that it runs
                self.started_at, self.begun = at, fact.attempt
        elif self.started_at is not None and self.ended_at is None:
            self.ended_at = at
        if fact.outcome is not None:
            self.outcome = fact.outcome


class Progress:
    """Folds events into steps and counts. Costs the change, not the size of the plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps = {key: StepProgress(key) for key in plan.steps}
        self.counts = Counter({StepStatus.PENDING: len(self.steps)})
        self.running: dict[str, StepProgress] = {}
        self.waiting: dict[str, StepProgress] = {}
        self.status = ExecutionStatus.PENDING
        self.reason: Reason | None = None
        self.message = ""
        self.execution = 0
        self.red = 0
        self.begun = Signal()
        self.cancelling = False  # Ctrl-C was pressed; steps are still ending
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None

    @property
    def done(self) -> int:
        return sum(number for status, number in self.counts.items() if is_final(status))

    @property
    def seconds(self) -> float:
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at).total_seconds()

    def by_look(self, *tokens: str) -> Iterator[tuple[Look, int]]:
        """How many steps have each of these looks, without those that none has. An allowed failure is no failure."""
        counts = {str(status): number for status, number in self.counts.items()}
        counts |= {"failed": self.red, "allowed": self.counts[StepStatus.FAILED] - self.red}
        return ((LOOKS[token], counts[token]) for token in tokens if counts.get(token))

    def pending(self, waits: Callable[[], Mapping[str, str]], among: Collection[str] = ()) -> Mapping[str, str]:
        """What `waits` knows of steps that are still to begin, `among` these or all. It is not asked where there are
        none."""
        if not (any(map(self._is_pending, among)) if among else self.counts[StepStatus.PENDING]):
            return {}
        return {key: said for key, said in waits().items() if self._is_pending(key) and (not among or key in among)}

    def _is_pending(self, key: str) -> bool:
        return self.steps[key].status is StepStatus.PENDING

    def red_steps(self) -> list[StepProgress]:
        return [step for step in self.steps.values() if step.red]

    def apply(self, event: Event) -> StepProgress | None:
        """The step that the event was about, brought up to date; None when it was about the execution."""
        if self.started_at is None:
            self.started_at = event.at
            self.begun.set()
        self.ended_at = event.at
        self.execution = event.execution
        if isinstance(event.fact, ExecutionChanged):
            self.status, self.reason, self.message = event.fact.status, event.fact.reason, event.fact.message
            return None
        step = self.steps[event.fact.step]
        self.counts[step.status] -= 1
        self.counts[event.fact.status] += 1
        self.red -= step.red
        step.apply(event.fact, event.at)
        self.red += step.red
        _keep(self.running, step, step.status is StepStatus.RUNNING)
        _keep(self.waiting, step, step.status is StepStatus.WAITING)
        return step


def _keep(among: dict[str, StepProgress], step: StepProgress, belongs: bool) -> None:
    if belongs:
        among[step.key] = step
    else:
        among.pop(step.key, None)
