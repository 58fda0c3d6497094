"""What must hold at the end of every play, whatever the nemesis did. Read from events and witnesses, not from the rows
that the code under test keeps for itself; an oracle of its own says how the execution should have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from ansflow.core.events import Event, ExecutionChanged, StepChanged
from ansflow.core.plan import Plan
from ansflow.core.retry import MAX_LOSSES
from ansflow.core.status import EXECUTION_MOVES, STEP_MOVES, ExecutionStatus, Reason, StepStatus, is_final
from tests.engine.simulation import BEAT, QUEUES, Process, World

S, X = StepStatus, ExecutionStatus
SLOW = timedelta(minutes=10)
"""Every play ends within this time of the simulated clock, whatever happened: no step takes longer than a minute."""


def violations(world: World) -> list[str]:
    store = world.store
    events = list(store.events(world.execution))
    found = [*_events(events, world), *_ending(events, world)]
    if not found:
        history = History(world.plan, events, world.cancelled_steps)
        found += [*history.check(), *_attempts(history, world), *_leftovers(world), *_oracle(history, world)]
        found += [*_promptness(history, world), *_adoption(history, world), *_queues(world)]
    if not world.nemesis and not world.faults and any(world.repairs.values()):
        found.append(f"repairs without a fault: {world.repairs}")
    return found


def _events(events: list[Event], world: World) -> Iterator[str]:
    if any(later.at < earlier.at for earlier, later in pairwise(events)):
        yield "the times of events go backwards"
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield f"event numbers have gaps: {[event.seq for event in events]}"
    if events[-1].seq != world.store.load(world.execution).execution.seq:
        yield "the execution stands at another number than its last event"
    for event in events:
        if event.fact.message.startswith("AnsFlow itself failed"):
            yield f"event {event.seq} tells of a fault of ours: {event.fact.message}"
    ends = [event for event in events if isinstance(event.fact, ExecutionChanged) and is_final(event.fact.status)]
    if len(ends) != 1:
        yield f"{len(ends)} final events"
    elif events[-1] is not ends[0]:
        yield "events after the final one"


def _ending(events: list[Event], world: World) -> Iterator[str]:
    state = world.store.load(world.execution)
    if not is_final(state.execution.status):
        open_steps = {
            key: str(state.step(key).status) for key in world.plan.steps if not is_final(state.step(key).status)
        }
        yield f"it never ends: {open_steps}"
    elif events[-1].at - world.started_at > SLOW:
        yield f"it took {events[-1].at - world.started_at}"


class History:
    """The events of each step, played again."""

    def __init__(self, plan: Plan, events: list[Event], may_be_cancelled: set[str]) -> None:
        self.plan = plan
        self.may_be_cancelled = may_be_cancelled
        self.events = events
        self.status = dict.fromkeys(plan.steps, S.PENDING)
        self.last: dict[str, StepChanged] = {}
        self.attempt = dict.fromkeys(plan.steps, 0)
        self.started: dict[tuple[str, int], datetime] = {}
        self.not_before: dict[str, datetime] = {}
        self.losses = dict.fromkeys(plan.steps, 0)
        self.failures = dict.fromkeys(plan.steps, 0)
        self.opened: set[str] = set()
        self.given_up: list[tuple[str, int]] = []
        self.stopping: ExecutionChanged | None = None
        self.execution = X.PENDING
        self.began = any(
            isinstance(event.fact, ExecutionChanged) and event.fact.status is X.RUNNING for event in events
        )

    def check(self) -> Iterator[str]:
        for event in self.events:
            fact = event.fact
            if isinstance(fact, ExecutionChanged):
                if fact.status != self.execution and fact.status not in EXECUTION_MOVES[self.execution]:
                    yield f"the execution moved from {self.execution} to {fact.status}"
                if fact.status is X.RUNNING and fact.reason is not Reason.STARTED:
                    self.stopping = fact
                if fact.status is not X.SUCCESS and not (fact.message and fact.reason):
                    yield f"no sentence or reason at {fact}"
                self.execution = fact.status
            else:
                yield from self._step(event, fact)
        for key, status in self.status.items():
            if not is_final(status):
                yield f"{key} never ended"

    def _step(self, event: Event, fact: StepChanged) -> Iterator[str]:
        key, old = fact.step, self.status[fact.step]
        if fact.status != old and fact.status not in STEP_MOVES[old]:
            yield f"{key} moved from {old} to {fact.status}"
        if is_final(old):
            yield f"{key} changed after its end"
        if fact.status is not S.SUCCESS and not (fact.message and fact.reason):
            yield f"no sentence or reason at {fact}"
        yield from self._result(event, fact)
        if fact.status is S.RUNNING and old is not S.RUNNING:
            yield from self._runs(event, fact)
        elif fact.status is S.RUNNING and fact.attempt != self.attempt[key]:
            yield f"{key} was taken over as attempt {fact.attempt} instead of {self.attempt[key]}"
        elif fact.status is S.PENDING and fact.reason is Reason.RETRY:
            yield from self._retried(fact)
        elif fact.status is S.PENDING and old is S.WAITING:
            self.opened.add(key)
        elif fact.reason is Reason.POISONED and self.losses[key] + 1 != MAX_LOSSES:
            yield f"{key} was poisoned after {self.losses[key] + 1} losses"
        elif fact.status is S.FAILED and fact.outcome is not None:
            yield from self._given_up(event, fact)
        self.status[key] = fact.status
        self.last[key] = fact
        yield from self._limits(key)
        yield from self._joins(key)

    def _result(self, event: Event, fact: StepChanged) -> Iterator[str]:
        """A result comes from a running attempt, or from one whose worker was lost; a gate's end comes in its time."""
        key, before = fact.step, self.last.get(fact.step)
        waiting = before is not None and before.reason is Reason.RETRY and before.outcome is None
        if fact.outcome is not None and self.status[key] is not S.RUNNING and not waiting:
            yield f"a result of {key} counts, and nothing was running"
        early = before is not None and before.due_at is not None and event.at < before.due_at
        if early and fact.reason is Reason.APPROVAL_EXPIRED:
            yield f"the gate of {key} was closed too early"

    def _runs(self, event: Event, fact: StepChanged) -> Iterator[str]:
        key, spec, planned = fact.step, self.plan.spec_of(fact.step), self.plan.steps[fact.step]
        self.attempt[key] += 1
        self.started[key, fact.attempt] = event.at
        if fact.attempt != self.attempt[key]:
            yield f"{key} runs as attempt {fact.attempt} after {self.attempt[key] - 1}"
        if spec.approval is not None and key not in self.opened:
            yield f"{key} runs through a closed gate"
        if self.stopping is not None and not planned.final:
            yield f"{key} starts after the execution was stopped"
        if planned.skip is not None:
            yield f"{key} runs though the plan skips it"
        if event.at < self.not_before.get(key, event.at):
            yield f"{key} is tried again before its delay is over"
        for needed in planned.needs:
            words = self._words(needed.group or needed.key)
            if words.isdisjoint(needed.statuses) and not (needed.optional and "skipped" in words):
                yield f"{key} runs before {needed.group or needed.key} has ended as it should: {words}"
        if planned.final and any(not is_final(self.status[k]) for k, step in self.plan.steps.items() if not step.final):
            yield f"{key} is final and runs before the others have ended"

    def _words(self, name: str) -> set[str]:
        if name in self.plan.steps:
            status = self.status[name]
            words = {str(status), "finished"} if is_final(status) else set()
            return words | ({"success"} if name in self.last and self.last[name].allowed_failure else set())
        status = self._bundle(name)
        return {str(status), "finished"} if status else set()

    def _bundle(self, name: str) -> StepStatus | None:
        bundle = self.plan.bundles[name]
        statuses = [
            S.SUCCESS if key in self.last and self.last[key].allowed_failure else self.status[key]
            for key in bundle.keys
        ]
        return bundle.status(statuses)

    def _retried(self, fact: StepChanged) -> Iterator[str]:
        if fact.due_at is not None:
            self.not_before[fact.step] = fact.due_at
        if fact.outcome is None:
            self.losses[fact.step] += 1
            self.given_up.append((fact.step, fact.attempt))
            if self.losses[fact.step] >= MAX_LOSSES:
                yield f"{fact.step} is tried again after {self.losses[fact.step]} losses"
            return
        self.failures[fact.step] += 1
        policy = self.plan.spec_of(fact.step).retry
        if self.failures[fact.step] > policy.max:
            yield f"{fact.step} is tried again {self.failures[fact.step]} times, and {policy.max} are allowed"
        if self.stopping is not None and not self.plan.steps[fact.step].final:
            yield f"{fact.step} is tried again after the execution was stopped"
        if policy.on and not self._named(fact):
            yield f"{fact.step} is tried again for a cause that its policy does not name"

    def _named(self, fact: StepChanged) -> bool:
        policy, outcome = self.plan.spec_of(fact.step).retry, fact.outcome
        assert outcome is not None
        return any(cause.kind == str(outcome.reason) and cause.code in (None, outcome.exit_code) for cause in policy.on)

    def _given_up(self, event: Event, fact: StepChanged) -> Iterator[str]:
        """A failure that the policy covers is tried again, unless somebody stopped it."""
        policy, key = self.plan.spec_of(fact.step).retry, fact.step
        covered = str(fact.reason) in ("exit_code", "timeout") and (not policy.on or self._named(fact))
        stopped = self.stopping is not None or self._closing(key, event.at) or "ran out of" in fact.message
        if covered and not stopped and self.failures[key] < policy.max and key not in self.may_be_cancelled:
            yield f"{key} was not tried again, though its policy says so"

    def _closing(self, key: str, at: datetime) -> bool:
        """Whether a bundle may have asked the step to end: another member has decided it, or its time is over."""
        for bundle in self.plan.bundles.values():
            if key in bundle.keys:
                if bundle.join != "wait_all" and any(is_final(self.status[k]) for k in bundle.keys):
                    return True
                began = min(at for (step, _), at in self.started.items() if step in bundle.keys)
                if bundle.timeout is not None and began + bundle.timeout <= at:
                    return True
        return False

    def _limits(self, key: str) -> Iterator[str]:
        running = [k for k, status in self.status.items() if status is S.RUNNING]
        if len(running) > self.plan.max_parallel:
            yield f"{len(running)} steps run at once, and {self.plan.max_parallel} may"
        for bundle in self.plan.bundles.values():
            inside = sum(k in bundle.keys for k in running)
            if bundle.max_parallel is not None and inside > bundle.max_parallel:
                yield f"{inside} steps of {bundle.name} run at once, and {bundle.max_parallel} may"
        if sum(self.plan.spec_of(k).concurrency is not None for k in running) > 1:
            yield "two steps of one concurrency group run at once"

    def _joins(self, key: str) -> Iterator[str]:
        """Once the first result of a wait_any or fail_fast is there, nothing of the group begins."""
        fact = self.last[key]
        if fact.status is not S.RUNNING or self.started.get((key, fact.attempt)) is None:
            return
        for bundle in self.plan.bundles.values():
            if key not in bundle.keys or bundle.join == "wait_all" or "Taken over" in fact.message:
                continue
            others = [self.last[k] for k in bundle.keys if k != key and k in self.last]
            wanted = S.SUCCESS if bundle.join == "wait_any" else S.FAILED
            statuses = [S.SUCCESS if other.allowed_failure else other.status for other in others]
            if wanted in statuses:
                yield f"{key} begins after {bundle.name} was decided"


