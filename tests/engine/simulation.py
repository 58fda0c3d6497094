"""A whole fleet in one thread: the real decide, scheduler, runner and recovery, a clock turned by hand, and a nemesis.

Every worker process is a set of greenlets that may be interrupted before and after each call to a port. There the
nemesis kills processes and hosts, freezes them past their lease, loses, doubles and delays messages, and says old
commands again.
Everything follows from one seed. What must hold in the end stands in `tests/engine/invariants.py`.

Commands (the steps' processes) outlive their worker, as they do under the shim; a lost host takes them with it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from ansflow.core.commands import Approve, Cancel, Claim, Expire, Lost, Reject, Retry, Start, Timeout
from ansflow.core.errors import AnsFlowError
from ansflow.core.schema import Record
from ansflow.core.state import copied
from ansflow.core.status import is_final
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemoryClock, MemoryRun, MemorySecrets, MemoryStore
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.engine.picture import Picture
from ansflow.engine.ports import begin_key
from ansflow.engine.scheduler import Scheduler
from ansflow.plugins.contracts import Command, Ended, Launch, LetGo
from ansflow.plugins.reading import read_outcome
from tests.engine.sim_plans import LONG, random_plan

NOWHERE = Path("/nonexistent")
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
BEAT = timedelta(seconds=3)
LEASE = timedelta(seconds=12)  # less a heartbeat, which may be on its way
MAX_TURNS = 6_000
SLOTS = 2
QUEUES = {"w1": ("default", "left"), "w2": ("default", "right")}
HARM = (
    "kill",
    "kill",
    "stop",
    "freeze",
    "freeze",
    "host",
    "lose",
    "double",
    "replay",
    "replay",
    "hasty",
    "stale",
    "unanswered",
    "late",
)
PAUSES = 0.5  # how often a call to a port is interrupted


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@dataclass
class Process:
    """What a step runs. `host` is where; a record is what its shim leaves there."""

    step: str
    attempt: int
    host: str
    started_at: datetime
    ends_at: datetime
    exit_code: int
    timed_out: bool = False
    cancelled: bool = False
    gone: bool = False  # with its host: no record, nothing to adopt

    def stop_at(self, now: datetime, *, timed_out: bool) -> None:
        if self.ends_at > now:
            self.ends_at, self.timed_out, self.cancelled = now, timed_out, not timed_out

    def ended(self, now: datetime) -> Ended | None:
        if self.gone or now < self.ends_at:
            return None
        stopped = self.timed_out or self.cancelled
        return Ended(
            exit_code=None if stopped else self.exit_code,
            signal=15 if stopped else None,
            timed_out=self.timed_out,
            cancelled=self.cancelled,
            log_sha256=EMPTY,
        )


class Watched:
    """A `Running`: whoever waits gives way until the process has ended."""

    spool = NOWHERE / "spool"

    def __init__(self, world: World, process: Process) -> None:
        self._world, self._process = world, process
        self.is_let_go = False

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        ended = self._process.ended(self._world.clock.now())
        if ended is None and self.is_let_go:
            raise LetGo
        return ended

    def wait_for_output(self, timeout_seconds: float) -> None:
        self._world.wait_for(self)

    def may_go_on(self) -> bool:
        return self.is_let_go or self._process.ended(self._world.clock.now()) is not None

    def let_go(self) -> None:
        self.is_let_go = True

    def stop(self, *, timed_out: bool = False, immediate: bool = False) -> None:
        self._process.stop_at(self._world.clock.now(), timed_out=timed_out)


class SimType:
    name = "custom"
    summary = ""
    parameters = Record(fields={})

    def check(self, spec: Any) -> list[Any]:
        return []

    def prepare(self, job: Any) -> Command:
        return Command(argv=("true",), env={"STEP": job.planned.key, "ATTEMPT": str(job.attempt)})

    conclude = staticmethod(read_outcome)


class SimExecutor:
    """The executor of one host."""

    name = "sim"

    def __init__(self, world: World, host: str) -> None:
        self._world, self._host = world, host

    def open(self) -> None: ...

    def close(self) -> None: ...

    def start(self, launch: Launch) -> Watched:
        self._world.pause()
        step, attempt = launch.command.env["STEP"], int(launch.command.env["ATTEMPT"])
        process = self._world.begin(step, attempt, self._host, launch.limits.timeout)
        self._world.pause()
        return Watched(self._world, process)

    def adopt(self, launch: Launch) -> Watched | None:
        self._world.pause()
        step, attempt = launch.command.env["STEP"], int(launch.command.env["ATTEMPT"])
        for process in self._world.processes:
            if (process.step, process.attempt, process.host) == (step, attempt, self._host) and not process.gone:
                return Watched(self._world, process)
        return None


class Registry:
    def __init__(self, executor: SimExecutor) -> None:
        self._executor = executor

    def step_type(self, name: str) -> Any:
        return STEP_TYPE

    def executor(self, name: str) -> Any:
        return self._executor


STEP_TYPE = SimType()


class Workspaces:
    def open(self, execution: int) -> Path:
        return NOWHERE

    def attempt(self, execution: int, step: str, attempt: int) -> Path:
        return NOWHERE

    def bring(self, execution: int, *, alone: bool, news: object = None) -> None:
        """Nothing is in it."""

    def keep(self, execution: int, step: str, fence: int) -> None:
        """Nothing has changed in it."""


class Snapshot(Picture):
    """A view as of one moment, as another process would read it from a database."""

    def __init__(self, run: MemoryRun) -> None:
        super().__init__(copied(run.execution), run.wiring)
        self.steps, self.bundles, self.places = dict(run.steps), dict(run.bundles), dict(run.places)
        self.lines = {name: list(line) for name, line in run.lines.items()}


class SharedStore(MemoryStore):
    """The database: every call may be interrupted before and after, never within."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self._lock = nullcontext()  # type: ignore[assignment]
        self._read: dict[int, Snapshot] = {}

    def load(self, execution: int, *, at_least: int | None = None) -> Any:
        """What is at hand is as old as it may be: the last that anybody has read."""
        known = self._read.get(execution)
        if at_least is not None and known is not None and known.execution.version >= at_least:
            return known
        self.world.pause()
        known = self._read[execution] = Snapshot(self._run(execution))
        return known

    def apply(self, execution: int, decision: Any, *, now: datetime, along: Any = None) -> bool:
        self.world.pause()
        done = super().apply(execution, decision, now=now, along=along)
        self.world.pause()
        return done

    def sent(self, key: tuple[int, int, int]) -> None:
        self.world.pause()
        super().sent(key)


