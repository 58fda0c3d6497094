"""Workers as threads of this process: the dispatcher of a lone run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import NamedTuple

from ansflow.engine.stumbling import stumbling

Call = Callable[[int, str], None]
Work = Callable[[], None]


def nobody_serves(execution: int, step: str) -> None:
    raise RuntimeError("serve() comes before run_step().")


class Load(NamedTuple):
    """How many calls run, how many may run at once, and how many wait for that."""

    running: int
    slots: int
    waiting: int


class Crew:
    """The threads of a dispatcher, started as there is work for them. All but `join` is called under the lock of its
    owner, whose `next_work` each thread asks for what it is to do; None ends it.
    """

    def __init__(self, size: int, next_work: Callable[[], Work | None]) -> None:
        self._size = size
        self._next_work = next_work
        self._threads: set[Thread] = set()
        self._started = 0

    def __len__(self) -> int:
        return len(self._threads)

    def start(self, first: Work | None = None) -> None:
        """`first` is what cannot wait for a thread: then there may be one too many."""
        self._started += 1
        thread = Thread(target=self._run, args=(first,), name=f"ansflow-worker-{self._started}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def is_too_large(self) -> bool:
        """Whether the thread that asks is one too many. Then it is none of them any more, and ends."""
        if len(self._threads) <= self._size:
            return False
        self._threads.discard(current_thread())
        return True

    def join(self, *, seconds: float | None) -> None:
        """Once no more is started. With `seconds`, what runs then is left behind."""
        until = None if seconds is None else monotonic() + seconds
        for thread in tuple(self._threads):
            thread.join(None if until is None else max(0.0, until - monotonic()))

    def _run(self, first: Work | None) -> None:
        work = first or self._next_work()
        while work is not None:
            work()
            work = self._next_work()


class Threads:
    """At most `slots` steps at once; a thread is started when there is work for it.

    Executions take turns, each with its steps in the order of their offers: a small one that comes while a large one
    has filled every slot gets the next slot that becomes free.

    `serve(call)` comes first; then `run_step` may be called from any thread.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._call: Call = nobody_serves
        self._changed = Condition()
        self._waiting: dict[int, deque[str]] = {}  # by execution, the one whose turn is next first
        self._count = 0  # of all that waits
        self._crew = Crew(slots, self._next)
        self._running = 0
        self._closing = False
        self._crash: Exception | None = None

    def serve(self, call: Call) -> None:
        self._call = call

    def run_step(self, execution: int, step: str) -> None:
        with self._changed:
            self._waiting.setdefault(execution, deque()).append(step)
            self._count += 1
            free = len(self._crew) - self._running
            if free < self._count and len(self._crew) < self._slots:
                self._crew.start()
            self._changed.notify()

    def others_wait(self, execution: int) -> bool:
        return any(waiting != execution for waiting in tuple(self._waiting))

    def run_now(self, work: Work) -> None:
        """For a command that runs already, and takes up a slot whether there is one or not."""
        with self._changed:
            self._running += 1
            self._crew.start(partial(self._carry, work, "taking up what runs"))

    def has_room(self) -> bool:
        """Whether a call would be carried at once: then nothing that was ever offered here still waits in line."""
        with self._changed:
            return self._running + self._count < self._slots

    def load(self) -> Load:
        return Load(self._running, self._slots, self._count)

    def check(self) -> None:
        """Raises what a call raised: a lone run has no neighbour that would carry the step on. A server asks nobody."""
        if self._crash is not None:
            raise self._crash

    def close(self, *, seconds: float | None = None) -> None:
        """Waits for what runs and what waits; with `seconds`, drops what waits, and what runs then is left behind."""
        with self._changed:
            self._closing = True
            if seconds is not None:
                self._waiting.clear()
                self._count = 0
            self._changed.notify_all()
        self._crew.join(seconds=seconds)

    def _next(self) -> Work | None:
        with self._changed:
            if self._crew.is_too_large():
                return None
            while not self._count:
                if self._closing:
                    return None
                self._changed.wait()
            self._count -= 1
            self._running += 1
            execution = next(iter(self._waiting))
            steps = self._waiting.pop(execution)
            step = steps.popleft()
            if steps:
                self._waiting[execution] = steps  # behind the others
            return partial(self._carry, partial(self._call, execution, step), f"execution={execution} step={step}")

    def _carry(self, work: Work, what: str) -> None:
        with stumbling("worker stumbled: %s", what) as stumble:  # it would cost the slot for ever
            work()
        self._crash = self._crash or stumble.error
        with self._changed:
            self._running -= 1
