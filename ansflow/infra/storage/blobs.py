"""Files by content: stored once under their SHA-256, never half-written, never changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ansflow.core.errors import NotFound

CHUNK = 2**20


class Blobs:
    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: int) -> tuple[str, int]:
        """Keeps what can be read from the descriptor; gives (SHA-256, size in bytes)."""
        self.root.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        # The name is this thread's own, so two writers of the same content never meet before the rename.
        temporary = self.root / f".{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with temporary.open("xb") as target:
                while chunk := os.read(source, CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
            final = self._path(digest.hexdigest())
            final.parent.mkdir(exist_ok=True)
            temporary.rename(final)
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def open(self, sha256: str) -> int:
        """A descriptor for reading. Raises NotFound."""
        try:
            return os.open(self._path(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NotFound(f"The content {sha256[:12]}… is not kept here any more.") from None

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256
