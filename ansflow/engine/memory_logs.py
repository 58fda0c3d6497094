"""Logs in memory: for tests and the simulation. Safe to use from several threads."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from ansflow.core.errors import Conflict
from ansflow.core.log_times import LogTimes, first_begun
from ansflow.engine.ports import FENCED

if TYPE_CHECKING:
    from ansflow.core.outline import Outline


class MemoryLogs:
    """A `LogStore`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[int, str, int], bytearray] = {}
        self._fences: dict[tuple[int, str, int], int] = {}
        self._times: dict[tuple[int, str, int], LogTimes] = {}

    def append(
        self,
        execution: int,
        step: str,
        attempt: int,
        *,
        fence: int,
        offset: int,
        data: bytes,
        at: datetime | None = None,
    ) -> int:
        key = (execution, step, attempt)
        with self._lock:
            text = self._texts.setdefault(key, bytearray())
            if fence < self._fences.get(key, 0):
                raise Conflict(f"The log of {step} belongs to a newer worker.", code=FENCED)
            self._fences[key] = fence
            if offset > len(text):
                raise Conflict(f"The log of {step} continues at {len(text)}, not at {offset}.", code="gap")
            if offset + len(data) > len(text):
                if at is not None:
                    newlines, is_border = text.count(b"\n"), not text or text.endswith(b"\n")
                    if line := first_begun(data, len(text) - offset, newlines=newlines, is_border=is_border):
                        self._times.setdefault(key, LogTimes()).note(line, at)
                text += data[len(text) - offset :]
            return len(text)

    def length(self, execution: int, step: str, attempt: int) -> int:
        return len(self._texts.get((execution, step, attempt), b""))

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes:
        return bytes(self._texts.get((execution, step, attempt), b"")[start:end])

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        text = self.read(execution, step, attempt)
        return text.removesuffix(b"\n").split(b"\n")[first - 1 : last] if text else []

    def count(self, execution: int, step: str, attempt: int) -> int:
        text = self.read(execution, step, attempt)
        return text.count(b"\n") + (bool(text) and not text.endswith(b"\n"))

    def times(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> LogTimes:
        with self._lock:
            return self._times.get((execution, step, attempt), LogTimes()).between(first, last)

    def outline(self, execution: int, step: str, attempt: int) -> Outline:
        from ansflow.core.outline import Scanner  # noqa: PLC0415 — a run that nobody asks does without

        scanner = Scanner()
        scanner.feed(self.read(execution, step, attempt))
        return scanner.outline()

    def digest(self, execution: int, step: str, attempt: int) -> str:
        return sha256(self.read(execution, step, attempt)).hexdigest()

    def close(self, execution: int, step: str, attempt: int) -> None:
        """Nothing to close."""

    def finish(self, execution: int, step: str, attempt: int) -> None:
        """Nothing to pack."""

    def remove(self, execution: int) -> None:
        with self._lock:
            for key in [key for key in self._texts if key[0] == execution]:
                del self._texts[key]
                self._times.pop(key, None)
