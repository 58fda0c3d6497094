"""Every port in memory: for tests, the simulation, and a lone `ansflow run`. Safe to use from several threads.

`MemoryStore` hands the same `Picture` of an execution to every reader. Logs are in `memory_logs`.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Condition, Lock

from ansflow.core.commands import Begin, Decision, Expire, Offer, Retry, Stop, Timeout
from ansflow.core.errors import NotFound
from ansflow.core.events import Event, ExecutionChanged
from ansflow.core.fairness import Standing, Turns, Waiting, fair
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.state import ExecutionState, State, StepState
from ansflow.core.status import Reason, StepStatus, is_final
from ansflow.core.wiring import Wiring
from ansflow.engine.picture import Picture
from ansflow.engine.ports import (
    NOTHING_SAID,
    About,
    Choice,
    Due,
    Grown,
    Held,
    Hint,
    Listener,
    Moved,
    Offered,
    OnOffer,
    Sending,
    Stopping,
    begin_key,
    check_moves,
    limit_reached,
    started,
    tell,
)

MOST_HEARD = 1000
"""Executions whose newest number a bus keeps for those who will ask: who asks for another one looks for itself."""


class MemoryClock:
    """Stands still until it is turned."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def turn(self, by: timedelta) -> datetime:
        self._now += by
        return self._now


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class MemoryRun(Picture):
    """Everything that is kept of one execution."""

    def __init__(self, execution: ExecutionState, wiring: Wiring) -> None:
        super().__init__(execution, wiring)
        self.events: list[Event] = []