def _attempts(history: History, world: World) -> Iterator[str]:
    """What really ran, as the processes themselves witness it."""
    begun: set[tuple[str, int]] = set()
    for process in world.processes:
        mark = (process.step, process.attempt)
        if mark in begun:
            yield f"attempt {mark} was begun twice"
        begun.add(mark)
        if mark not in history.started or process.started_at < history.started[mark]:
            yield f"process {mark} without an attempt"
    ends = {(p.step, p.attempt): p for p in world.processes}
    yield from _results(history, ends)
    for key, fact in history.last.items():
        process = ends.get((key, fact.attempt))
        outcome = fact.outcome
        if outcome is None or fact.reason is Reason.KEPT:
            continue
        if process is None and fact.status is S.SUCCESS:
            yield f"{key} succeeded, and nothing ran"
        elif process is not None and outcome.exit_code not in (None, process.exit_code, 143):
            yield f"{key} ended with the result of another attempt"
        elif (
            process is not None
            and fact.status is S.SUCCESS
            and (process.exit_code or process.gone or process.cancelled)
        ):
            yield f"{key} succeeded, and its process did not"


def _results(history: History, ends: Mapping[tuple[str, int], Process]) -> Iterator[str]:
    for event in history.events:
        fact = event.fact
        if isinstance(fact, StepChanged) and fact.outcome is not None and fact.outcome.exit_code is not None:
            process = ends.get((fact.step, fact.attempt))
            if process is None or process.ends_at > event.at:
                yield f"a result of {fact.step} counts as attempt {fact.attempt}, which has not ended"


