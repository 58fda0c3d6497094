"""A log that nothing is added to any more, in one compressed file of which any part can be read without the rest.

It is the seekable format of Zstandard, so that `zstd -d` reads it too: frames of 256 KiB of log each, then what we know
of it in frames that others skip, and at the end the table that says where each frame begins. Logs of which no time is
known, as those of earlier releases, have no frame of times.

    frame* · skippable(times) · skippable(outline) · skippable(digest, fence, newlines of each frame)
           · skippable(seek table)
"""

from __future__ import annotations

import json
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

from backports import zstd

from ansflow.core.codec import dump, load
from ansflow.core.log_times import LogTimes
from ansflow.core.outline import Outline, Scanner

FRAME = 256 * 1024
LEVEL = 1  # what three times the time would save is a seventh
MAGIC = b"ALG1"
SKIPPABLE = struct.Struct("<II")  # magic number, length
OURS, TABLE = 0x184D2A50, 0x184D2A5E
FACTS = struct.Struct("<4s32sQI")  # magic, SHA-256, fence, length of the outline's frame
ENTRY = struct.Struct("<II")  # compressed and whole length of a frame
FOOTER = struct.Struct("<IBI")  # frames, descriptor, magic number
SEEKABLE = 0x8F92EAB1
TAIL = 64 * 1024
"""Bytes at the end that are read at once: they hold the tables of a log of a gigabyte."""

Read = Callable[[int, int], bytes]
"""`read(start, length)` of the packed file."""


class Damaged(OSError):
    """The packed file is not what was written."""


def pack(pieces: Iterable[bytes], *, fence: int, times: LogTimes) -> Iterator[bytes]:
    """The packed log, piece by piece. Needs memory for one frame and the tables. `times` may grow with the pieces."""
    digest, scanner = sha256(), Scanner()
    entries, newlines = bytearray(), array("I")
    for whole in _frames(pieces):
        digest.update(whole)
        scanner.feed(whole)
        frame = zstd.compress(whole, LEVEL)
        entries += ENTRY.pack(len(frame), len(whole))
        newlines.append(whole.count(b"\n"))
        yield frame
    if times:
        yield skipped(zstd.compress(times.written(), LEVEL))
    outline = zstd.compress(json.dumps(dump(scanner.outline())).encode(), LEVEL)
    facts = FACTS.pack(MAGIC, digest.digest(), fence, SKIPPABLE.size + len(outline)) + newlines.tobytes()
    table = bytes(entries) + FOOTER.pack(len(newlines), 0, SEEKABLE)
    yield skipped(outline)
    yield skipped(facts)
    yield SKIPPABLE.pack(TABLE, len(table)) + table


def skipped(content: bytes) -> bytes:
    return SKIPPABLE.pack(OURS, len(content)) + content


def _frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= FRAME:
            yield bytes(waiting[:FRAME])
            del waiting[:FRAME]
    if waiting:
        yield bytes(waiting)


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed log, opened: its tables. `starts`, `places` and `newlines` have one more entry than there are frames."""

    read_packed: Read
    sha256: str
    fence: int
    starts: array[int]  # of frames, within the log
    places: array[int]  # of frames, within the packed file
    newlines: array[int]  # before each frame
    outline_place: int
    outline_length: int

    @property
    def length(self) -> int:
        return self.starts[-1]

    def read(self, start: int, end: int | None = None) -> bytes:
        end = self.length if end is None else min(end, self.length)
        if start >= end:
            return b""
        first, last = bisect_right(self.starts, start) - 1, bisect_left(self.starts, end)
        packed = self.read_packed(self.places[first], self.places[last] - self.places[first])
        pieces = []
        for frame in range(first, last):
            place = self.places[frame] - self.places[first]
            whole = zstd.decompress(packed[place : place + self.places[frame + 1] - self.places[frame]])
            if len(whole) != self.starts[frame + 1] - self.starts[frame]:
                raise Damaged("A frame is not as long as the table says.")
            pieces.append(whole)
        offset = self.starts[first]
        return b"".join(pieces)[start - offset : end - offset]

    def count(self) -> int:
        """Lines; what stands behind the last newline is one too."""
        return self.newlines[-1] + (self.length > 0 and self.read(self.length - 1) != b"\n")

    def lines(self, first: int, last: int) -> list[bytes]:
        start = self._begin(first)
        if start >= self.length:
            return []
        text = self.read(start, self._begin(last + 1))
        return text.removesuffix(b"\n").split(b"\n")

    def _begin(self, line: int) -> int:
        """Where it begins; the length, when there is no such line."""
        before = line - 1
        if before <= 0:
            return 0
        if before > self.newlines[-1]:
            return self.length
        frame = bisect_left(self.newlines, before) - 1
        whole = self.read(self.starts[frame], self.starts[frame + 1])
        rest = whole.split(b"\n", before - self.newlines[frame])[-1]
        return self.starts[frame + 1] - len(rest)

    def outline(self) -> Outline:
        return load(Outline, json.loads(self._decompressed(self.outline_place, self.outline_length)))

    def times(self) -> LogTimes:
        place = self.places[-1]
        if place == self.outline_place:
            return LogTimes()
        return LogTimes.read(self._decompressed(place, self.outline_place - place))

    def _decompressed(self, place: int, length: int) -> bytes:
        """What stands in a frame that others skip."""
        return zstd.decompress(self.read_packed(place, length)[SKIPPABLE.size :])


def open_packed(size: int, read: Read) -> Packed:
    """Reads the tables only. Raises Damaged."""
    tail = read(max(0, size - TAIL), min(size, TAIL))
    if len(tail) < FOOTER.size:
        raise Damaged("It is too short.")
    frames, _, magic = FOOTER.unpack_from(tail, len(tail) - FOOTER.size)
    table = SKIPPABLE.size + frames * ENTRY.size + FOOTER.size
    facts = SKIPPABLE.size + FACTS.size + frames * 4
    if magic != SEEKABLE or table + facts > size:
        raise Damaged("It does not end as it should.")
    if table + facts > len(tail):
        tail = read(size - table - facts, table + facts)
    known, sha, fence, outline_length = FACTS.unpack_from(tail, len(tail) - table - facts + SKIPPABLE.size)
    if known != MAGIC:
        raise Damaged("It was not packed here.")
    counts = array("I", tail[len(tail) - table - frames * 4 : len(tail) - table])
    entries = tail[len(tail) - table + SKIPPABLE.size : len(tail) - FOOTER.size]
    lengths = array("I", entries)
    return Packed(
        read,
        sha256=sha.hex(),
        fence=fence,
        starts=array("Q", accumulate(lengths[1::2], initial=0)),
        places=array("Q", accumulate(lengths[::2], initial=0)),
        newlines=array("Q", accumulate(counts, initial=0)),
        outline_place=size - table - facts - outline_length,
        outline_length=outline_length,
    )
