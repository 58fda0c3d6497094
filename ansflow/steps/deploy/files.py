"""The files of a release: chosen by globs, sent as one tar stream. No link is followed."""

from __future__ import annotations

import os
import stat
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ansflow.core import globs
from ansflow.core.errors import NotAvailable

NEVER_SENT = (".git",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`paths` are relative to `source`, `/`-separated, files and links only."""

    source: Path
    paths: tuple[str, ...]
    passed_over: tuple[str, ...] = ()  # sockets, pipes and devices

    def send(self, stream: IO[bytes]) -> int:
        """Writes the archive: the files, then a last entry that proves it whole. Gives the bytes of the files."""
        size, now = 0, int(time.time())
        with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as archive:
            archive.addfile(_entry("files", mode=0o755, kind=tarfile.DIRTYPE, modified=now))
            for path in self.paths:
                size += _send_one(archive, self.source / path, f"files/{path}")
            archive.addfile(_entry("complete", mode=0o644, modified=now))
        return size


def choose_files(source: Path, paths: Sequence[str]) -> Release:
    """Raises NotAvailable when there is nothing to send, or when a link leads out of the source."""
    if not source.is_dir():
        raise NotAvailable(f"There is no folder {source} to deploy.")
    chosen: list[str] = []
    passed_over: list[str] = []
    for path, mode in _walk(source):
        if paths and not globs.any_matches(paths, path):
            continue
        if stat.S_ISLNK(mode):
            _expect_inside(source, path)
        (chosen if stat.S_ISREG(mode) or stat.S_ISLNK(mode) else passed_over).append(path)
    if not chosen:
        wanted = f" matches {', '.join(paths)}" if paths else " is there"
        raise NotAvailable(f"There is nothing to deploy: no file in {source}{wanted}.")
    return Release(source=source, paths=tuple(sorted(chosen)), passed_over=tuple(sorted(passed_over)))


def _walk(source: Path) -> Iterator[tuple[str, int]]:
    """Everything but folders, with its mode."""
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in NEVER_SENT]
        for name in (*folders, *files):
            if name in NEVER_SENT:
                continue
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if not stat.S_ISDIR(mode):
                yield os.path.relpath(path, source).replace(os.sep, "/"), mode


def _expect_inside(source: Path, path: str) -> None:
    link = source / path
    target = os.readlink(link)
    named = os.path.normpath(os.path.join(os.path.dirname(path), target))
    leaves = os.path.isabs(target) or named == ".." or named.startswith("../")
    if leaves or not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(source)):
        raise NotAvailable(
            f"The link {path} leads out of what is deployed, to {target}: it would lead elsewhere at the target. "
            f"Replace it by the file, or leave it out with paths: ['!{path}']."
        )


def _send_one(archive: tarfile.TarFile, path: Path, name: str) -> int:
    if path.is_symlink():
        archive.addfile(_entry(name, kind=tarfile.SYMTYPE, link=os.readlink(path)))
        return 0
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise NotAvailable(f"{path} stopped being a file while it was deployed.")
        entry = _entry(name, mode=found.st_mode & 0o755 | 0o600, size=found.st_size, modified=int(found.st_mtime))
        archive.addfile(entry, file)
        return found.st_size


def _entry(
    name: str, *, mode: int = 0o777, kind: bytes = tarfile.REGTYPE, size: int = 0, modified: int = 0, link: str = ""
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.type, entry.size, entry.mtime, entry.linkname = mode, kind, size, modified, link
    return entry
