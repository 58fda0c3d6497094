"""`hash_files('requirements*.txt')`: one digest over the names and contents of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from ansflow.core.globs import any_matches

PASSED_OVER = frozenset({".git", "node_modules", ".venv"})


def hash_files(workspace: Path, globs: Sequence[str]) -> str:
    """Hexadecimal, the same on every machine; "" when no file matches. Symbolic links are not followed."""
    whole = sha256()
    found = False
    for name in sorted(_files(workspace)):
        if any_matches(globs, name):
            found = True
            with open(workspace / name, "rb") as file:
                digest = sha256()
                while part := file.read(1 << 20):
                    digest.update(part)
            whole.update(f"{name}\0{digest.hexdigest()}\n".encode())
    return whole.hexdigest() if found else ""


def _files(workspace: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(workspace):
        folders[:] = [name for name in folders if name not in PASSED_OVER]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, workspace).replace(os.sep, "/")