class Messages:
    """The broker: a bag from which messages come out in any order, twice, or not at all."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.bag: list[tuple[int, str]] = []

    def run_step(self, execution: int, step: str) -> None:
        self._world.pause()
        self.bag.append((execution, step))

    def others_wait(self, execution: int) -> bool:
        return any(waiting != execution for waiting, _ in self.bag)


@dataclass
class Worker:
    """A process of ours on a host. `boot` changes with each start; `until` is when a frozen or dead one comes back."""

    name: str
    engine: Engine | None = None
    boots: int = 0
    until: datetime | None = None
    beat_at: datetime | None = None
    beating: bool = False
    ticking: bool = False
    tasks: list[greenlet] = field(default_factory=list)
    frozen: bool = False

    def is_up(self) -> bool:
        return self.engine is not None and not self.frozen


class World:
    """One seed's play. `run` plays it to the end; then the invariants are asked."""

    def __init__(self, seed: int, *, faults: bool = True) -> None:
        self.random = Random(seed)
        self.faults = self.random.randint(1, 8) if faults else 0
        self.nemesis: list[str] = []
        self.clock = MemoryClock()
        self.started_at = self.clock.now()
        self.store = SharedStore(self)
        self.messages = Messages(self)
        self.bus = MemoryBus()
        self.processes: list[Process] = []
        self.said: list[Any] = []
        self.silent = False  # some worker was not heard of for longer than its lease
        self._poisoned: set[str] = set()
        self.repairs: dict[str, int] = {}
        self.cancelled_steps: set[str] = set()
        self.plan = random_plan(self.random)
        self.workers = [Worker("w1"), Worker("w2")]
        self.execution = 0
        self.turns = 0
        self._main = getcurrent()
        self._waiting: dict[greenlet, Watched] = {}
        self._wishes: list[tuple[datetime, Callable[[Engine], None]]] = []

    # ── the play ─────────────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        for worker in self.workers:
            self.boot(worker)
        self.execution = self.store.create(self.plan, now=self.clock.now(), by="ann")
        self.spawn(self.workers[0], self._start)
        self._plan_wishes()
        while self.turns < MAX_TURNS and not self.is_over():
            self.turns += 1
            self._turn()
        for worker in self.workers:
            self._hear(worker)
            if worker.engine is not None:
                self._note_repairs(worker.engine)
            self._kill_tasks(worker)

    def is_over(self) -> bool:
        return is_final(self.store._run(self.execution).execution.status) and not self.store._outbox

    def _start(self, engine: Engine) -> None:
        engine.scheduler.tell(self.execution, Start())
        self.store.sent(begin_key(self.execution))

    def _ignore(self, *_: object) -> None: ...

    def _turn(self) -> None:
        if self.faults and self.random.random() < 0.06:
            self.faults -= 1
            self._do_harm()
        self._spread_poison()
        self._come_back()
        self._keep_time()
        ready = [
            (worker, task) for worker in self.workers if worker.is_up() for task in worker.tasks if self._may_go(task)
        ]
        letters = [(message, worker) for worker in self.workers if self._has_room(worker)
                   for message in self.messages.bag if self.serves(worker, message[1])]  # fmt: skip
        deliver = bool(letters)
        if not ready and not deliver:
            self._advance()
        elif deliver and self.random.random() < (0.4 if ready else 1.0):
            message, receiver = self.random.choice(letters)
            self.messages.bag.remove(message)
            self.spawn(receiver, lambda engine: engine.run_step(*message))
        else:
            self._go(*self.random.choice(ready))

    def serves(self, worker: Worker, step: str) -> bool:
        return self.plan.queue_of(step) in QUEUES[worker.name]

    @staticmethod
    def _has_room(worker: Worker) -> bool:
        return worker.engine is not None and worker.is_up() and worker.engine.runner.busy() < SLOTS

    def _keep_time(self) -> None:
        now = self.clock.now()
        for worker in self.workers:
            if worker.is_up() and not worker.beating and (worker.beat_at is None or now - worker.beat_at >= BEAT):
                self._hear(worker)
                worker.beating = True
                self.spawn(worker, self._beat(worker))
        due = self.store.next_due()
        if due is not None and due <= now and not any(worker.ticking for worker in self.workers if worker.is_up()):
            up = [worker for worker in self.workers if worker.is_up()]
            if up:
                worker = self.random.choice(up)
                worker.ticking = True
                self.spawn(worker, self._tick(worker))
        for at, wish in [entry for entry in self._wishes if entry[0] <= now]:
            up = [worker for worker in self.workers if worker.is_up()]
            if up:
                self._wishes.remove((at, wish))
                self.spawn(self.random.choice(up), wish)

    def _hear(self, worker: Worker) -> None:
        now = self.clock.now()
        self.silent = self.silent or (worker.beat_at is not None and now - worker.beat_at > LEASE)
        worker.beat_at = now

    def _beat(self, worker: Worker) -> Callable[[Engine], None]:
        def beat(engine: Engine) -> None:
            try:
                engine.beat()
            finally:
                worker.beating = False

        return beat

    def _tick(self, worker: Worker) -> Callable[[Engine], None]:
        def tick(engine: Engine) -> None:
            try:
                engine.tick()
            finally:
                worker.ticking = False

        return tick

    def _advance(self) -> None:
        """Nothing can happen now: to the next moment at which something can."""
        now = self.clock.now()
        moments = [process.ends_at for process in self.processes if not process.gone and process.ends_at > now]
        moments += [worker.until for worker in self.workers if worker.until is not None and worker.until > now]
        moments += [at for at, _ in self._wishes if at > now]
        moments += [worker.beat_at + BEAT for worker in self.workers if worker.is_up() and worker.beat_at is not None]
        due = self.store.next_due()
        if due is not None and due > now:
            moments.append(due)
        later = [moment for moment in moments if moment > now]
        self.clock.turn(min(later) - now if later else BEAT)

    # ── tasks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def spawn(self, worker: Worker, call: Callable[[Engine], None]) -> None:
        engine = worker.engine
        assert engine is not None

        def body() -> None:
            try:
                call(engine)
            except AnsFlowError:
                """A person was told why not; a fenced worker walked away."""

        worker.tasks.append(greenlet(body, self._main))

    def pause(self) -> None:
        """Called by the ports: others may go first, and this one may never come back."""
        if getcurrent() is not self._main and self.random.random() < PAUSES:
            self._main.switch()

    def wait_for(self, watched: Watched) -> None:
        self._waiting[getcurrent()] = watched
        self._main.switch()

    def _may_go(self, task: greenlet) -> bool:
        watched = self._waiting.get(task)
        return watched is None or watched.may_go_on()

    def _go(self, worker: Worker, task: greenlet) -> None:
        self._waiting.pop(task, None)
        task.switch()
        if task.dead and task in worker.tasks:
            worker.tasks.remove(task)

    def _kill_tasks(self, worker: Worker) -> None:
        for task in worker.tasks:
            self._waiting.pop(task, None)
            if task:
                task.throw(GreenletExit)
        worker.tasks.clear()

    # ── processes ────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, step: str, attempt: int, host: str, timeout: timedelta) -> Process:
        now = self.clock.now()
        sick = step.startswith("poison") and bool(self.nemesis)
        lasts = LONG if step.startswith("long") or sick else seconds(self.random.choice((0, 0.1, 1, 5, 20, 20)))
        code = self.random.choice((0, 0, 0, 0, 1, 75))
        process = Process(step, attempt, host, now, now + min(lasts, timeout), code, timed_out=lasts > timeout)
        self.processes.append(process)
        if sick:
            self._poisoned.add(host)
            self.nemesis.append("poison")
        return process

    # ── harm ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _do_harm(self) -> None:
        kind = self.random.choice(HARM)
        self.nemesis.append(kind)
        worker = self.random.choice(self.workers)
        if kind in ("kill", "host", "freeze", "stop"):
            self._harm_worker(kind, worker)
        elif kind == "lose" and self.messages.bag:
            self.messages.bag.pop(self.random.randrange(len(self.messages.bag)))
        elif kind == "double" and self.messages.bag:
            self.messages.bag.append(self.random.choice(self.messages.bag))
        elif kind == "late":
            self.clock.turn(seconds(self.random.choice((1, 5, 17))))
        elif worker.is_up():
            for command in self._untimely(kind, worker):
                self._say(worker, command)

    def _harm_worker(self, kind: str, worker: Worker) -> None:
        away = self.random.choice((0, 1, 10, 16, 40))
        if kind == "freeze" and worker.is_up():
            worker.frozen, worker.until = True, self.clock.now() + seconds(away)
        elif kind == "host" and worker.engine is not None:
            self._lose_host(worker, after=away)
        elif kind in ("kill", "stop") and worker.engine is not None:
            if kind == "stop" and not worker.frozen:
                self._let_go(worker, worker.engine)
            self._crash(worker)
            worker.until = self.clock.now() + seconds(away)

    def _let_go(self, worker: Worker, engine: Engine) -> None:
        """A graceful stop: most of its threads have the time to walk away."""
        engine.runner.close(seconds=0)
        for _ in range(50):
            ready = [task for task in worker.tasks if self._may_go(task)]
            if ready:
                self._go(worker, self.random.choice(ready))

    def _untimely(self, kind: str, worker: Worker) -> list[Any]:
        """Commands that nobody should have said now: old ones, ones of a clock that runs ahead, ones never heard of."""
        if kind == "replay":
            lately = self.said[-6:]
            return self.random.sample(lately, len(lately))
        if kind == "hasty":
            every = [command(step=step) for step in self.plan.steps for command in (Retry, Expire)]
            return [*every, Timeout(), *(Timeout(bundle=name) for name in self.plan.bundles)]
        if kind == "stale":
            return [Lost(step=held.step, fence=held.fence - 1) for held in self.store.running()]
        if kind == "unanswered" and worker.engine is not None:
            served = [step for step in self.plan.steps if self.serves(worker, step)]
            return [Claim(step=step, worker=worker.engine.runner.boot) for step in served]
        return []

    def _say(self, worker: Worker, command: Any) -> None:
        self.spawn(worker, lambda engine: engine.scheduler.tell(self.execution, command))

    def _spread_poison(self) -> None:
        """A step called `poison…` takes its host down with it, each time."""
        for worker in self.workers:
            if worker.name in self._poisoned and worker.engine is not None:
                self._lose_host(worker, after=1)
        self._poisoned.clear()

    def _lose_host(self, worker: Worker, *, after: float) -> None:
        now = self.clock.now()
        self._crash(worker)
        worker.until = now + seconds(after)
        for process in self.processes:
            process.gone = process.gone or (process.host == worker.name and process.ends_at > now)

    def _crash(self, worker: Worker) -> None:
        assert worker.engine is not None
        self._note_repairs(worker.engine)
        self._kill_tasks(worker)
        worker.engine, worker.frozen, worker.beating, worker.ticking = None, False, False, False

    def _come_back(self) -> None:
        now = self.clock.now()
        for worker in self.workers:
            if worker.until is not None and worker.until <= now:
                worker.until, worker.frozen = None, False
                if worker.engine is None:
                    self.boot(worker)

    def boot(self, worker: Worker) -> None:
        worker.boots += 1
        boot = f"{worker.name}/{worker.boots}"
        worker.engine = engine = Engine(
            store=self.store,
            logs=MemoryLogs(),
            artifacts=None,  # type: ignore[arg-type]
            caches=None,  # type: ignore[arg-type]
            workspaces=Workspaces(),  # type: ignore[arg-type]
            secrets=MemorySecrets(),
            bus=self.bus,
            dispatcher=self.messages,
            clock=self.clock,
            registry=Registry(SimExecutor(self, worker.name)),  # type: ignore[arg-type]
            place=Place(base=NOWHERE, data=NOWHERE, env={}, executor="sim"),
            worker=worker.name,
            boot=boot,
            slots=SLOTS,
            queues=QUEUES[worker.name],
            jitter=self.random.random,
            in_background=lambda call: self.spawn(worker, lambda engine: call()),
        )
        self._open_up(engine.scheduler)
        engine._timer.look = engine._timer.expect = self._ignore  # type: ignore[method-assign]
        self._hear(worker)
        engine.open()

    def _open_up(self, scheduler: Scheduler) -> None:
        """No lock between the slots of a process: only the store's guards keep order. And every word is noted."""
        scheduler._turn = lambda execution: nullcontext()  # type: ignore[method-assign]
        decide = scheduler._decide

        def noted(execution: int, command: Any, along: Any = None) -> Any:
            self.said.append(command)
            return decide(execution, command, along)

        scheduler._decide = noted  # type: ignore[method-assign]

    def _note_repairs(self, engine: Engine) -> None:
        for name, number in engine.recovery.repairs.items():
            self.repairs[name] = self.repairs.get(name, 0) + number

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _plan_wishes(self) -> None:
        for key in self.plan.steps:
            gate = self.plan.spec_of(key).approval
            for person in ("ann", "bob", "bob", "cid") if gate else ():
                if self.random.random() < 0.7:
                    no = self.random.random() < 0.1
                    self._wish(self.random.uniform(0, 90), self._answer(key, person, no=no))
        if self.random.random() < 0.25:
            self._wish(self.random.uniform(0, 30), self._cancel())
            if self.random.random() < 0.3:
                self._wish(self.random.uniform(0, 40), self._cancel(immediate=True))
        elif self.random.random() < 0.15:
            step = self.random.choice(list(self.plan.steps))
            self.cancelled_steps.add(step)
            self._wish(self.random.uniform(0, 20), self._cancel(step=step))

    def _wish(self, after: float, wish: Callable[[Engine], None]) -> None:
        self._wishes.append((self.clock.now() + seconds(after), wish))

    def _answer(self, step: str, by: str, *, no: bool) -> Callable[[Engine], None]:
        def answer(engine: Engine) -> None:
            command = Reject(step=step, by=by) if no else Approve(step=step, by=by)
            engine.scheduler.tell(self.execution, command)

        return answer

    def _cancel(self, *, step: str = "", immediate: bool = False) -> Callable[[Engine], None]:
        def cancel(engine: Engine) -> None:
            engine.scheduler.tell(self.execution, Cancel(step=step, by="ann", immediate=immediate))

        return cancel