def _leftovers(world: World) -> Iterator[str]:
    state = world.store.load(world.execution)
    names = {line for key in world.plan.steps for line in world.store.wiring(world.execution).lines(key)}
    for name in names:
        if state.used(name):
            yield f"{state.used(name)} places of {name} are still taken"
    for key in world.plan.steps:
        row = state.step(key)
        gate = world.plan.spec_of(key).approval
        people = [answer.by for answer in row.answers]
        if len(set(people)) != len(people):
            yield f"{key} was approved twice by the same person"
        waited = gate is not None and row.attempt and gate.on_timeout != "approve"
        if gate is not None and waited and len(people) < gate.required:
            yield f"{key} ran with {len(people)} of {gate.required} approvals"
    if world.store.next_due() is not None:
        yield "something is due after the end"
    if world.store._outbox:
        yield f"effects nobody carried out: {list(world.store._outbox.values())}"


def _oracle(history: History, world: World) -> Iterator[str]:
    """How it should have ended, from the steps' own ends."""
    plan, last = history.plan, history.last
    raced = {key for bundle in plan.bundles.values() if bundle.join == "wait_any" for key in bundle.keys}
    failed = any(
        (fact.status is S.FAILED and not fact.allowed_failure and key not in raced)
        or (fact.status is S.CANCELLED and fact.reason is Reason.TIMEOUT)
        for key, fact in last.items()
    )
    failed = failed or any(
        bundle.join == "wait_any" and history._bundle(name) is S.FAILED for name, bundle in plan.bundles.items()
    )
    cancelled = any(fact.reason is Reason.CANCELLED_BY_USER and fact.status is S.CANCELLED for fact in last.values())
    if history.stopping is not None:
        wanted = X.TIMEOUT if history.stopping.reason is Reason.TIMEOUT else X.CANCELLED
    else:
        wanted = X.FAILED if failed else X.CANCELLED if cancelled else X.SUCCESS
    if history.execution is not wanted:
        yield f"it ended as {history.execution} instead of {wanted}"
    immediate = world.store.load(world.execution).execution.immediate
    for key, step in plan.steps.items():
        obliged = step.final and not step.needs and not immediate and history.began
        asked = key not in last or key in world.cancelled_steps
        if obliged and not asked and last[key].status not in (S.SUCCESS, S.FAILED):
            yield f"{key} stands under finally and did not run"
    for key, fact in last.items():
        blamed = fact.status is S.SKIPPED and fact.reason in (Reason.UPSTREAM_FAILED, Reason.UPSTREAM_SKIPPED)
        if blamed and all(_holds(history, needed) for needed in plan.steps[key].needs):
            yield f"{key} was skipped though everything it needs ended as it should"


