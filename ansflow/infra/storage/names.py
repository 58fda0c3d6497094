"""File names for texts that strangers choose, and files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from ansflow.infra.storage.mounts import ANYWHERE, Mount

MAX_NAME = 120
PLAIN = re.compile(r"[A-Za-z0-9](.*[A-Za-z0-9)=_-])?\Z")  # no leading dot or dash, no trailing dot or space
UNSAFE = re.compile(r"[^A-Za-z0-9._()=, -]")


def file_name(text: str) -> str:
    """A name that is one path component, tells people what it is, and differs for different texts.

    >>> file_name("unit (python=3.12)")
    'unit (python=3.12)'
    >>> file_name("../../etc")
    '_.._.._etc-74ccf3c5'
    """
    name = UNSAFE.sub("_", text)
    if (
        name == text
        and len(name) <= MAX_NAME
        and not name.startswith((".", "-", " "))
        and not name.endswith((" ", "."))
    ):
        return name
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"_{name[:MAX_NAME]}-{digest}"


def write_json(path: Path, value: object, mount: Mount = ANYWHERE) -> None:
    """Writes the file whole or not at all, and makes its folder below the mount."""
    mount.make(path.parent)
    write_text(path, json.dumps(value, ensure_ascii=False))


def write_text(path: Path, text: str) -> None:
    """Writes the file whole or not at all, also where this process is killed at any moment."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    temporary.write_bytes(content)
    temporary.rename(path)
