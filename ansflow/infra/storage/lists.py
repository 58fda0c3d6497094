"""Lists of what is kept, one JSON document each: which files a step left, which a cache holds.

A place is a folder of them, such as `artifacts/7`; a name is what strangers chose, and may be any text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ansflow.infra.storage.mounts import ANYWHERE, Mount
from ansflow.infra.storage.names import file_name, write_json

HEAD = 16 * 1024
"""Bytes in which the first fields of a list can be expected."""


class Listed(NamedTuple):
    """`path` is where it stands, from the root of the store; `at` is when it was written (seconds since 1970)."""

    path: str
    at: float


class Lists(Protocol):
    """Each is written whole or not at all, and read by any number of processes on any number of machines."""

    def write(self, place: str, name: str, value: object) -> None: ...

    def write_first(self, place: str, name: str, value: object) -> bool:
        """False where there is one: among several writers one wins, and what it wrote stays."""
        ...

    def read(self, place: str, name: str) -> Any:
        """None where there is none."""
        ...

    def listed(self, place: str) -> Sequence[Listed]:
        """All in this place and in the places below it, in order."""
        ...

    def text(self, path: str, most: int | None = None) -> str:
        """The begin of one, or the whole; "" where it has gone meanwhile."""
        ...

    def remove(self, place: str, name: str = "") -> None:
        """One, or the whole place. Safe to repeat."""
        ...

    def drop(self, path: str) -> None: ...


class FileLists:
    """`Lists` in a folder, which may be one that several machines see."""

    def __init__(self, root: Path, mount: Mount = ANYWHERE) -> None:
        self.root = root
        self._mount = mount

    def write(self, place: str, name: str, value: object) -> None:
        write_json(self._path(place, name), value, self._mount)

    def write_first(self, place: str, name: str, value: object) -> bool:
        path = self._path(place, name)
        if path.exists():
            return False
        draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}.draft")
        write_json(draft, value, self._mount)
        try:
            os.link(draft, path)  # a rename would take the place of what somebody else has just written
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def read(self, place: str, name: str) -> Any:
        try:
            return json.loads(self._path(place, name).read_text())
        except FileNotFoundError:
            self._mount.expect()
            return None

    def listed(self, place: str) -> Sequence[Listed]:
        found = []
        for path in sorted((self.root / place).glob("**/*.json")):
            with suppress(FileNotFoundError):
                found.append(Listed(str(path.relative_to(self.root)), path.stat().st_mtime))
        self._mount.expect()  # a list that is not seen would let go of what it names
        return found

    def text(self, path: str, most: int | None = None) -> str:
        try:
            with (self.root / path).open("rb") as file:
                return file.read(-1 if most is None else most).decode("utf-8", "ignore" if most else "strict")
        except FileNotFoundError:
            self._mount.expect()
            return ""

    def remove(self, place: str, name: str = "") -> None:
        self._mount.expect()
        if name:
            self._path(place, name).unlink(missing_ok=True)
            return
        folder = self.root / place
        for path in folder.iterdir() if folder.is_dir() else ():  # lists, and the draft of one whose writer was killed
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()

    def drop(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def _path(self, place: str, name: str) -> Path:
        return self.root / place / f"{file_name(name)}.json"


def first_field(text: str, field: str) -> str | None:
    """What a list begins with, without reading the rest of it. None where it begins with something else."""
    begin = f'{{"{field}": '
    if not text.startswith(begin):
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text, len(begin))
    except ValueError:  # it is longer than what was read of it
        return None
    return value if isinstance(value, str) else None