class MemoryStore:
    """An `ExecutionStore`. One lock around every write: decisions are small, and nothing waits inside."""

    def __init__(self, *, first: int = 1) -> None:
        """`first` is the number of the first execution: a local run has reserved one.

        `projects` says which project an execution belongs to (0 where it says nothing), `limits` how many steps of one
        may run at once, `wishes` what an operator wants of a boot, `heeded` what it follows.
        """
        self.projects: dict[int, int] = {}
        self.limits: dict[int, int] = {}
        self.wishes: dict[str, str] = {}
        self.heeded: dict[str, str] = {}
        self.turns = Turns()
        self._lock = Lock()
        self._runs: dict[int, MemoryRun] = {}
        self._open: dict[int, None] = {}
        self._outbox: dict[tuple[int, int, int], Sending] = {}
        self._offers: dict[tuple[int, str], datetime] = {}
        self._held: dict[str, dict[tuple[int, str], Held]] = {}
        self._seen: dict[str, datetime] = {}
        self._boots: dict[str, str] = {}
        self._due: list[tuple[datetime, int, Due]] = []
        self._planned = 0
        self._number = first - 1

    def create(self, plan: Plan, *, now: datetime, by: str = "", kept: Mapping[str, Outcome] | None = None) -> int:
        wiring = Wiring(plan)
        with self._lock:
            self._number += 1
            execution = wiring.new_execution(self._number, by=by, kept=dict(kept or {}))
            execution.seq = 1
            run = MemoryRun(execution, wiring)
            fact = ExecutionChanged(status=execution.status, reason=execution.reason, message=execution.message)
            run.events.append(Event(execution=execution.id, seq=1, at=now, fact=fact))
            self._runs[execution.id] = run
            self._open[execution.id] = None
            key = begin_key(execution.id)
            self._outbox[key] = Sending(key, Begin(), now)
            return execution.id

    def wiring(self, execution: int) -> Wiring:
        return self._run(execution).wiring

    def load(self, execution: int, *, at_least: int | None = None) -> State:
        return self._run(execution)

    def news(self, execution: int) -> object:
        """Nobody can tell who writes here."""
        return object()

    def apply(
        self, execution: int, decision: Decision, *, now: datetime, along: Callable[[], object] | None = None
    ) -> bool:
        after = decision.execution
        run = self._run(execution)
        if after is None:
            return False
        check_moves(decision)
        with self._lock:
            if run.execution.version != after.version - 1:
                return False
            if any(run.step(change.after.key).guard != change.guard for change in decision.steps):
                return False
            self._check_limit(execution, decision)
            if along is not None:
                along()
            self._write(run, decision, after, now)
            return True

    def _check_limit(self, execution: int, decision: Decision) -> None:
        project = self.projects.get(execution, 0)
        more = started(decision)
        if more > 0 and project in self.limits:
            running = Counter(self.projects.get(held.execution, 0) for held in self._all_held())
            if running[project] + more > self.limits[project]:
                raise limit_reached(self.limits[project])

    def secure(self) -> None:
        """Nothing here outlives the process."""

    def _write(self, run: MemoryRun, decision: Decision, after: ExecutionState, now: datetime) -> None:
        rows = [change.after for change in decision.steps]
        for row in rows:
            self._index(run, run.step(row.key), row)
        for bundle in decision.bundles:
            if bundle.deadline and bundle.deadline != run.bundle(bundle.name).deadline:
                self._plan(bundle.deadline, Due(after.id, Timeout(bundle=bundle.name)))
        if after.deadline and after.deadline != run.execution.deadline:
            self._plan(after.deadline, Due(after.id, Timeout()))
        seq = run.execution.seq
        for number, fact in enumerate(decision.facts, start=seq + 1):
            run.events.append(Event(execution=after.id, seq=number, at=now, fact=fact))
        for number, effect in enumerate(decision.effects):
            if not isinstance(effect, Offer):  # a step on offer is its own row of the outbox
                key = (after.id, after.version, number)
                self._outbox[key] = Sending(key, effect, now)
        run.update(after, rows, decision.bundles, decision.used)
        if is_final(after.status):
            self._open.pop(after.id, None)

    def _index(self, run: MemoryRun, before: StepState, row: StepState) -> None:
        """What makes the questions over all executions cheap: who holds what, what is on offer, what is due."""
        place = (run.execution.id, row.key)
        if before.status is StepStatus.RUNNING:
            self._held.get(before.worker, {}).pop(place, None)
        if row.status is StepStatus.RUNNING:
            self._held.setdefault(row.worker, {})[place] = Held(*place, row.attempt, row.fence, row.worker)
        if row.offered_at is not None:
            self._offers[place] = row.offered_at
        elif before.offered_at is not None:
            self._offers.pop(place, None)
        if row.due_at is not None and row.due_at != before.due_at:
            command = Expire(step=row.key) if row.status is StepStatus.WAITING else Retry(step=row.key)
            self._plan(row.due_at, Due(run.execution.id, command))

    def events(self, execution: int, *, after: int = 0) -> Sequence[Event]:
        return self._run(execution).events[after:]

    def executions(self) -> Sequence[int]:
        with self._lock:
            return list(self._open)

    # ── what must happen outside ─────────────────────────────────────────────────────────────────────────────────

    def sent(self, key: tuple[int, int, int]) -> None:
        with self._lock:
            self._outbox.pop(key, None)

    def forget_ended(self) -> Collection[int]:
        return self.executions()

    def unsent(self, *, before: datetime) -> Sequence[Sending]:
        with self._lock:
            return [sending for sending in self._outbox.values() if sending.at <= before]

    def offers(self, *, before: datetime) -> Sequence[tuple[int, str]]:
        with self._lock:
            return [place for place, at in self._offers.items() if at <= before]

    def choose(self, queues: Sequence[str], *, most: int, now: datetime) -> Choice:
        with self._lock:
            found: dict[tuple[int, int, str, int], list[OnOffer]] = {}
            for (execution, step), since in sorted(self._offers.items(), key=lambda offer: offer[1]):
                plan = self._runs[execution].wiring.plan
                queue, priority = plan.queue_of(step), plan.spec_of(step).priority
                if not queues or queue in queues:
                    group = (self.projects.get(execution, 0), execution, queue, priority)
                    found.setdefault(group, []).append(OnOffer(execution, step, queue, since))
            held = [*self._all_held()]
            standing = Standing(
                projects=Counter(self.projects.get(one.execution, 0) for one in held),
                executions=Counter(one.execution for one in held),
                limits=self.limits,
            )
            waiting = [Waiting(*group, len(steps), steps[0].since) for group, steps in found.items()]
            chosen, held_back = fair(waiting, standing, self.turns, most=most + 1, now=now)
            self.turns.took(chosen[:most])
            steps = [found[one[:4]].pop(0) for one in chosen]
            return Choice(steps[:most], next(iter(steps[most:]), None), held_back)

    def is_limited(self, execution: int) -> bool:
        return self.projects.get(execution, 0) in self.limits

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> Sequence[Due]:
        with self._lock:
            ripe = []
            while self._due and self._due[0][0] <= now:
                entry = heapq.heappop(self._due)
                if self._is_due(entry[0], entry[-1]):
                    ripe.append(entry)
            for entry in ripe:  # they stay until a decision has dealt with them
                heapq.heappush(self._due, entry)
            return [entry[-1] for entry in ripe]

    def next_due(self) -> datetime | None:
        with self._lock:
            while self._due and not self._is_due(self._due[0][0], self._due[0][-1]):
                heapq.heappop(self._due)
            return self._due[0][0] if self._due else None

    def _plan(self, at: datetime, due: Due) -> None:
        self._planned += 1
        heapq.heappush(self._due, (at, self._planned, due))

    def _is_due(self, at: datetime, due: Due) -> bool:
        run = self._runs[due.execution]
        if isinstance(due.command, Timeout):
            row = run.bundle(due.command.bundle) if due.command.bundle else run.execution
            return row.deadline == at
        return run.step(due.command.step).due_at == at

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, worker: str, boot: str, *, now: datetime, about: About = NOTHING_SAID) -> Sequence[Held]:
        with self._lock:
            former = [known for known, name in self._boots.items() if name == worker and known != boot]
            for known in former:
                self._seen[known] = now  # nobody else may give up what this worker is about to take over
            self._boots[boot] = worker
            self._seen[boot] = now
            return [held for known in former for held in self._held.get(known, {}).values()]

    def beat(self, boot: str, *, now: datetime, load: float | None = None) -> Sequence[tuple[int, Stop]]:
        with self._lock:
            if boot not in self._seen:
                raise NotFound(f"There is no worker {boot}.")
            self._seen[boot] = now
            rows = [(held, self._runs[held.execution]) for held in self._held.get(boot, {}).values()]
            return [
                (held.execution, _stop(held, run, timed_out=row.stop is Reason.TIMEOUT))
                for held, run in rows
                if (row := run.step(held.step)).stop is not None
            ]

    def wish(self, boot: str) -> str:
        return self.wishes.get(boot, "")

    def heed(self, boot: str, wish: str) -> None:
        self.heeded[boot] = wish

    def leave(self, boot: str) -> None:
        with self._lock:
            if not self._held.get(boot):
                self._boots.pop(boot, None)
                self._seen.pop(boot, None)

    def lost(self, *, before: datetime) -> Sequence[Held]:
        with self._lock:
            gone = [boot for boot in self._held if boot not in self._seen or self._seen[boot] < before]
            return [held for boot in gone for held in self._held[boot].values()]

    def running(self) -> Sequence[Held]:
        with self._lock:
            return list(self._all_held())

    def _all_held(self) -> Iterator[Held]:
        return (held for holds in self._held.values() for held in holds.values())

    def _run(self, execution: int) -> MemoryRun:
        try:
            return self._runs[execution]
        except KeyError:
            raise NotFound(f"There is no execution {execution}.") from None


