"""Logs as files: append-only with a sparse index of lines while they grow, packed when they are whole.

Beside `<attempt>.log` stands `<attempt>.index`: a pair (offset, newlines before it) for every block of 64 KiB, so that
any line is found by reading one block. The index is a cache: what a crash took is counted again from the log itself.
`<attempt>.times` says when lines arrived (`core.log_times`): it is written before they are, so that a crash between the
two leaves a time to which no line belongs yet, and no line with the time of those before it.
`<attempt>.log.zst` takes the place of all, once it is written (`storage.packed`). A log that was never packed, because
it is short or because the process ended first, reads the same.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ansflow.core.errors import Conflict
from ansflow.core.log_times import LogTimes, first_begun
from ansflow.engine.ports import FENCED
from ansflow.infra.storage.mounts import ANYWHERE, Mount
from ansflow.infra.storage.names import file_name, write_bytes, write_text
from ansflow.infra.storage.noted import MOST_NOTES, Noted
from ansflow.infra.storage.recent import Recent

if TYPE_CHECKING:
    from ansflow.core.outline import Outline, Scanner
    from ansflow.infra.storage.packed import Packed
    from ansflow.infra.storage.packing import Packing

BLOCK = 64 * 1024
PAIR = struct.Struct("<QQ")
PIECE = 1 << 20
WRITING = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
WORTH_PACKING = 16 * 1024
"""Bytes; a shorter log takes as many blocks of the disk when it is packed."""

Key = tuple[int, str, int]
File = tuple[int, int, int]  # inode, size, time of its last change


class FileLogs:
    """LogStore in files: `<root>/<execution>/<step>/<attempt>.log`. Nothing is made for a step that prints nothing.

    Without `packing`, which does its work in a thread of its own, whole logs stay as they are.
    """

    def __init__(self, root: Path, packing: Packing | None = None, mount: Mount = ANYWHERE) -> None:
        self.root = root
        self._mount = mount
        self._folder = str(root)
        self._packing = packing
        self._open: dict[Key, _Log] = {}
        self._packed: Recent[Key, tuple[File, Packed]] = Recent(64)
        self._scanners: Recent[Key, Scanner] = Recent(64)
        self._noted: Recent[Key, Noted] = Recent(MOST_NOTES, lambda noted: noted.weight)
        self._lock = Lock()

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
        while True:
            with self._lock:
                if (log := self._open.get(key)) is None:
                    if (packed := self._find_packed(key)) is not None:
                        if (known := _acknowledged(packed, fence, offset, data)) is not None:
                            return known
                        self._unpack(key, packed)
                    log = self._open[key] = _Log(self._path(*key), make=self._mount.make)
            try:
                length = log.append(fence, offset, data, at)
            except OSError:  # a disk that comes back may know nothing of what was open
                self.close(*key)
                self._mount.expect()
                raise
            if length is not None:
                return length
            self._let_go(key, log)

    def length(self, execution: int, step: str, attempt: int) -> int:
        try:
            return os.stat(self._named(execution, step, attempt)).st_size
        except FileNotFoundError:
            packed = self._find_packed((execution, step, attempt))
            return packed.length if packed else 0

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes:
        try:
            with self._path(execution, step, attempt).open("rb") as file:
                file.seek(start)
                return file.read(-1 if end is None else max(0, end - start))
        except FileNotFoundError:
            packed = self._find_packed((execution, step, attempt))
            return packed.read(start, end) if packed else b""

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        if last < first:
            return []
        try:
            log = _Log(self._path(execution, step, attempt))
        except FileNotFoundError:
            packed = self._find_packed((execution, step, attempt))
            return packed.lines(max(1, first), last) if packed else []
        try:
            return log.lines(max(1, first), last)
        finally:
            log.close()

    def times(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> LogTimes:
        key = (execution, step, attempt)
        noted = self._noted.find(key, Noted)
        times = self._times(key, noted, first, last)
        self._noted.keep(key, noted)
        return times

    def _times(self, key: Key, noted: Noted, first: int, last: int) -> LogTimes:
        path = self._path(*key)
        if path.exists():
            times = noted.in_file(path.with_suffix(".times"), first, last)
            if times or path.exists():  # else it has been packed meanwhile
                return times
        if (packed := self._find_packed(key)) is not None:
            return noted.in_packed(packed, first, last)
        return noted.in_file(path.with_suffix(".times"), first, last)

    def count(self, execution: int, step: str, attempt: int) -> int:
        try:
            log = _Log(self._path(execution, step, attempt))
        except FileNotFoundError:
            packed = self._find_packed((execution, step, attempt))
            return packed.count() if packed else 0
        try:
            return log.newlines + (log.length > 0 and os.pread(log.fd, 1, log.length - 1) != b"\n")
        finally:
            log.close()

    def outline(self, execution: int, step: str, attempt: int) -> Outline:
        from ansflow.core.outline import Scanner  # noqa: PLC0415 — a short run does without

        key = (execution, step, attempt)
        if not self._path(*key).exists() and (packed := self._find_packed(key)) is not None:
            return packed.outline()
        scanner = self._scanners.find(key, Scanner)
        with scanner.lock:
            for piece in self._pieces(key, scanner.fed):
                scanner.feed(piece)
            return scanner.outline()

    def digest(self, execution: int, step: str, attempt: int) -> str:
        key = (execution, step, attempt)
        if not self._path(*key).exists() and (packed := self._find_packed(key)) is not None:
            return packed.sha256
        digest = sha256()
        for piece in self._pieces(key, 0):
            digest.update(piece)
        return digest.hexdigest()

    def close(self, execution: int, step: str, attempt: int) -> None:
        """Let go of only when it is closed: before, it could be packed, and what is being added would be lost."""
        key = (execution, step, attempt)
        if (log := self._open.get(key)) is not None:
            log.close()  # without the lock of all: a disk that is slow with this one holds up no other
            self._let_go(key, log)

    def _let_go(self, key: Key, closed: _Log) -> None:
        with self._lock:
            if self._open.get(key) is closed:
                del self._open[key]

    def finish(self, execution: int, step: str, attempt: int) -> None:
        self.close(execution, step, attempt)
        if self._packing is not None and self.length(execution, step, attempt) >= WORTH_PACKING:
            self._packing.later(lambda: self.pack((execution, step, attempt)))

    def remove(self, execution: int) -> None:
        import shutil  # noqa: PLC0415 — brings the compressors along, and a short run removes nothing

        with self._lock:
            for key in [key for key in self._open if key[0] == execution]:
                self._open.pop(key).close()
            for known in (self._packed, self._scanners, self._noted):
                known.forget(lambda key: key[0] == execution)
            self._mount.expect()
            if (folder := self.root / str(execution)).is_dir():
                shutil.rmtree(folder)

    # ── packing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def pack(self, key: Key) -> bool:
        """Whether it took the place of the log; not when somebody writes on, or has removed it. Readers go on."""
        from ansflow.infra.storage.packed import pack  # noqa: PLC0415

        path = self._path(*key)
        made = path.with_suffix(f".{os.urandom(6).hex()}.part")  # another process may be at the same
        try:
            length, fence = path.stat().st_size, _fence_of(path)
            with made.open("wb") as file:
                file.writelines(pack(self._pieces(key, 0, length), fence=fence, times=_times_of(path)))
                file.flush()
                os.fsync(file.fileno())
            with self._lock:
                if key in self._open or path.stat().st_size != length:
                    made.unlink()
                    return False
                made.replace(path.with_suffix(".log.zst"))
                path.unlink()
                for rest in (".index", ".fence", ".times"):
                    path.with_suffix(rest).unlink(missing_ok=True)
                self._scanners.forget(lambda known: known == key)
            return True
        except FileNotFoundError:  # removed meanwhile, or packed already
            made.unlink(missing_ok=True)
            return False

    def _unpack(self, key: Key, packed: Packed) -> None:
        """Somebody has more to add after all."""
        path = self._path(*key)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            for start in range(0, packed.length, PIECE):
                file.write(packed.read(start, start + PIECE))
        write_text(path.with_suffix(".fence"), str(packed.fence))
        path.with_suffix(".times").write_bytes(packed.times().written())
        part.replace(path)
        path.with_suffix(".log.zst").unlink()
        self._packed.forget(lambda known: known == key)

    def _find_packed(self, key: Key) -> Packed | None:
        """What is known of one holds for that very file: another process may have unpacked it, and packed it anew."""
        path = f"{self._named(*key)}.zst"
        file = _file(path)
        if file is None:
            self._mount.expect()
            return None
        if (known := self._packed.get(key)) is not None and known[0] == file:
            return known[1]
        from ansflow.infra.storage.packed import open_packed  # noqa: PLC0415

        def read(start: int, length: int) -> bytes:
            with open(path, "rb", buffering=0) as file:
                return os.pread(file.fileno(), length, start)

        return self._packed.keep(key, (file, open_packed(file[1], read)))[1]

    def _pieces(self, key: Key, start: int, end: int | None = None) -> Iterator[bytes]:
        while piece := self.read(*key, start=start, end=start + PIECE if end is None else min(start + PIECE, end)):
            yield piece
            start += len(piece)

    def _path(self, execution: int, step: str, attempt: int) -> Path:
        return Path(self._named(execution, step, attempt))

    def _named(self, execution: int, step: str, attempt: int) -> str:
        """Every step asks for a length, and a list of executions for one of each step: a Path takes its time."""
        return f"{self._folder}/{execution}/{file_name(step)}/{attempt}.log"


def _acknowledged(packed: Packed, fence: int, offset: int, data: bytes) -> int | None:
    """Its length, where everything that is sent is in it already; None where it goes on. Raises Conflict."""
    if fence < packed.fence:
        raise Conflict(f"Fence {fence} is older than {packed.fence}: another worker writes here.", code=FENCED)
    return packed.length if offset + len(data) <= packed.length else None


def _fence_of(path: Path) -> int:
    fence = path.with_suffix(".fence")
    return int(fence.read_text() or 0) if fence.exists() else 0


def _times_of(path: Path) -> LogTimes:
    try:
        return LogTimes.read(path.with_suffix(".times").read_bytes())
    except FileNotFoundError:
        return LogTimes()


def _file(path: str | Path) -> File | None:
    """What tells it from the file that takes its place. None where there is nothing."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


