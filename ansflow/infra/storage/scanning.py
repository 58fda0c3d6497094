"""Which paths of a workspace are not as they were: by what the file system says of each, without reading any."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.infra.storage.changes import FOLDER, Entry, Tree
from ansflow.infra.storage.trees import DIRECTORY

MAX_ENTRIES = 500_000
MAX_DEPTH = 200
OWN = stat.S_IRWXU
"""A folder that its owner could not enter is written down, and made, as one that he can."""

Stamp = tuple[int, int, int, int]
"""Size, time of the last change in nanoseconds, inode, mode: while they are the same, so is the content."""


class Differing(NamedTuple):
    """A path that is new or looks changed. `name` stands in the open folder `folder`, until the next is asked for."""

    path: str
    name: str
    folder: int
    stamp: Stamp


def stamp_of(found: os.stat_result) -> Stamp:
    return (found.st_size, found.st_mtime_ns, found.st_ino, found.st_mode)


def folder_entry(mode: int) -> Entry:
    return Entry(FOLDER, stat.S_IMODE(mode) & 0o777 | OWN)


class Scan:
    """One look at everything below an open folder. No link is followed; what is neither file, link nor folder is
    passed over."""

    def __init__(self, tree: Tree, stamps: Mapping[str, Stamp]) -> None:
        self.found: list[str] = []
        self._tree = tree
        self._stamps = stamps

    def differing(self, folder: int, base: str = "", depth: int = 0) -> Iterator[Differing]:
        """Also puts every path that is there into `found`. Raises InvalidSpec for more than can be gone through."""
        inner: list[tuple[str, str]] = []
        found, known = self.found, self._stamps.get
        with os.scandir(folder) as entries:
            for entry in entries:
                path = base + entry.name
                try:
                    seen = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # other steps may be at work here
                    continue
                mode = seen.st_mode
                stamp = (seen.st_size, seen.st_mtime_ns, seen.st_ino, mode)
                if known(path) == stamp:  # nearly all of them
                    found.append(path)
                elif stat.S_ISDIR(mode):
                    inner.append((entry.name, path))
                    found.append(path)
                    if not folder_entry(mode).says_the_same(self._tree.get(path)):
                        yield Differing(path, entry.name, folder, stamp)
                elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                    found.append(path)
                    yield Differing(path, entry.name, folder, stamp)
        if len(found) > MAX_ENTRIES:
            raise _too_much(f"more than {MAX_ENTRIES} files")
        if depth > MAX_DEPTH:
            raise _too_much(f"folders more than {MAX_DEPTH} deep")
        for name, path in inner:
            with suppress(FileNotFoundError, NotADirectoryError):
                fd = _enter(name, folder)
                try:
                    yield from self.differing(fd, f"{path}/", depth + 1)
                finally:
                    os.close(fd)


def _enter(name: str, folder: int) -> int:
    try:
        return os.open(name, DIRECTORY, dir_fd=folder)
    except PermissionError:
        place = os.open(name, os.O_PATH | DIRECTORY, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{place}", OWN)  # by its name, a link might have taken its place meanwhile
        finally:
            os.close(place)
        return os.open(name, DIRECTORY, dir_fd=folder)


def _too_much(what: str) -> InvalidSpec:
    message = f"The workspace has {what}, so it cannot follow its execution to other machines."
    return InvalidSpec([Problem(code="too_many_files", message=message)])
