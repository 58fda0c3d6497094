"""When the lines of a log arrived: noted beside its bytes, which stay as they were printed.

A note is a line and a time: that line, and those behind it up to the line of the next note, began to arrive then. What
arrives within APART of a note needs none of its own, so that the notes of a log grow with time and not with what is
printed. Times never go back. Of lines before the first note nothing is known.

Written, notes are a time (milliseconds since 1970, 8 bytes) and, for each, by what its line and its milliseconds are
more than those of the note before (4 bytes each). They are added at the end; of what a crash or damage left, whole ones
are read, up to the first that cannot be true.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

APART = 50
"""Milliseconds; so far before it arrived may a line's time lie, by a clock that is not set back meanwhile."""
LINES_AT_ONCE = 10_000
"""Of so many the API tells the times, and so many it gives out, for one question."""
HEAD = struct.Struct("<Q")
NOTE = struct.Struct("<II")
MOST = 2**32 - 1  # between two notes
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MILLISECOND
LAST_LINE = 2**53  # the largest number of a line that a browser can name


class LineTime(NamedTuple):
    """That of a line, and of those behind it up to the next one that has its own."""

    line: int
    at: datetime


class LogTimes:
    """The notes of one log. Where several are of one line, the last one holds."""

    def __init__(self) -> None:
        self._lines = array("Q")
        self._times = array("Q")

    @classmethod
    def read(cls, written: bytes) -> LogTimes:
        times = cls()
        times.feed(written)
        return times

    def feed(self, written: bytes) -> int:
        """Adds the notes that stand behind those it has, or from the beginning. How many bytes have been taken."""
        head = 0 if self._lines else HEAD.size
        line = self._lines[-1] if self._lines else 0
        time = self._times[-1] if self._lines else int.from_bytes(written[:head], "little")
        more = array("I", written[head : len(written) // NOTE.size * NOTE.size])
        if not 0 < time <= LATEST or not more:  # zeros: a file was made longer and the machine failed
            return 0
        if sys.byteorder == "big":
            more.byteswap()
        lines = array("Q", accumulate(more[::2], initial=line))
        times = array("Q", accumulate(more[1::2], initial=time))
        true = min(bisect_right(lines, LAST_LINE), bisect_right(times, LATEST))
        self._lines.extend(lines[1:true])
        self._times.extend(times[1:true])
        return head + (true - 1) * NOTE.size if true > 1 else 0

    def written(self) -> bytes:
        copy = LogTimes()
        return b"".join(copy._add(line, at) for line, at in zip(self._lines, self._times, strict=True))

    def note(self, line: int, at: datetime) -> bytes:
        """What is to be added to those that are written; b"" where the note before says it well enough."""
        now = (at - EPOCH) // MILLISECOND
        if self._times and now < self._times[-1] + APART:
            return b""
        return self._add(line, now)

    def _add(self, line: int, at: int) -> bytes:
        before, since = (self._lines[-1], self._times[-1]) if self._lines else (0, at)
        added = b"" if self._lines else HEAD.pack(at)
        while (before, since) != (line, at) or not self._lines:  # once, but after weeks of silence
            more, later = min(MOST, line - before), min(MOST, at - since)
            before, since, added = before + more, since + later, added + NOTE.pack(more, later)
            self._lines.append(before)
            self._times.append(since)
        return added

    def extend(self, more: LogTimes) -> None:
        self._lines.extend(more._lines)
        self._times.extend(more._times)

    def between(self, first: int, last: int) -> LogTimes:
        """Of these lines alone. What is known of the first one is noted for it, though it came with one before."""
        found = LogTimes()
        if last < first:
            return found
        begin, end = max(0, bisect_right(self._lines, first) - 1), bisect_right(self._lines, last)
        found._lines, found._times = self._lines[begin:end], self._times[begin:end]
        if found._lines:
            found._lines[0] = max(found._lines[0], first)
        return found

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[LineTime]:
        """One of each line that has its own."""
        for at, line in enumerate(self._lines):
            if at + 1 == len(self._lines) or self._lines[at + 1] > line:
                yield LineTime(line, EPOCH + self._times[at] * MILLISECOND)


def first_begun(data: bytes, start: int, *, newlines: int, is_border: bool) -> int:
    """Number of the first line that begins in what follows `start`; 0 where none does.

    `newlines` stand before it; `is_border`: the last of them immediately.
    """
    if is_border:
        return newlines + 1
    newline = data.find(b"\n", start)
    return newlines + 2 if 0 <= newline < len(data) - 1 else 0
