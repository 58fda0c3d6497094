"""The slots of a worker: which step each takes next is decided in the database, by `ExecutionStore.choose`.

    slots = Slots(4, queues=("default",), store=store, ring=…)
    slots.serve(engine.run_step)
    slots.run_step(7, "build")      # what is offered here: carried at once where a slot is idle
    slots.look("default")           # a doorbell: steps wait in that queue

Nothing is kept in line here. A step for which there is no idle slot stays on offer where it stands, in the database;
this worker only knows that there is more, and asks as soon as a slot is free. `ring(queue, execution, step)` tells
other workers of what this one leaves: at most once for each step that is offered here, and once for each time that it
has filled its slots and still sees more, so that a wake-up passes on from worker to worker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from threading import Condition, Event, local
from time import monotonic

from ansflow.engine.memory import SystemClock
from ansflow.engine.ports import Choice, Clock, ExecutionStore
from ansflow.engine.stumbling import stumbling
from ansflow.infra.dispatch.threads import Call, Crew, Load, Work, nobody_serves

SLICE = 0.2  # seconds that a slot goes on with one execution while others wait
BREATH = 1.0  # seconds that a slot rests after a call that failed

Ring = Callable[[str, int, str], None]


def tell_nobody(queue: str, execution: int, step: str) -> None:
    """Of a worker that is the only one."""


class Slots:
    """At most `count` calls at once; a thread is started when there is work for it.

    `queues` are those that are served, () is every one. `serve(call)` comes first; then everything may be called from
    any thread.
    """

    def __init__(
        self,
        count: int,
        *,
        store: ExecutionStore,
        queues: Sequence[str] = (),
        ring: Ring = tell_nobody,
        clock: Clock | None = None,
        passed: Callable[[], float] = monotonic,
        breath: float = BREATH,
    ) -> None:
        """`passed` tells the seconds that slices are counted in."""
        self.queues = tuple(queues)
        self._count = count
        self._store = store
        self._ring = ring
        self._clock = clock or SystemClock()
        self._passed = passed
        self._breath = breath
        self._call: Call = nobody_serves
        self._changed = Condition()
        self._given: deque[tuple[int, str]] = deque()  # each has a slot, and is on its way to it
        self._running = 0
        self._more = False  # steps wait that this worker knows of, and would take
        self._look = False  # a slot is to ask for them now
        self._asking = False  # a slot does so
        self._told = False  # by others of what waits: then others are told of what is left
        self._asked_at: datetime | None = None
        self._drained = False
        self._closing = False
        self._closed = Event()
        self._crew = Crew(count, self._next)
        self._here = local()  # `since`: when this thread has taken up its execution

    def serve(self, call: Call) -> None:
        self._call = call

    # ── what is offered ──────────────────────────────────────────────────────────────────────────────────────────

    def run_step(self, execution: int, step: str) -> None:
        queue = self._store.wiring(execution).plan.queue_of(step)
        ours = self._serves(queue)
        limited = ours and self._store.is_limited(execution)
        with self._changed:
            if ours and self._idle() > 0 and not (self._more or limited):
                self._given.append((execution, step))
                self._wake()
                return
            if ours and self._look_for_more():
                return
        self._ring(queue, execution, step)

    def look(self, queue: str = "") -> bool:
        """Steps may wait in that queue, or in any that is served. False where every slot is taken: then this worker
        asks when one is free, and others should hear of it."""
        with self._changed:
            return (not queue or self._serves(queue)) and self._look_for_more()

    def others_wait(self, execution: int) -> bool:
        """Whether the thread that asks gives its slot back. It may keep it while nothing else waits, or for a slice."""
        since = getattr(self._here, "since", None)
        return self._drained or (self._more and since is not None and self._passed() - since >= SLICE)

    # ── the worker ───────────────────────────────────────────────────────────────────────────────────────────────

    def run_now(self, work: Work) -> None:
        """For a command that runs already, and takes up a slot whether there is one or not."""
        with self._changed:
            self._running += 1
            self._crew.start(partial(self._carry, work, "taking up what runs"))

    def has_room(self) -> bool:
        """Whether a slot is idle, and nothing is known that it could take."""
        with self._changed:
            return self._idle() > 0 and not (self._more or self._look or self._asking)

    def asked_at(self) -> datetime | None:
        """When it last asked what is on offer, and was answered: of what was there then and is still, it knows."""
        return self._asked_at

    def load(self) -> Load:
        return Load(self._running, self._count, len(self._given))

    def drain(self) -> None:
        """Nothing new is taken from now on. What runs goes on to the end of its step."""
        with self._changed:
            self._drained = True
            left = [*self._given]
            self._given.clear()
        for offer in left:
            self.run_step(*offer)

    def resume(self) -> None:
        with self._changed:
            if self._drained:
                self._drained = False
                self._look_for_more()

    @property
    def is_drained(self) -> bool:
        """Whether nothing runs any more, and nothing will."""
        with self._changed:
            return self._drained and not self._running

    def close(self, *, seconds: float | None = None) -> None:
        """Takes nothing new, and waits for what runs; with `seconds`, what runs then is left behind."""
        with self._changed:
            self._closing = True
            self._given.clear()
            self._changed.notify_all()
        self._closed.set()
        self._crew.join(seconds=seconds)

    # ── under the lock ───────────────────────────────────────────────────────────────────────────────────────────

    def _serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues

    def _idle(self) -> int:
        """Slots that may still be given something."""
        return 0 if self._closing or self._drained else max(0, self._count - self._running - len(self._given))

    def _look_for_more(self) -> bool:
        """Somebody has said that there is more: an idle slot asks at once, otherwise the first that is free does."""
        self._more = self._told = True
        return self._look_if_idle()

    def _look_if_idle(self) -> bool:
        if not self._idle():
            return False
        self._look = True
        self._wake()
        return True

    def _wake(self) -> None:
        """Threads for what is to be done now: those that rest, then new ones."""
        wanted = len(self._given) + self._look
        resting = len(self._crew) - self._running - self._asking
        for _ in range(min(wanted - resting, self._count - len(self._crew))):
            self._crew.start()
        self._changed.notify(wanted)

    # ── in its threads ───────────────────────────────────────────────────────────────────────────────────────────

    def _next(self) -> Work | None:
        with self._changed:
            if self._crew.is_too_large():
                return None
            while not self._closing:
                if self._given:
                    execution, step = self._given.popleft()
                    self._running += 1
                    call = partial(self._call, execution, step)
                    return partial(self._carry, call, f"execution={execution} step={step}", execution)
                if self._look and not self._asking and self._idle():
                    told, self._asking = self._told, True
                    self._look = self._more = self._told = False
                    return partial(self._ask, self._idle(), told=told)
                self._changed.wait()
            return None

    def _ask(self, most: int, *, told: bool) -> None:
        """Fills the idle slots. Who had been `told` of more tells others of what is left."""
        choice, now = Choice(), self._clock.now()
        with stumbling("worker stumbled: asking for steps on offer"):  # the next heartbeat finds them
            choice = self._store.choose(self.queues, most=most, now=now)
            self._asked_at = now
        with self._changed:
            self._asking = False
            room = self._idle()  # some may have been given something meanwhile
            self._given.extend((offer.execution, offer.step) for offer in choice.steps[:room])
            left = next(iter(choice.steps[room:]), choice.left)
            self._more = self._more or left is not None or not choice.whole
            self._told = self._told or (told and left is None and not choice.whole)  # others hear when it asks again
            if not (self._more and self._look_if_idle()):  # a slot may have become free meanwhile
                self._wake()
        if left is not None and told:
            self._ring(left.queue, left.execution, left.step)

    def _carry(self, work: Work, what: str, execution: int = 0) -> None:
        self._here.since = self._passed()
        limited = True
        with stumbling("worker stumbled: %s", what) as stumble:  # it would cost the slot for ever
            work()
            limited = not execution or self._store.is_limited(execution)
        if stumble.error:  # what is still on offer would come back at once
            self._closed.wait(self._breath)  # apart from those that rest: it would be woken in the place of one
        with self._changed:
            self._running -= 1
            if self._more or limited:  # a project at its limit has a place again
                self._look_if_idle()
