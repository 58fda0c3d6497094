"""`hash_files('requirements*.txt')`: one digest over the names and contents of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.globs import any_matches
from ansflow.plugins.step_files import NOT_A_FILE, open_regular

PASSED_OVER = frozenset({".git", "node_modules", ".venv"})


def hash_files(workspace: Path, globs: Sequence[str]) -> str:
    """Hexadecimal, the same on every machine; "" when no file matches. Raises InvalidSpec for one that is unreadable.

    Symbolic links are not followed, also where a step puts one while the files are read.
    """
    digests: dict[str, str] = {}
    for at, folders, names, folder in os.fwalk(workspace, follow_symlinks=False):
        folders[:] = [name for name in folders if name not in PASSED_OVER]
        for name in names:
            path = os.path.relpath(os.path.join(at, name), workspace).replace(os.sep, "/")
            if any_matches(globs, path) and (digest := _digest(name, folder, path)):
                digests[path] = digest
    whole = "".join(f"{path}\0{digest}\n" for path, digest in sorted(digests.items()))
    return sha256(whole.encode("utf-8", "surrogateescape")).hexdigest() if digests else ""


def _digest(name: str, folder: int, path: str) -> str:
    """Of a regular file; "" for anything else, and for what has gone meanwhile."""
    try:
        descriptor = open_regular(name, folder=folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        if error.strerror == NOT_A_FILE:
            return ""
        message = f"hash_files cannot read {path}: {error.strerror}."
        raise InvalidSpec([Problem(code="unreadable", message=message)]) from None
    digest = sha256()
    with open(descriptor, "rb", buffering=0) as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
