"""Times of the logs that were asked for lately: a question costs what has been noted since the one before it."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ansflow.core.log_times import NOTE, LogTimes

if TYPE_CHECKING:
    from ansflow.infra.storage.packed import Packed

MOST_NOTES = 2**21  # of all logs together: 32 MiB
AT_LEAST = 2**12  # notes that any log counts as


class Noted:
    """Of one log, whichever form it has."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._times = LogTimes()
        self._of: Packed | int | None = None  # the inode of a file
        self._read = 0  # bytes of a file
        self._last = b""  # of these bytes, the note at their end

    @property
    def weight(self) -> int:
        return max(AT_LEAST, len(self._times))

    def in_file(self, path: Path, first: int, last: int) -> LogTimes:
        """Notes are only added to a file. Where a crash took some, whoever writes next begins a file of its own; and
        until then the last one that was read is not there."""
        with self._lock:
            try:
                with path.open("rb") as file:
                    file.seek(self._read - len(self._last))
                    found, of = file.read(), os.fstat(file.fileno()).st_ino
                    if of != self._of or not found.startswith(self._last):
                        self._begin(of)
                        file.seek(0)
                        found = file.read()
            except FileNotFoundError:
                return LogTimes()
            found = found[len(self._last) :]
            if taken := self._times.feed(found):
                self._read += taken
                self._last = found[taken - NOTE.size : taken]
            return self._times.between(first, last)

    def in_packed(self, packed: Packed, first: int, last: int) -> LogTimes:
        with self._lock:
            if self._of is not packed:
                self._begin(packed)
                self._times = packed.times()
            return self._times.between(first, last)

    def _begin(self, of: Packed | int) -> None:
        self._times, self._of, self._read, self._last = LogTimes(), of, 0, b""
