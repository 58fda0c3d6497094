"""Workers as threads of this process: the dispatcher of a lone run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Condition, Thread, current_thread
from time import monotonic
from typing import NamedTuple

Call = Callable[[int, str], None]
Work = Callable[[], None]


def nobody_serves(execution: int, step: str) -> None:
    raise RuntimeError("serve() comes before run_step().")


class Load(NamedTuple):
    """How many calls run, how many may run at once, and how many wait for that."""

    running: int
    slots: int
    waiting: int


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
        self._threads: set[Thread] = set()
        self._started = 0
        self._running = 0
        self._closing = False
        self._crash: Exception | None = None

    def serve(self, call: Call) -> None:
        self._call = call

    def run_step(self, execution: int, step: str) -> None:
        with self._changed:
            self._waiting.setdefault(execution, deque()).append(step)
            self._count += 1
            free = len(self._threads) - self._running
            if free < self._count and len(self._threads) < self._slots:
                self._start()
            self._changed.notify()

    def others_wait(self, execution: int) -> bool:
        return any(waiting != execution for waiting in tuple(self._waiting))

    def run_now(self, work: Work) -> None:
        """For a command that runs already, and takes up a slot whether there is one or not."""
        with self._changed:
            self._start(work)

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
            threads = list(self._threads)
            self._changed.notify_all()
        until = None if seconds is None else monotonic() + seconds
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - monotonic()))

    def _start(self, first: Work | None = None) -> None:
        """Called under the lock."""
        self._started += 1
        self._running += first is not None
        thread = Thread(target=self._run, args=(first,), name=f"ansflow-worker-{self._started}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self, first: Work | None) -> None:
        if first is not None:
            self._carry(first, "taking up what runs")
        while (offer := self._next()) is not None:
            self._carry(partial(self._call, *offer), f"execution={offer[0]} step={offer[1]}")

    def _next(self) -> tuple[int, str] | None:
        """What this thread is to carry; None when it is to end, which also goes for a thread too many: one more had
        to be started for a command that could not wait for a slot."""
        with self._changed:
            if len(self._threads) > self._slots:
                self._threads.discard(current_thread())
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
            return execution, step

    def _carry(self, work: Work, what: str) -> None:
        crash = trouble_of(work, what)
        self._crash = self._crash or crash
        with self._changed:
            self._running -= 1


def trouble_of(work: Work, what: str) -> Exception | None:
    """Does the work, and returns what it raises."""
    try:
        work()
    except Exception as error:  # edge: worker thread. A store out of reach must not cost the slot for ever.
        import logging  # noqa: PLC0415 — costs milliseconds at a start that hardly ever needs it

        logging.getLogger("ansflow.engine").exception("worker stumbled: %s", what)
        return error
    return None
