"""One turn of the machine: copies of the rows that change, and what a change of one row does to its neighbours.

A turn is made by `decide`, and is gone when the decision is made. The cascade is a queue and no recursion, so a chain
of 10,000 steps skipped one after the other is no trouble; each edge is walked once in the life of an execution.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime

from ansflow.core import sentences
from ansflow.core.commands import Decision, Effect, Ended, Evaluate, Offer, StepChange, Stop
from ansflow.core.events import ExecutionChanged, Fact, StepChanged
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Bundle
from ansflow.core.state import JUDGE, BundleState, Guard, State, StepState, copied
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final
from ansflow.core.wiring import Edge, Wiring, level

Rank = tuple[tuple[int, int], str]
UPSTREAM_FAILED = (StepStatus.FAILED, StepStatus.CANCELLED)


class Turn:
    """`look` reads a row, `step` and `bundle` give the copy to change, `settle` draws the consequences."""

    def __init__(self, wiring: Wiring, state: State, now: datetime) -> None:
        self.wiring = wiring
        self.now = now
        self.execution = copied(state.execution)
        self._state = state
        self._guards: dict[str, Guard] = {}
        self._steps: dict[str, StepState] = {}
        self._bundles: dict[str, BundleState] = {}
        self._used: dict[str, int] = {}
        self._facts: list[Fact] = []
        self._effects: list[Effect] = []
        self._claimed = ""
        self._ended: deque[str] = deque()
        self._fresh: dict[str, list[Rank]] = {}
        self._stored: dict[str, Iterator[str]] = {}
        self._heads: dict[str, str | None] = {}
        self._open_lines: set[str] = set()

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, key: str) -> StepState:
        """The row as it is now; not to be changed."""
        return self._steps.get(key) or self._state.step(key)

    def step(self, key: str) -> StepState:
        row = self._steps.get(key)
        if row is None:
            stored = self._state.step(key)
            self._guards[key] = stored.guard
            row = self._steps[key] = copied(stored)
        return row

    def bundle(self, name: str) -> BundleState:
        row = self._bundles.get(name)
        if row is None:
            row = self._bundles[name] = copied(self._state.bundle(name))
        return row

    def tell(self, fact: Fact) -> None:
        self._facts.append(fact)

    def cause(self, effect: Effect) -> None:
        self._effects.append(effect)

    def take_offer(self, queues: Collection[str]) -> str:
        """The first step that this turn offers in one of `queues`, or in any where there are none: for whoever claims
        it in this turn; "" where there is none."""
        for number, effect in enumerate(self._effects):
            if isinstance(effect, Offer) and (not queues or self.wiring.plan.queue_of(effect.step) in queues):
                del self._effects[number]
                self._claimed = effect.step
                return effect.step
        return ""

    def tell_step(self, row: StepState, outcome: Outcome | None = None) -> None:
        self.tell(
            StepChanged(
                step=row.key,
                status=row.status,
                attempt=row.attempt,
                reason=row.reason,
                message=row.message,
                worker=row.worker,
                due_at=row.due_at,
                allowed_failure=row.allowed,
                outcome=outcome,
            )
        )

    def decision(self) -> Decision:
        execution = self.execution
        execution.version += 1
        execution.seq += len(self._facts)
        return Decision(
            execution=execution,
            steps=tuple([StepChange(self._guards[key], row) for key, row in self._steps.items()]),
            bundles=tuple(self._bundles.values()),
            used=self._used,
            facts=tuple(self._facts),
            effects=tuple(self._effects),
            claimed=self._claimed,
        )

    # ── moves of one step ────────────────────────────────────────────────────────────────────────────────────────

    def end(
        self, key: str, status: StepStatus, reason: Reason | None, message: str, outcome: Outcome | None = None
    ) -> None:
        """Gives a step its final status. The consequences follow in `settle`."""
        row = self.step(key)
        self._leave(row)
        row.status, row.reason, row.message, row.due_at, row.ended_at = status, reason, message, None, self.now
        row.lost = False
        if outcome is not None:
            row.outcome = outcome
        row.allowed = status is StepStatus.FAILED and self._may_fail(row)
        self.tell_step(row, outcome)
        self._ended.append(key)

    def stop(self, key: str, reason: Reason, message: str, *, immediate: bool = False, timed_out: bool = False) -> None:
        """Ends a step that does not run; asks one that runs to end. Safe to repeat."""
        row = self.look(key)
        if is_final(row.status):
            return
        if row.status is not StepStatus.RUNNING:
            self.end(key, StepStatus.CANCELLED, reason, message)
        elif row.stop is None or immediate:
            row = self.step(key)
            if row.stop is None:
                row.stop, row.stop_message = reason, message
            self.cause(Stop(key, row.attempt, row.fence, row.worker, immediate, timed_out))

    def try_again(self, row: StepState, message: str, due_at: datetime, outcome: Outcome | None = None) -> None:
        """Back to pending until `due_at`; meanwhile it holds no place."""
        self._leave(row)
        row.status, row.reason, row.message, row.due_at = StepStatus.PENDING, Reason.RETRY, message, due_at
        row.outcome = outcome or row.outcome
        self.tell_step(row, outcome)

    def release(self, row: StepState) -> None:
        """Everything it needs has ended as it should: on to its condition and gate, or into line."""
        if not row.judged and self.wiring.plan.steps[row.key].step_id in self.wiring.to_judge:
            row.line, row.reason, row.message = JUDGE, Reason.QUEUED, sentences.JUDGED_NEXT
            self.cause(Evaluate(row.key))
        else:
            self.line_up(row)

    def line_up(self, row: StepState) -> None:
        row.status, row.reason, row.message, row.due_at = StepStatus.PENDING, Reason.QUEUED, sentences.QUEUED, None
        lines = self.wiring.lines(row.key, row.concurrency)
        if lines[0].startswith("concurrency:"):
            self._displace(row, lines[0])
        row.held = 0
        self._stand(row, lines[0])

    # ── consequences ─────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """Tells the neighbours of every step that ended, lets steps pass into free places, and ends the execution."""
        while self._ended:
            self._spread(self._ended.popleft())
        while self._open_lines:
            line = min(self._open_lines, key=level)
            self._open_lines.discard(line)
            self._admit(line)
        if self.execution.open_all == 0 and not is_final(self.execution.status):
            self._end_execution()

    def resolve(self, name: str, status: StepStatus) -> None:
        """A bundle's result is certain: tell those who need it."""
        row = self.bundle(name)
        row.status = status
        if status is StepStatus.FAILED and self.wiring.plan.bundles[name].join == "wait_any":
            self._count_failure(name)
        statuses = {"finished", str(status)}
        for edge in self.wiring.of_bundle.get(name, ()):
            self._meet(edge, statuses, name, sentences.how_bundle(row), failed=status in UPSTREAM_FAILED)

    def count_down(self, key: str) -> None:
        row = self.look(key)
        if is_final(row.status):
            return
        row = self.step(key)
        row.unmet -= 1
        if row.unmet == 0:
            self.release(row)

    def _spread(self, key: str) -> None:
        row = self.look(key)
        planned = self.wiring.plan.steps[key]
        self._count(row)
        if key in self.wiring.of_step:
            statuses = {"finished", str(row.status)} | ({"success"} if row.allowed else set())
            failed = row.status in UPSTREAM_FAILED or row.reason is Reason.UPSTREAM_FAILED
            for edge in self.wiring.of_step[key]:
                self._meet(edge, statuses, key, sentences.how(row), failed=failed)
        for name in planned.bundles:
            self._member_ended(self.wiring.plan.bundles[name], row)
        if not planned.final:
            self.execution.open_main -= 1
            if self.execution.open_main == 0:
                self.start_finals()

    def start_finals(self) -> None:
        for final in self.wiring.finals:
            self.count_down(final)

    def _count(self, row: StepState) -> None:
        self.execution.open_all -= 1
        if row.status is StepStatus.FAILED and not row.allowed:
            bundles = (self.wiring.plan.bundles[name] for name in self.wiring.plan.steps[row.key].bundles)
            if not any(bundle.join == "wait_any" for bundle in bundles):
                self._count_failure(row.key)
        elif row.status is StepStatus.CANCELLED and row.reason is Reason.TIMEOUT:
            self._count_failure(row.key)
        elif row.status is StepStatus.CANCELLED and row.reason is Reason.CANCELLED_BY_USER:
            self.execution.cancelled += 1

    def _count_failure(self, name: str) -> None:
        self.execution.failed += 1
        self.execution.first_failed = self.execution.first_failed or name

    def _meet(self, edge: Edge, statuses: set[str], need: str, ended: str, *, failed: bool) -> None:
        """One need of `edge.step` has ended; where it did not end as wanted, the step can never run."""
        if not edge.statuses.isdisjoint(statuses) or (edge.optional and "skipped" in statuses):
            self.count_down(edge.step)
        elif not is_final(self.look(edge.step).status):
            if "success" in statuses:
                reason = Reason.CONDITION_FALSE
            else:
                reason = Reason.UPSTREAM_FAILED if failed else Reason.UPSTREAM_SKIPPED
            self.end(edge.step, StepStatus.SKIPPED, reason, sentences.skipped(need, ended))

    def _member_ended(self, bundle: Bundle, row: StepState) -> None:
        state = self.bundle(bundle.name)
        status = StepStatus.SUCCESS if row.allowed else row.status
        state.open -= 1
        setattr(state, str(status), getattr(state, str(status)) + 1)
        first = (bundle.join, status) in (("wait_any", StepStatus.SUCCESS), ("fail_fast", StepStatus.FAILED))
        if first and not state.closing:
            state.closing = True
            message = f"Cancelled: {row.key}, of the same {bundle.name}, {sentences.how(row)} first."
            for key in bundle.keys:
                self.stop(key, Reason.CANCELLED_BY_GROUP, message)
        if state.status is None and bundle.join == "wait_any" and state.success:
            self.resolve(bundle.name, StepStatus.SUCCESS)
        if state.open == 0:
            state.deadline = None
            if state.status is None:
                self.resolve(bundle.name, _joined(state))

    def _end_execution(self) -> None:
        row = self.execution
        if row.stop is not None:
            status = ExecutionStatus.TIMEOUT if row.stop is Reason.TIMEOUT else ExecutionStatus.CANCELLED
            reason: Reason | None = row.stop
        elif row.failed:
            status, reason = ExecutionStatus.FAILED, Reason.STEP_FAILED
        elif row.cancelled:
            status, reason = ExecutionStatus.CANCELLED, Reason.CANCELLED_BY_USER
        else:
            status, reason = ExecutionStatus.SUCCESS, None
        row.message = sentences.execution_ended(row, status, len(self.wiring.plan.steps))
        row.status, row.reason, row.ended_at, row.deadline = status, reason, self.now, None
        self.tell(ExecutionChanged(status=status, reason=reason, message=row.message))
        self.cause(Ended())

    def _may_fail(self, row: StepState) -> bool:
        allow = self.wiring.plan.spec_of(row.key).allow_failure
        if allow is None:
            return False
        return not allow.exit_codes or (row.outcome is not None and row.outcome.exit_code in allow.exit_codes)

    # ── lines and places ─────────────────────────────────────────────────────────────────────────────────────────

    def _stand(self, row: StepState, line: str) -> None:
        row.line = line
        heapq.heappush(self._fresh.setdefault(line, []), (self.wiring.rank(row.key), row.key))
        self._open_lines.add(line)

    def _leave(self, row: StepState) -> None:
        """Gives back every place it holds, and its place in line."""
        if row.held:
            for limiter in self.wiring.lines(row.key, row.concurrency)[: row.held]:
                self._used[limiter] = self._places(limiter) - 1
                self._open_lines.add(limiter)
        row.held, row.line, row.offered_at = 0, "", None

    def _admit(self, line: str) -> None:
        """Lets the first in line pass while there is room; each then stands in its next line, or is offered."""
        while (key := self._first(line)) is not None and self._places(line) < self.wiring.limit(line, key):
            row = self.step(key)
            self._used[line] = self._places(line) + 1
            row.held += 1
            lines = self.wiring.lines(key, row.concurrency)
            if row.held < len(lines):
                self._stand(row, lines[row.held])
            else:
                row.line, row.offered_at = "", self.now
                if row.message == sentences.QUEUED:
                    row.message = sentences.OFFERED
                self.cause(Offer(key))

    def _places(self, limiter: str) -> int:
        used = self._used.get(limiter)
        return self._state.used(limiter) if used is None else used

    def _first(self, line: str) -> str | None:
        """The best of those who stood in line before this turn and those who came in it."""
        fresh = self._fresh.get(line, [])
        while fresh and self.look(fresh[0][1]).line != line:
            heapq.heappop(fresh)
        stored = self._first_stored(line)
        if fresh and (stored is None or fresh[0][0] < self.wiring.rank(stored)):
            return fresh[0][1]
        return stored

    def _first_stored(self, line: str) -> str | None:
        if line not in self._stored:
            self._stored[line] = self._state.line(line)
            self._heads[line] = next(self._stored[line], None)
        head = self._heads[line]
        while head is not None and self.look(head).line != line:
            head = self._heads[line] = next(self._stored[line], None)
        return head

    def _displace(self, row: StepState, limiter: str) -> None:
        """The newcomer of a concurrency group may send away those who wait, or those who run."""
        written = self.wiring.plan.spec_of(row.key).concurrency
        policy = written.policy if written else "queue"
        if policy == "queue":
            return
        self._admit(limiter)  # who came in this very turn is let in before the newcomer sends anybody away
        message = f"Cancelled: {row.key} came after it in the concurrency group {limiter.partition(':')[2]}."
        while (waiting := self._first(limiter)) is not None:
            self.end(waiting, StepStatus.CANCELLED, Reason.SUPERSEDED, message)
        if policy == "cancel_running":
            for key in self.wiring.sharing:
                other = self.look(key)
                if other.held and limiter in self.wiring.lines(key, other.concurrency):
                    self.stop(key, Reason.SUPERSEDED, message)


def _joined(state: BundleState) -> StepStatus:
    """The worst that happened; members that were skipped say nothing unless every one was."""
    if state.failed:
        return StepStatus.FAILED
    if state.cancelled:
        return StepStatus.CANCELLED
    return StepStatus.SUCCESS if state.success else StepStatus.SKIPPED
