"""The keys of an installation: made at the first start, readable by its user only, never in the repository."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    session: str


def load_keys(data: Path) -> Keys:
    """Reads the keys, or makes them where there are none."""
    folder = data / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "session"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Keys(path.read_text())
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(64))
    return Keys(path.read_text())
