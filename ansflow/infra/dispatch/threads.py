"""Workers as threads of this process: the dispatcher of a lone run, and of `serve` without a broker."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread

Call = Callable[[int, str], None]


class Threads:
    """At most `slots` steps at once; a thread is started when there is work for it, and not before.

    `serve(call)` comes first; then `run_step` may be called from any thread. `close` waits for what runs.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._call: Call | None = None
        self._work: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._idle = 0
        self._crash: Exception | None = None

    def serve(self, call: Call) -> None:
        self._call = call

    def run_step(self, execution: int, step: str) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1  # that thread is promised to this step
            elif len(self._threads) < self._slots:
                thread = Thread(target=self._run, name=f"ansflow-worker-{len(self._threads) + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._work.put((execution, step))

    def check(self) -> None:
        """Raises what a call raised: a lone run has no neighbour that would carry the step on."""
        if self._crash is not None:
            raise self._crash

    def close(self) -> None:
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            thread.join()

    def _run(self) -> None:
        call = self._call
        if call is None:
            raise RuntimeError("serve() comes before run_step().")
        while (work := self._work.get()) is not None:
            try:
                call(*work)
            except Exception as error:  # edge: worker thread. A store out of reach must not cost the slot for ever.
                self._crash = self._crash or error
                _log_crash(*work)
            with self._lock:
                self._idle += self._work.empty()


def _log_crash(execution: int, step: str) -> None:
    import logging  # noqa: PLC0415 — costs milliseconds at a start that hardly ever needs it

    logging.getLogger("ansflow.engine").exception("worker stumbled: execution=%d step=%s", execution, step)
