"""Carries what a command prints from its spool to the log store: masked, numbered by offset, and whole.

The spool is the truth and the masked stream depends on its bytes alone, so a worker that takes over starts at the
beginning again and the store acknowledges what it has: nothing is lost, nothing is doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from time import monotonic

from ansflow.engine.masking import Masker
from ansflow.engine.ports import LogStore
from ansflow.plugins.contracts import Ended, LetGo, Running

CHUNK = 512 * 1024
BETWEEN_HINTS = 0.05  # seconds: viewers are told at most 20 times a second
QUIET = 30.0  # seconds after which a silent spool is looked at unasked


@dataclass(slots=True, kw_only=True)
class Pump:
    """One attempt's log. `on_growth` gets the stored length: a hint, at most 20 a second. `now` is when a piece comes.

    `masker` is, after the end, the one that also knows the values the step added by `::add-mask::`.
    """

    logs: LogStore
    masker: Masker
    execution: int
    step: str
    attempt: int
    fence: int
    now: Callable[[], datetime]
    on_growth: Callable[[int], None] = field(default=lambda length: None)

    def follow(self, running: Running) -> Ended:
        """Stores the log while the command runs, and returns how it ended.

        `log_bytes` and `log_sha256` of what it returns are those of the stored log. `log_truncated` says that something
        the command printed is not in it. Raises Conflict when another worker holds a newer fence, and LetGo when this
        one has let go of the command.
        """
        copy = _Copy(self)
        try:
            while (ended := running.wait(0)) is None:
                copy.all_there_is(running)
                running.wait_for_output(copy.pause())
        except LetGo:
            copy.close()
            raise
        copy.all_there_is(running)
        whole = copy.finish() and copy.read == ended.log_bytes
        return replace(
            ended,
            log_truncated=ended.log_truncated or not whole,
            log_bytes=copy.stored,
            log_sha256=copy.shown.hexdigest(),
        )


class _Copy:
    """How far the copying of one spool has come."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._log = (pump.execution, pump.step, pump.attempt)
        self._stream = pump.masker.stream()
        self._known = pump.logs.length(*self._log)  # what an earlier worker stored
        self._hinted = 0
        self._hint_at = 0.0
        self.read = 0
        self.stored = 0
        self.shown = sha256()

    def all_there_is(self, running: Running) -> None:
        try:
            spool = open(running.spool, "rb", buffering=0)  # noqa: SIM115 — closed below
        except FileNotFoundError:  # of the spool alone: a log store may say the same, and is waited for
            self._hint()
            return
        with spool:
            spool.seek(self.read)
            while data := spool.read(CHUNK):
                self.read += len(data)
                self._store(self._stream.feed(data))
                self._hint()
        self._hint()

    def pause(self) -> float:
        """How long a silent spool may be left alone: a viewer may still have to be told of the last line."""
        return max(0.0, self._hint_at - monotonic()) if self._hinted < self.stored else QUIET

    def finish(self) -> bool:
        """Whether the stored log is the one that this copy has seen."""
        self._store(self._stream.finish())
        self._pump.masker = self._stream.masker
        whole = self._pump.logs.length(*self._log) == self.stored and (not self._known or self._read_back())
        self._pump.logs.finish(*self._log)
        self._hint_at = 0.0
        self._hint()
        return whole

    def close(self) -> None:
        self._pump.logs.close(*self._log)

    def _store(self, data: bytes) -> None:
        self.shown.update(data)
        acknowledged = min(max(0, self._known - self.stored), len(data))
        if new := data[acknowledged:]:
            offset = self.stored + acknowledged
            at = self._pump.now()
            self._pump.logs.append(*self._log, fence=self._pump.fence, offset=offset, data=new, at=at)
        self.stored += len(data)

    def _hint(self) -> None:
        if self._hinted < self.stored and (now := monotonic()) >= self._hint_at:
            self._hinted, self._hint_at = self.stored, now + BETWEEN_HINTS
            self._pump.on_growth(self.stored)

    def _read_back(self) -> bool:
        """The part that an earlier worker stored is compared: it may have known other secrets."""
        found = sha256()
        for start in range(0, self.stored, CHUNK):
            found.update(self._pump.logs.read(*self._log, start=start, end=min(start + CHUNK, self.stored)))
        return found.digest() == self.shown.digest()
