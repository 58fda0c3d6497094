"""Logs as append-only files with a sparse index of lines.

Beside `<attempt>.log` stands `<attempt>.index`: a pair (offset, newlines before it) for every block of 64 KiB, so that
any line is found by reading one block. The index is a cache: what a crash took is counted again from the log itself.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from pathlib import Path
from threading import Lock

from ansflow.core.errors import Conflict
from ansflow.engine.ports import FENCED
from ansflow.infra.storage.names import file_name, write_text

BLOCK = 64 * 1024
PAIR = struct.Struct("<QQ")


class FileLogs:
    """LogStore in files: `<root>/<execution>/<step>/<attempt>.log`. Nothing is made for a step that prints nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[tuple[int, str, int], _Log] = {}
        self._lock = Lock()

    def append(self, execution: int, step: str, attempt: int, *, fence: int, offset: int, data: bytes) -> int:
        key = (execution, step, attempt)
        with self._lock:
            log = self._open.get(key)
            if log is None:
                log = self._open[key] = _Log(self._path(*key), writable=True)
        return log.append(fence, offset, data)

    def length(self, execution: int, step: str, attempt: int) -> int:
        try:
            return self._path(execution, step, attempt).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes:
        try:
            with self._path(execution, step, attempt).open("rb") as file:
                file.seek(start)
                return file.read(-1 if end is None else max(0, end - start))
        except FileNotFoundError:
            return b""

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        path = self._path(execution, step, attempt)
        if not path.exists() or last < first:
            return []
        log = _Log(path, writable=False)
        try:
            return log.lines(max(1, first), last)
        finally:
            log.close()

    def count(self, execution: int, step: str, attempt: int) -> int:
        path = self._path(execution, step, attempt)
        if not path.exists():
            return 0
        log = _Log(path, writable=False)
        try:
            return log.newlines + (log.length > 0 and os.pread(log.fd, 1, log.length - 1) != b"\n")
        finally:
            log.close()

    def close(self, execution: int, step: str, attempt: int) -> None:
        with self._lock:
            log = self._open.pop((execution, step, attempt), None)
        if log is not None:
            log.close()

    def remove(self, execution: int) -> None:
        import shutil  # noqa: PLC0415 — brings the compressors along, and a short run removes nothing

        with self._lock:
            for key in [key for key in self._open if key[0] == execution]:
                self._open.pop(key).close()
        shutil.rmtree(self.root / str(execution), ignore_errors=True)

    def _path(self, execution: int, step: str, attempt: int) -> Path:
        return self.root / str(execution) / file_name(step) / f"{attempt}.log"


class _Log:
    """One file and its index. One writer; any number of readers, each with an object of its own."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.index_path = path.with_suffix(".index")
        self.fence_path = path.with_suffix(".fence")
        if writable:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.fd = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC if writable else os.O_RDONLY | os.O_CLOEXEC, 0o600
        )
        self.length = os.fstat(self.fd).st_size
        self.fence = int(self.fence_path.read_text() or 0) if self.fence_path.exists() else 0
        self.offsets, self.counts = self._load_index()
        self.newlines = self.counts[-1] + os.pread(self.fd, self.length - self.offsets[-1], self.offsets[-1]).count(
            b"\n"
        )
        self.lock = Lock()

    def append(self, fence: int, offset: int, data: bytes) -> int:
        with self.lock:
            self._check_fence(fence)
            if offset > self.length:
                raise Conflict(f"The log has {self.length} bytes; send from there, not from {offset}.", code="gap")
            new = memoryview(data)[self.length - offset :]  # what lies behind the length is here already
            while new:
                written = os.pwrite(self.fd, new, self.length)
                self._count(bytes(new[:written]))
                new = new[written:]
            return self.length

    def _check_fence(self, fence: int) -> None:
        if fence < self.fence:
            raise Conflict(f"Fence {fence} is older than {self.fence}: another worker writes here.", code=FENCED)
        if fence > self.fence:
            write_text(self.fence_path, str(fence))  # half of it would keep everybody from this log for ever
            self.fence = fence

    def _count(self, data: bytes) -> None:
        """Moves length and newline count over data that has been written, noting each border of a block."""
        fresh = bytearray()
        at = 0
        while at < len(data):
            border = self.offsets[-1] + BLOCK
            part = data[at : at + max(0, border - self.length)]
            self.newlines += part.count(b"\n")
            self.length += len(part)
            at += len(part)
            if self.length == border:
                self.offsets.append(border)
                self.counts.append(self.newlines)
                fresh += PAIR.pack(border, self.newlines)
        if fresh:
            with self.index_path.open("ab") as file:
                file.write(fresh)

    def _load_index(self) -> tuple[list[int], list[int]]:
        raw = self.index_path.read_bytes() if self.index_path.exists() else b""
        offsets, counts = [0], [0]
        for offset, newlines in PAIR.iter_unpack(raw[: len(raw) // PAIR.size * PAIR.size]):
            if offset != offsets[-1] + BLOCK or offset > self.length:
                break
            offsets.append(offset)
            counts.append(newlines)
        while offsets[-1] + BLOCK <= self.length:  # written, but not indexed when the writer died
            counts.append(counts[-1] + os.pread(self.fd, BLOCK, offsets[-1]).count(b"\n"))
            offsets.append(offsets[-1] + BLOCK)
        return offsets, counts

    def lines(self, first: int, last: int) -> list[bytes]:
        block = bisect_right(self.counts, first - 2)  # line n begins after newline n - 1
        start, number = (self.offsets[block - 1], self.counts[block - 1] + 1) if block else (0, 1)
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
        os.close(self.fd)
