"""Finds and opens report files in a workspace that a hostile step may have filled."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ansflow.core.errors import AnsFlowError

MAX_FILES = 2000
MAX_BYTES = 64 * 2**20
CLOCK_SLACK_SECONDS = 0.05  # file times come from a coarser clock than the start of the step


class UnreadableReport(AnsFlowError):
    """A report file that says nothing usable; the message is a sentence without the file's name."""

    code = "unreadable_report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def find_reports(
    workspace: Path, globs: Iterable[str], *, kind: str, folder: str = "", since: datetime | None = None
) -> Found:
    """Regular files inside the workspace, in order of their names, each once."""
    files: dict[Path, None] = {}
    warnings: list[str] = []
    for glob in globs:
        matches = _matches(workspace, glob)
        fresh = [path for path in matches if since is None or _is_fresh(path, since)]
        if not matches:
            warnings.append(f"reports.{kind}: no file matches {glob!r}.{_hint(workspace, folder, glob)}")
        elif not fresh:
            warnings.append(
                f"reports.{kind}: {glob!r} matches only files that this attempt did not write: not counted."
            )
        files.update(dict.fromkeys(fresh))
    if len(files) > MAX_FILES:
        warnings.append(f"reports.{kind}: {len(files)} files match; only the first {MAX_FILES} were read.")
    return Found(files=tuple(files)[:MAX_FILES], warnings=tuple(warnings))


def open_report(path: Path) -> BinaryIO:
    """Opens a regular file and no link, device or pipe: the step chose what stands there, and may still change it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableReport(f"could not be opened: {error.strerror}.") from error
    found = os.fstat(descriptor)
    sentence = ""
    if not stat.S_ISREG(found.st_mode):
        sentence = "is no regular file."
    elif found.st_size > MAX_BYTES:
        sentence = f"is {found.st_size // 2**20} MiB large; reports are read up to {MAX_BYTES // 2**20} MiB."
    if sentence:
        os.close(descriptor)
        raise UnreadableReport(sentence)
    return os.fdopen(descriptor, "rb")


def _matches(workspace: Path, glob: str) -> list[Path]:
    if PurePosixPath(glob).is_absolute() or ".." in PurePosixPath(glob).parts or not glob:
        return []
    inside = workspace.resolve()
    return sorted(
        path
        for path in workspace.glob(glob)
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(inside)
    )


def _is_fresh(path: Path, since: datetime) -> bool:
    return path.stat().st_mtime >= since.timestamp() - CLOCK_SLACK_SECONDS


def _hint(workspace: Path, folder: str, glob: str) -> str:
    """People write the path as their command sees it."""
    from_folder = str(PurePosixPath(folder or ".", glob))
    if folder and _matches(workspace, from_folder):
        return f" Paths start at the workspace: write {from_folder!r}."
    return ""
