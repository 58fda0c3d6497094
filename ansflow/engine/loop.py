"""The engine as one object: what a command line, a server or a test holds in its hand.

    threads = Threads(slots=4)
    engine = Engine(store=MemoryStore(), logs=…, artifacts=…, caches=…, workspaces=…, secrets=…, bus=MemoryBus(),
                    dispatcher=threads, clock=SystemClock(), registry=ansflow.plugins.registry,
                    place=Place(base=…, data=…, env={"PATH": …}, executor="host"))
    threads.serve(engine.run_step)
    execution = engine.start(plan, by="ann")
    for event in engine.follow(execution): …          # ends with the event that ends the execution
    threads.close(); engine.close()

A lone run needs nothing else. A server has `Slots` for its threads, passes `in_background=slots.run_now`,
`is_idle=slots.has_room` and `asked_at=slots.asked_at`, calls `engine.open()` once and `engine.beat()` every HEARTBEAT,
which prolongs the lease, takes cancellations from other processes, and repairs. It ends with `engine.close();
slots.close(seconds=…)`: what runs then is let go, and adopted by its next life. Nothing polls: one thread sleeps until
the next due time, and begins only when something is due.

Where several processes share the work, each says what is its part of it, as `duties`:

    ALONE                      # a server without others
    {Duty.CARRY}               # a worker: runs steps, and looks after its own
    {Duty.MEND}                # the scheduler: what is due, and what others have lost. It also calls `look` every
                               # second, since others plan what is due without telling it
    ()                         # only what people ask for (start, cancel, approve): not opened, and instead of `beat` it
                               # calls `forget_ended`
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from threading import Condition, Thread
from time import monotonic, sleep

from ansflow import __version__
from ansflow.core.commands import Approve, Cancel, Command, Decision, Reject, Start, Stop
from ansflow.core.errors import Conflict, NotFound
from ansflow.core.events import Event, ExecutionChanged
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.state import State
from ansflow.core.status import ExecutionStatus, is_final
from ansflow.engine.job import JobMaker, Place, Registry
from ansflow.engine.ports import (
    About,
    ArtifactStore,
    CacheStore,
    Clock,
    Dispatcher,
    EventBus,
    ExecutionStore,
    Facts,
    Held,
    LogStore,
    Secrets,
    begin_key,
    no_facts,
)
from ansflow.engine.recovery import ALONE, PATIENCE, Duty, Patience, Recovery
from ansflow.engine.runner import Runner
from ansflow.engine.scheduler import Scheduler
from ansflow.engine.stumbling import stumbling
from ansflow.engine.workspaces import WorkspaceStore

Along = Callable[[], object]
"""Writes what belongs to a decision in its transaction: see `ExecutionStore.apply`."""

HEARTBEAT = timedelta(seconds=3)
AGAIN = timedelta(seconds=1)  # after which the timer tries anew what failed
LOOK_ANYWAY = 1.0  # seconds after which a waiting reader looks for itself: hints may be lost
LETTING_GO = 1.5  # seconds that `close` may take to let go of what runs
BETWEEN_LOOKS = 0.01  # seconds: short steps end faster than anyone can see, and waking up for each costs them time


def in_thread(call: Callable[[], None]) -> None:
    Thread(target=call, name="ansflow-resumed", daemon=True).start()


class Engine:
    """Safe to use from several threads. `worker` is a name that survives a restart, `boot` one that does not."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        logs: LogStore,
        artifacts: ArtifactStore,
        caches: CacheStore,
        workspaces: WorkspaceStore,
        secrets: Secrets,
        bus: EventBus,
        dispatcher: Dispatcher,
        clock: Clock,
        registry: Registry,
        place: Place,
        worker: str = "local",
        boot: str = "local",
        slots: int = 4,
        on_log: Callable[[int, str, int, int], None] | None = None,
        jitter: Callable[[], float] = random.random,
        in_background: Callable[[Callable[[], None]], None] = in_thread,
        patience: Patience = PATIENCE,
        is_idle: Callable[[], bool] | None = None,
        asked_at: Callable[[], datetime | None] = lambda: None,
        away: tuple[type[Exception], ...] = (),
        facts: Callable[[int], Facts] = no_facts,
        queues: Sequence[str] = (),
        duties: Collection[Duty] = ALONE,
        host: str = "",
        load: Callable[[], float | None] = lambda: None,
    ) -> None:
        """`queues` are those that this worker serves, () is every one; `load` is that of its machine, per core."""
        self.store = store
        self.logs = logs
        self.artifacts = artifacts
        self.workspaces = workspaces
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._boot = boot
        self._duties = frozenset(duties)
        self._about = About(slots, tuple(queues), place.executor, __version__, host)
        self._load = load
        self.on_wish: Callable[[str], None] = _ignore  # hears at each beat what an operator wants of this worker
        self._heeded = ""
        self._is_registered = False
        self.scheduler = Scheduler(store=store, dispatcher=dispatcher, bus=bus, clock=clock, queues=tuple(queues))
        self._jobs = JobMaker(
            store=store, workspaces=workspaces, secrets=secrets, registry=registry, place=place, facts=facts
        )
        self.runner = Runner(
            scheduler=self.scheduler,
            jobs=self._jobs,
            logs=logs,
            artifacts=artifacts,
            caches=caches,
            workspaces=workspaces,
            boot=boot,
            on_log=on_log or bus.grown,
            jitter=jitter,
            away=away,
        )
        self.recovery = Recovery(
            store=store,
            scheduler=self.scheduler,
            dispatcher=dispatcher,
            boot=boot,
            slots=slots,
            is_idle=is_idle or (lambda: self.runner.busy() < slots),
            asked_at=asked_at,
            is_carried=self.runner.carries,
            resume=lambda held: in_background(partial(self.runner.resume, held)),
            jitter=jitter,
            patience=patience,
            duties=self._duties,
        )
        self._timer = _Timer(self.tick, store, clock)
        self.runner.inherited = self.recovery.inherited
        self.scheduler.on_stop = self.runner.stop
        self.scheduler.on_change = self._note

    # ── what people ask for ──────────────────────────────────────────────────────────────────────────────────────

    def start(self, plan: Plan, *, by: str = "", kept: Mapping[str, Outcome] | None = None) -> int:
        """Freezes the plan and begins. `kept` are the good steps of the execution that this one resumes."""
        execution = self.store.create(plan, now=self._clock.now(), by=by, kept=kept)
        self.begin(execution)
        return execution

    def begin(self, execution: int) -> None:
        """Starts an execution that has been written down. Safe to repeat."""
        self.scheduler.tell(execution, Start())
        self.store.sent(begin_key(execution))

    def cancel(
        self,
        execution: int,
        *,
        by: str = "",
        message: str = "",
        step: str = "",
        immediate: bool = False,
        along: Along | None = None,
    ) -> None:
        """Gracefully: TERM, grace, `finally` steps. `immediate` skips the last two. Conflict when nothing is left."""
        self._say(execution, Cancel(step=step, by=by, message=message, immediate=immediate), along)

    def approve(
        self,
        execution: int,
        step: str,
        *,
        by: str,
        groups: Sequence[str] = (),
        comment: str = "",
        fields: Mapping[str, str] | None = None,
        override: bool = False,
        along: Along | None = None,
    ) -> None:
        """Raises Conflict with the sentence why this person may not, or why the gate is not there."""
        answers = dict(fields or {})
        self._say(
            execution,
            Approve(step=step, by=by, groups=tuple(groups), comment=comment, fields=answers, override=override),
            along,
        )

    def reject(
        self,
        execution: int,
        step: str,
        *,
        by: str,
        groups: Sequence[str] = (),
        comment: str = "",
        override: bool = False,
        along: Along | None = None,
    ) -> None:
        self._say(execution, Reject(step=step, by=by, groups=tuple(groups), comment=comment, override=override), along)

    # ── what is known ────────────────────────────────────────────────────────────────────────────────────────────

    def state(self, execution: int) -> State:
        return self.store.load(execution)

    def events(self, execution: int, *, after: int = 0) -> Sequence[Event]:
        return self.store.events(execution, after=after)

    def follow(self, execution: int, *, after: int = 0, check: Callable[[], None] = lambda: None) -> Iterator[Event]:
        """Every event as it comes; ends with the one that ends the execution, or with what `check` raises."""
        looked = 0.0
        while True:
            for event in self.store.events(execution, after=after):
                yield event
                after = event.seq
                if isinstance(event.fact, ExecutionChanged) and is_final(event.fact.status):
                    return
            self._bus.wait(execution, after=after, timeout_seconds=LOOK_ANYWAY)
            sleep(max(0.0, looked + BETWEEN_LOOKS - monotonic()))
            looked = monotonic()
            check()

    def wait(self, execution: int) -> ExecutionStatus:
        """Blocks until the execution has ended."""
        for event in self.follow(execution):
            last = event
        return self.store.load(last.execution).execution.status

    # ── what workers do ──────────────────────────────────────────────────────────────────────────────────────────

    def run_step(self, execution: int, step: str) -> None:
        """What a dispatcher calls: carries the step and, after it, whatever of that execution may run next."""
        self.runner.run_step(execution, step)

    @property
    def boot(self) -> str:
        """This life of its worker."""
        return self._boot

    def open(self) -> None:
        """Registers this worker, adopts what its former life left running, and takes up what that left lying.

        Raises NotAvailable where the default executor cannot be opened: then nothing has been registered.
        """
        now = self._clock.now()
        held: Sequence[Held] = ()
        if Duty.CARRY in self._duties:
            self._jobs.open()
            held = self.store.register(self._worker, self._boot, now=now, about=self._about)
            self._is_registered = True
        self.recovery.begin(held, now)
        self._timer.go_on()
        self.look()

    def mend_no_more(self) -> None:
        """Another process has taken over what is due, until this one is opened again."""
        self._timer.rest()

    def beat(self) -> None:
        """Prolongs the lease, takes cancellations, repairs. Called every HEARTBEAT where there is a duty."""
        now = self._clock.now()
        if Duty.CARRY in self._duties:
            for execution, stop in self._prolong(now):
                self.runner.stop(execution, stop)
            self._heed(self.store.wish(self._boot))
        self.forget_ended()
        self.recovery.run(now)
        self.look()  # what became due in a process that is no more

    def forget_ended(self) -> None:
        """Of executions that other processes have ended. Called by `beat`; a process without a duty calls it itself."""
        self.scheduler.keep_only(self.store.forget_ended())

    def _prolong(self, now: datetime) -> Sequence[tuple[int, Stop]]:
        """One that was out of reach for so long that it has been forgotten is new to the others: else whatever it
        claimed would count as lost at once."""
        try:
            return self.store.beat(self._boot, now=now, load=self._load())
        except NotFound:
            self.store.register(self._worker, self._boot, now=now, about=self._about)
            return ()

    def _heed(self, wish: str) -> None:
        self.on_wish(wish)
        if wish != self._heeded:
            self.store.heed(self._boot, wish)
            self._heeded = wish

    def look(self) -> None:
        """Wakes the timer when something is due earlier than it knows, by the doing of another process perhaps."""
        if Duty.MEND in self._duties:
            self._timer.look()

    def tick(self) -> bool:
        """Deals with everything whose time has come. False where something could not be dealt with: it is still due."""
        well = True
        for due in self.store.due(self._clock.now()):
            with stumbling("timer stumbled: %s", due) as stumble:  # who cannot be helped keeps nobody else waiting
                self.scheduler.tell(due.execution, due.command)
            well = well and stumble.error is None
        return well

    def close(self) -> None:
        """Lets go of what runs, within two seconds, and ends the timer and the executors' connections.

        Commands run on under their shims, and nothing is recorded of them: the next life of this worker adopts them.
        """
        self._timer.close()
        self.runner.close(seconds=LETTING_GO)
        self._jobs.close()

    def leave(self) -> None:
        """After `close`, once nothing more can be claimed here: this worker is gone, not lost, if it left nothing."""
        if self._is_registered:
            self.store.leave(self._boot)

    def _say(self, execution: int, command: Command, along: Along | None = None) -> None:
        told = self.scheduler.tell(execution, command, along=along)
        if told.refused:
            raise Conflict(told.refused)

    def _note(self, decision: Decision) -> None:
        """Something may be due earlier than the timer thinks. The store is not asked for it: each step of an execution
        with a deadline would pay for that."""
        if Duty.MEND not in self._duties:
            return
        times = [change.after.due_at for change in decision.steps] + [bundle.deadline for bundle in decision.bundles]
        if decision.execution is not None:
            times.append(decision.execution.deadline)
        earliest = min((at for at in times if at is not None), default=None)
        if earliest is not None:
            self._timer.expect(earliest)


