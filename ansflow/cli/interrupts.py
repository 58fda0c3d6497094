"""Ctrl-C: once asks every step to end, twice kills what is left."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from ansflow.cli.follow import Run
from ansflow.cli.progress import Progress

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While open, the signals that end a program end the run first. `signum` is the first one that came, 0 for none."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run, self.progress = run, progress
        self.signum = 0

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._arrived) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        immediate = self.signum != 0
        self.signum = self.signum or number
        self.progress.cancelling = True
        # In a thread of its own: the handler interrupts code that may hold the very lock that cancelling needs.
        threading.Thread(target=self._cancel, args=(immediate,), daemon=True).start()

    def _cancel(self, immediate: bool) -> None:
        self.progress.begun.wait()  # before its first event a run cannot be cancelled, and would go on
        self.run.cancel(immediate=immediate)