class _Log:
    """One file and its index. One writer; any number of readers, each with an object of its own."""

    def __init__(self, path: Path, *, make: Callable[[Path], None] | None = None) -> None:
        """With `make`, which makes its folder, it can be written, and is begun where there is none."""
        self.index_path = path.with_suffix(".index")
        self.fence_path = path.with_suffix(".fence")
        self.times_path = path.with_suffix(".times")
        if make is None:
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        else:
            try:
                self.fd = os.open(path, WRITING, 0o600)
            except FileNotFoundError:
                make(path.parent)
                self.fd = os.open(path, WRITING, 0o600)
        self.length = os.fstat(self.fd).st_size
        self.fence_file = _file(self.fence_path)
        self.fence = _fence_of(path)
        self.counts = self._load_index()
        begun = (len(self.counts) - 1) * BLOCK
        rest = os.pread(self.fd, self.length - begun, begun)
        self.newlines = self.counts[-1] + rest.count(b"\n")
        self.is_border = not self.length or (rest or os.pread(self.fd, 1, begun - 1)).endswith(b"\n")
        self.times: LogTimes | None = None  # of a writer, from its first piece on
        self.noted = 0  # bytes of them
        self.lock = Lock()

    def append(self, fence: int, offset: int, data: bytes, at: datetime | None) -> int | None:
        """The length afterwards; None where it has been closed: its number may mean another file by now."""
        with self.lock:
            if self.fd < 0:
                return None
            self._check_fence(fence)
            if offset > self.length:
                raise Conflict(f"The log has {self.length} bytes; send from there, not from {offset}.", code="gap")
            new = memoryview(data)[self.length - offset :]  # what lies behind the length is here already
            if new and at is not None:
                self._note(data, self.length - offset, at)
            while new:
                written = os.pwrite(self.fd, new, self.length)
                self._count(bytes(new[:written]))
                new = new[written:]
            os.close(os.dup(self.fd))  # a network file system sends what has been written when a descriptor is closed
            return self.length

    def _note(self, data: bytes, start: int, at: datetime) -> None:
        """When those lines arrive that begin in what follows `start`, and is about to be written."""
        if self.times is None:
            self.times = self._load_times()
        line = first_begun(data, start, newlines=self.newlines, is_border=self.is_border)
        if line and (added := self.times.note(line, at)):
            self._write_note(added)
            self.times = self.times.between(line, line)  # the next one goes on from here

    def _write_note(self, added: bytes) -> None:
        """Where what this writer knows ends. Each counts from the one before: among those of another one it would
        move all that follow."""
        fd = os.open(self.times_path, WRITING, 0o600)
        try:
            if os.fstat(fd).st_size != self.noted:
                raise OSError(errno.ESTALE, "Another process has noted times", str(self.times_path))
            if os.pwrite(fd, added, self.noted) < len(added):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.times_path))
        finally:
            os.close(fd)
        self.noted += len(added)

    def _load_times(self) -> LogTimes:
        """What is more than whole notes of lines that are there, or are the next, did not outlive a crash."""
        try:
            found = self.times_path.read_bytes()
        except FileNotFoundError:
            found = b""
        times = LogTimes.read(found).between(0, self.newlines + 1)
        whole = times.written()
        if found:  # in a file of its own: where notes are gone, whoever has read them reads anew (`storage.noted`)
            write_bytes(self.times_path, whole)
        self.noted = len(whole)
        return times

    def _check_fence(self, fence: int) -> None:
        self._look_at_fence()
        if fence < self.fence:
            raise Conflict(f"Fence {fence} is older than {self.fence}: another worker writes here.", code=FENCED)
        if fence > self.fence:
            write_text(self.fence_path, str(fence))  # half of it would keep everybody from this log for ever
            self.fence = fence
            self.fence_file = _file(self.fence_path)

    def _look_at_fence(self) -> None:
        """Another machine may have raised it: each fence is a file of its own."""
        if (file := _file(self.fence_path)) != self.fence_file:
            self.fence, self.fence_file = _fence_of(self.fence_path.with_suffix(".log")), file

    def _count(self, data: bytes) -> None:
        """Moves length and newline count over data that has been written, noting each border of a block."""
        fresh = bytearray()
        at = 0
        self.is_border = data.endswith(b"\n")
        while at < len(data):
            border = len(self.counts) * BLOCK
            part = data[at : at + max(0, border - self.length)]
            self.newlines += part.count(b"\n")
            self.length += len(part)
            at += len(part)
            if self.length == border:
                self.counts.append(self.newlines)
                fresh += PAIR.pack(border, self.newlines)
        if fresh:
            with self.index_path.open("ab") as file:
                file.write(fresh)

    def _load_index(self) -> array[int]:
        """Newlines before each block. Of what a crash left of the index, whole pairs that can be true are taken."""
        raw = self.index_path.read_bytes() if self.index_path.exists() else b""
        pairs = array("Q", raw[: min(len(raw), self.length // BLOCK * PAIR.size) // PAIR.size * PAIR.size])
        if sys.byteorder == "big":
            pairs.byteswap()
        if len(pairs) and pairs[-2] != len(pairs) // 2 * BLOCK:
            del pairs[:]
        counts = array("Q", [0]) + pairs[1::2]
        while len(counts) * BLOCK <= self.length:  # written, but not indexed when the writer died
            counts.append(counts[-1] + os.pread(self.fd, BLOCK, (len(counts) - 1) * BLOCK).count(b"\n"))
        return counts

    def lines(self, first: int, last: int) -> list[bytes]:
        block = bisect_right(self.counts, first - 2)  # line n begins after newline n - 1
        start, number = ((block - 1) * BLOCK, self.counts[block - 1] + 1) if block else (0, 1)
        found: list[bytes] = []
        with os.fdopen(os.dup(self.fd), "rb") as file:
            file.seek(start)
            if start and os.pread(self.fd, 1, start - 1) != b"\n":
                file.readline()  # the rest of a line that began in the block before
                number += 1
            for line in file:
                if number > last:
                    break
                if number >= first:
                    found.append(line.rstrip(b"\n"))
                number += 1
        return found

    def close(self) -> None:
        with self.lock:
            if self.fd >= 0:
                os.close(self.fd)
            self.fd = -1
