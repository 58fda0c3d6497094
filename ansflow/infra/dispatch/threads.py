"""Workers as threads of this process: the dispatcher of a lone run, and of `serve` without a broker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import NamedTuple

Call = Callable[[int, str], None]
Work = Callable[[], None]


def _nobody_serves(execution: int, step: str) -> None:
    raise RuntimeError("serve() comes before run_step().")


class Load(NamedTuple):
    """How many calls run, how many may run at once, and how many wait for that."""

    running: int
    slots: int
    waiting: int


class Threads:
    """At most `slots` steps at once, in the order of their offers; a thread is started when there is work for it.

    `serve(call)` comes first; then `run_step` may be called from any thread.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._call: Call = _nobody_serves
        self._work: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
        self._threads: set[Thread] = set()
        self._started = 0
        self._lock = Lock()
        self._idle = 0
        self._running = 0
        self._taken = 0  # calls that wait or run
        self._crash: Exception | None = None

    def serve(self, call: Call) -> None:
        self._call = call

    def run_step(self, execution: int, step: str) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1  # that thread is promised to this step
            elif len(self._threads) < self._slots:
                self._start()
            self._taken += 1
            self._work.put((execution, step))

    def run_now(self, work: Work) -> None:
        """For a command that runs already, and takes up a slot whether there is one or not."""
        with self._lock:
            self._taken += 1
            self._start(work)

    def has_room(self) -> bool:
        """Whether a call would be carried at once: then nothing that was ever offered here still waits in line."""
        with self._lock:
            return self._taken < self._slots

    def load(self) -> Load:
        return Load(self._running, self._slots, self._work.qsize())

    def check(self) -> None:
        """Raises what a call raised: a lone run has no neighbour that would carry the step on. A server asks nobody."""
        if self._crash is not None:
            raise self._crash

    def close(self, *, seconds: float | None = None) -> None:
        """Waits for what runs and what waits; with `seconds`, drops what waits, and what runs then is left behind."""
        if seconds is not None:
            self._drop_what_waits()
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        until = None if seconds is None else monotonic() + seconds
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - monotonic()))

    def _drop_what_waits(self) -> None:
        try:
            while True:
                self._work.get_nowait()
        except Empty:
            pass

    def _start(self, first: Work | None = None) -> None:
        """Called under the lock."""
        self._started += 1
        thread = Thread(target=self._run, args=(first,), name=f"ansflow-worker-{self._started}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self, first: Work | None) -> None:
        if first is not None:
            self._carry(first, "taking up what runs")
            if not self._stays():
                return
        while (offer := self._work.get()) is not None:
            self._carry(partial(self._call, *offer), f"execution={offer[0]} step={offer[1]}")
            if not self._stays():
                return

    def _stays(self) -> bool:
        """False for a thread too many: one more had to be started for a command that could not wait for a slot."""
        with self._lock:
            if len(self._threads) > self._slots:
                self._threads.discard(current_thread())
                return False
            self._idle += self._work.empty()
            return True

    def _carry(self, work: Work, what: str) -> None:
        with self._lock:
            self._running += 1
        try:
            work()
        except Exception as error:  # edge: worker thread. A store out of reach must not cost the slot for ever.
            self._crash = self._crash or error
            _log_crash(what)
        finally:
            with self._lock:
                self._running -= 1
                self._taken -= 1


def _log_crash(what: str) -> None:
    import logging  # noqa: PLC0415 — costs milliseconds at a start that hardly ever needs it

    logging.getLogger("ansflow.engine").exception("worker stumbled: %s", what)
