"""What steps have printed and nobody has shown yet. Filled by one thread, read by another."""

from __future__ import annotations

from threading import Lock

MOST_HELD = 4 << 20
"""Bytes of one log: whoever shows less than is printed asks the server for it."""


class Printed:
    def __init__(self) -> None:
        self._lock = Lock()
        self._logs: dict[tuple[str, int], _Log] = {}

    def add(self, step: str, attempt: int, offset: int, data: bytes) -> None:
        with self._lock:
            log = self._logs.setdefault((step, attempt), _Log(offset))
            if offset != log.end or len(log.data) + len(data) > MOST_HELD:
                log.start, log.data = offset + len(data), bytearray()
            else:
                log.data += data

    def ended(self, step: str, attempt: int, length: int) -> None:
        """The log is as long as that, however much of it has come."""
        with self._lock:
            self._logs.setdefault((step, attempt), _Log(0)).length = length

    def read(self, step: str, attempt: int, start: int) -> bytes | None:
        """What is here from there on; what comes before is forgotten. None: ask the server."""
        with self._lock:
            log = self._logs.get((step, attempt))
            if log is None:
                return b"" if start == 0 else None
            if start < log.start or (log.length is not None and log.end < log.length):
                return None
            gone = min(start, log.end) - log.start
            del log.data[:gone]
            log.start += gone
            return bytes(log.data)


class _Log:
    """Bytes from `start` on. `length` is known when the attempt has ended."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.data = bytearray()
        self.length: int | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.data)
