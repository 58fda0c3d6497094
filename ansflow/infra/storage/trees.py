"""Reading and writing trees of files that steps own: no symbolic link is ever followed.

A step may swap a folder for a link between two system calls, so every path is walked from a directory descriptor, one
component at a time, with O_NOFOLLOW.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.failing import on_failure
from ansflow.core.globs import any_matches
from ansflow.plugins.step_files import open_regular

MAX_ENTRIES = 200_000
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """`link` is a symbolic link's target, None for a regular file. `name` stands in the open directory `folder`."""

    path: str
    name: str
    folder: int
    mode: int
    link: str | None = None

    def open(self) -> int:
        """A descriptor of the regular file. Raises InvalidSpec when it cannot be read, or is no longer one."""
        try:
            return open_regular(self.name, folder=self.folder)
        except OSError as error:
            raise _refusal(f"The file {self.path} cannot be read: {error.strerror}.", "unreadable") from None


def path_matcher(globs: Sequence[str]) -> Callable[[str], bool]:
    """Which paths a list of globs means. A folder means everything below it, with or without the slash at its end."""
    meant = [form for glob in globs for form in (glob, glob.rstrip("/") + "/**")]
    return lambda path: any_matches(meant, path)


PassedOver = Callable[[str, str], object]


def find(
    root: Path, wanted: Callable[[str], bool], passed_over: PassedOver = lambda path, why: None
) -> Iterator[Found]:
    """Regular files and symbolic links below root whose `/`-separated path is wanted, in order. `folder` is open only
    until the next one is asked for. `passed_over(path, why)` hears of what is wanted, too, and cannot be taken."""
    count = 0
    for at, folders, files, folder in os.fwalk(root, follow_symlinks=False):
        folders.sort()
        base = os.path.relpath(at, root)
        linked = [name for name in folders if stat.S_ISLNK(_mode(name, folder))]
        closed = [
            name for name in folders if name not in linked and not os.access(name, os.R_OK | os.X_OK, dir_fd=folder)
        ]
        for name in sorted(files + linked + closed):
            path = name if base == "." else f"{base}/{name}"
            if not wanted(path):
                continue
            count += 1
            if count > MAX_ENTRIES:
                raise _refusal(f"More than {MAX_ENTRIES} files match; narrow the paths.", "too_many_files")
            mode = _mode(name, folder)
            if stat.S_ISLNK(mode):
                yield Found(path, name, folder, mode, os.readlink(name, dir_fd=folder))
            elif stat.S_ISREG(mode):
                yield Found(path, name, folder, mode)
            elif mode:
                passed_over(path, "a folder that cannot be read" if stat.S_ISDIR(mode) else "neither file nor folder")


def _mode(name: str, folder: int) -> int:
    """0 when it has gone meanwhile: other steps of the execution may be at work here."""
    try:
        return os.lstat(name, dir_fd=folder).st_mode
    except FileNotFoundError:
        return 0


def _refusal(message: str, code: str) -> InvalidSpec:
    return InvalidSpec([Problem(code=code, message=message)])


@contextmanager
def folder_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """The open folder in which `path` stands, made where it is missing, and the last name. Refuses to leave root."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise _refusal(f"{path!r} does not stay in the workspace.", "bad_path")
    fd = os.open(root, DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = _enter(fd, part)
            os.close(fd)
            fd = inner
        yield fd, parts[-1]
    finally:
        os.close(fd)


def _enter(fd: int, name: str) -> int:
    try:
        return os.open(name, DIRECTORY, dir_fd=fd)
    except FileNotFoundError:
        with suppress(FileExistsError):  # a neighbour was quicker
            os.mkdir(name, 0o755, dir_fd=fd)
        return os.open(name, DIRECTORY, dir_fd=fd)


def write(root: Path, path: str, pieces: Iterable[bytes], *, mode: int, mtime_ns: int | None = None) -> os.stat_result:
    """Writes a regular file, replacing what stands there, atomically. Returns what it has become."""
    with folder_of(root, path) as (folder, name):
        temporary = _draft_of(name)
        target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        with on_failure(lambda: os.unlink(temporary, dir_fd=folder)):
            with os.fdopen(target, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fchmod(target, mode & 0o777)
                if mtime_ns is not None:
                    os.utime(target, ns=(mtime_ns, mtime_ns))
                made = os.fstat(target)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    return made


def link(root: Path, path: str, target: str) -> None:
    """Makes a symbolic link, replacing a file or link that stands there."""
    with folder_of(root, path) as (folder, name):
        temporary = _draft_of(name)
        os.symlink(target, temporary, dir_fd=folder)
        with on_failure(lambda: os.unlink(temporary, dir_fd=folder)):
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _draft_of(name: str) -> str:
    return f".{name[:50]}.{os.urandom(6).hex()}"
