"""Files by content: stored once under their SHA-256, never half-written, never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from ansflow.core.errors import NotFound
from ansflow.core.failing import on_failure
from ansflow.infra.storage.mounts import ANYWHERE, Mount

CHUNK = 2**20


class Blobs(Protocol):
    """Any number of processes, on any number of machines, put and read at once. No content is ever whole in memory."""

    at_once: int
    """How many requests together are quicker than one after the other."""

    def put(self, source: int) -> tuple[str, int]:
        """Keeps the regular file behind the descriptor, from its begin; gives (SHA-256, size in bytes).

        What is there already becomes young again. What breaks off leaves nothing that could be read.
        """
        ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """Piece by piece. Raises NotFound at once where it is not there."""
        ...

    def listed(self) -> Iterator[tuple[str, float]]:
        """Every content, and when it was last put (seconds since 1970)."""
        ...

    def drop(self, sha256: str, *, before: float) -> bool:
        """Removes it, unless it has been put since then."""
        ...

    def drop_drafts(self, *, before: float) -> int:
        """Removes what killed writers left; returns how much."""
        ...


class FileBlobs:
    """`Blobs` in a folder, which may be one that several machines see."""

    at_once = 4

    def __init__(self, root: Path, mount: Mount = ANYWHERE) -> None:
        self.root = root
        self._mount = mount

    def put(self, source: int) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        # The name is this thread's own, so two writers of the same content never meet before the rename.
        draft = f"{self.root}/.{os.getpid()}-{os.urandom(8).hex()}"
        with self._begun(draft) as target, on_failure(lambda: Path(draft).unlink(missing_ok=True)):
            while chunk := os.pread(source, CHUNK, size):
                digest.update(chunk)
                target.write(chunk)
                size += len(chunk)
            target.close()
            self._name(draft, digest.hexdigest())
        return digest.hexdigest(), size

    def read(self, sha256: str) -> Iterator[bytes]:
        try:
            fd = os.open(self._path(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._mount.expect()
            raise is_gone(sha256) from None
        return _chunks(fd)

    def listed(self) -> Iterator[tuple[str, float]]:
        for blob in self.root.glob("??/*"):
            with suppress(FileNotFoundError):
                yield blob.name, blob.stat().st_mtime
        self._mount.expect()

    def drop(self, sha256: str, *, before: float) -> bool:
        return _drop(self._path(sha256), before)

    def drop_drafts(self, *, before: float) -> int:
        return sum(_drop(draft, before) for draft in self.root.glob(".[0-9]*-*"))

    def _begun(self, draft: str) -> IO[bytes]:
        """A workspace may leave tens of thousands of files: no folder is made that is there."""
        try:
            return open(draft, "xb")
        except FileNotFoundError:
            self._mount.make(self.root)
            return open(draft, "xb")

    def _name(self, draft: str, sha256: str) -> None:
        final = f"{self.root}/{sha256[:2]}/{sha256}"
        try:
            os.rename(draft, final)
        except FileNotFoundError:
            self._mount.make(Path(final).parent)
            os.rename(draft, final)

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256


def is_gone(sha256: str) -> NotFound:
    return NotFound(f"The content {sha256[:12]}… is not kept here any more.")


def _drop(path: Path, before: float) -> bool:
    try:
        if path.stat().st_mtime >= before:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _chunks(fd: int) -> Iterator[bytes]:
    with os.fdopen(fd, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