def _promptness(history: History, world: World) -> Iterator[str]:
    """Where nothing is at fault, a running command hears of a cancel with the next heartbeat of its worker."""
    if world.nemesis or history.stopping is None:
        return
    asked = next(event.at for event in history.events if event.fact is history.stopping)
    for process in world.processes:
        if not world.plan.steps[process.step].final and process.ends_at > asked + 2 * BEAT:
            yield f"{process.step} ran on for {process.ends_at - asked} after the execution was stopped"


def _queues(world: World) -> Iterator[str]:
    for process in world.processes:
        queue = world.plan.queue_of(process.step)
        if queue not in QUEUES[process.host]:
            yield f"{process.step} ran on {process.host}, which does not serve the queue {queue}"


def _adoption(history: History, world: World) -> Iterator[str]:
    """A worker that is soon back on its host goes on with what it had: nothing is lost, nothing repeated."""
    lawful = world.silent or not {"host", "poison", "late", "unanswered", "replay"}.isdisjoint(world.nemesis)
    begun = {(process.step, process.attempt) for process in world.processes}
    for mark in history.given_up:
        if not lawful and mark in begun:
            yield f"attempt {mark} was given up, and its worker had come back"


def _holds(history: History, needed: object) -> bool:
    words = history._words(needed.group or needed.key)  # type: ignore[attr-defined]
    return bool(words & needed.statuses) or (needed.optional and "skipped" in words)  # type: ignore[attr-defined]
