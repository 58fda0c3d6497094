"""The thread in which whole logs are packed: neither a step's end nor that of the server waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ansflow.core.errors import AnsFlowError

log = logging.getLogger(__name__)

Work = Callable[[], object]
SECONDS_TO_END = 1.0


class Packing:
    """One at a time, in the order asked for. What `close` finds still waiting stays as it is: it reads the same."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False

    def later(self, work: Work) -> None:
        with self._lock:
            if (self._thread is None or not self._thread.is_alive()) and not self._closed:
                self._thread = Thread(target=self._run, name="packing", daemon=True)
                self._thread.start()
        self._waiting.put(work)

    def settle(self) -> None:
        """Returns when everything asked for so far has been done."""
        done = Event()
        self.later(done.set)
        done.wait()

    def close(self) -> None:
        self._closed = True
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(SECONDS_TO_END)

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None and not self._closed:
            try:
                work()
            except (OSError, AnsFlowError) as error:
                log.warning("A log could not be packed, and stays as it is: %s", error)