def _stop(held: Held, run: MemoryRun, *, timed_out: bool) -> Stop:
    return Stop(held.step, held.attempt, held.fence, held.worker, run.execution.immediate, timed_out)


class MemoryBus:
    """Hints within one process. Who publishes calls the listeners."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._heard: dict[int, int] = {}
        self._listeners: dict[object, Listener] = {}  # never changed: replaced

    def publish(self, execution: int, seq: int) -> None:
        with self._changed:
            self._heard[execution] = max(seq, self._heard.pop(execution, 0))
            if len(self._heard) > MOST_HEARD:
                del self._heard[next(iter(self._heard))]
            self._changed.notify_all()
        self._tell(Moved(execution, seq))

    def grown(self, execution: int, step: str, attempt: int, length: int) -> None:
        self._tell(Grown(execution, step, attempt, length))

    def offered(self, queue: str) -> None:
        self._tell(Offered(queue))

    def stopping(self, execution: int) -> None:
        self._tell(Stopping(execution))

    def wait(self, execution: int, *, after: int, timeout_seconds: float) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._heard.get(execution, 0) > after, timeout_seconds)
            return max(after, self._heard.get(execution, 0))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        place = object()
        with self._changed:
            self._listeners = {**self._listeners, place: listener}
        return lambda: self._leave(place)

    def close(self) -> None:
        with self._changed:
            self._listeners = {}

    def _leave(self, place: object) -> None:
        with self._changed:
            self._listeners = {known: listener for known, listener in self._listeners.items() if known is not place}

    def _tell(self, hint: Hint) -> None:
        for listener in self._listeners.values():
            tell(listener, hint)


class MemorySecrets:
    """`Secrets` that are the same for every execution and environment."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def values(self, execution: int, names: Sequence[str], *, environment: str = "") -> Mapping[str, str]:
        missing = [name for name in names if name not in self._values]
        if missing:
            raise NotFound(f"There is no secret {', '.join(missing)}.")
        return {name: self._values[name] for name in names}

    def login(self, execution: int, name: str) -> None:
        if name:
            raise NotFound(f"There is no Git credential {name}.")