def _ignore(_: str) -> None:
    """Who has no operator."""


class _Timer:
    """Sleeps until the next due time. Its thread begins with the first."""

    def __init__(self, tick: Callable[[], bool], store: ExecutionStore, clock: Clock) -> None:
        self._tick = tick
        self._store = store
        self._clock = clock
        self._changed = Condition()
        self._until: datetime | None = None
        self._rests = False
        self._closed = False
        self._thread: Thread | None = None

    def look(self) -> None:
        """Wakes the thread when something is due earlier than it sleeps."""
        if not self._rests and (due_at := self._store.next_due()) is not None:
            self.expect(due_at)

    def expect(self, due_at: datetime) -> None:
        """Something has been written that is due then."""
        with self._changed:
            if self._rests or self._closed or (self._until is not None and self._until <= due_at):
                return
            self._until = due_at
            if self._thread is None:
                self._thread = Thread(target=self._run, name="ansflow-timer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def rest(self) -> None:
        """What is due is for others to deal with, until `go_on`."""
        with self._changed:
            self._rests, self._until = True, None

    def go_on(self) -> None:
        self._rests = False

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(LOOK_ANYWAY / 2)  # it may be waiting for the store

    def _run(self) -> None:
        while self._sleep():
            with stumbling("timer stumbled"):  # without this thread no retry, gate or deadline would ever come again
                if self._tick():
                    self._plan(None)
                    self.look()
                    continue
            self._plan(self._clock.now() + AGAIN)

    def _plan(self, until: datetime | None) -> None:
        with self._changed:
            self._until = None if self._rests else until

    def _sleep(self) -> bool:
        """Until something is due. False when the timer was closed meanwhile."""
        with self._changed:
            while not self._closed:
                left = None if self._until is None else (self._until - self._clock.now()).total_seconds()
                if left is not None and left <= 0:
                    return True
                self._changed.wait(left)
            return False
