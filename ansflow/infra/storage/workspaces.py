"""Workspaces and attempt folders below one folder per execution: `<root>/<execution>/{workspace,attempts}`.

A folder costs 0.1 ms, as much as all that the engine decides for a short step: so there is one per attempt, and none is
made twice.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ansflow.infra.storage.names import file_name

PARTS = ("workspace", "attempts", "taking-over")


class FileWorkspaces:
    """WorkspaceStore in files. `remove` takes away what a step left behind, whatever its permissions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: set[Path] = set()

    def open(self, execution: int) -> Path:
        return self._folder(execution, "workspace")

    def attempt(self, execution: int, step: str, attempt: int) -> Path:
        path = self._attempt(execution, step, attempt)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        return path

    def forget(self, execution: int, step: str, attempt: int) -> None:
        _remove(self._attempt(execution, step, attempt))

    def _attempt(self, execution: int, step: str, attempt: int) -> Path:
        return self._folder(execution, "attempts") / f"{file_name(step)}.{attempt}"

    def _folder(self, execution: int, name: str) -> Path:
        path = self.root / str(execution) / name
        if path not in self._made:
            path.mkdir(parents=True, exist_ok=True, mode=0o755)
            self._made.add(path)
        return path

    def bring(self, execution: int, *, alone: bool, news: object = None) -> None:
        """All steps run on this machine."""

    def keep(self, execution: int, step: str, fence: int) -> None:
        """All steps run on this machine."""

    def exists(self, execution: int) -> bool:
        """Whether a step has ever asked for the workspace, and nobody has removed it since."""
        return (self.root / str(execution) / "workspace").is_dir()

    def executions(self) -> Iterator[tuple[int, float]]:
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            parts = [folder / part for part in PARTS]
            if folder.name.isdigit() and any(part.is_dir() for part in parts):
                with suppress(FileNotFoundError):
                    yield int(folder.name), folder.stat().st_mtime

    def remove(self, execution: int) -> None:
        folder = self.root / str(execution)
        for part in PARTS:
            self._made.discard(folder / part)
            _remove(folder / part)
        with suppress(OSError):  # of a local run, its record still stands there
            folder.rmdir()


def _remove(path: Path) -> None:
    if not path.exists():
        return
    import shutil  # noqa: PLC0415 — brings the compressors along, and a short run removes nothing

    path.chmod(0o700)
    for _, folders, _, folder in os.fwalk(path, follow_symlinks=False):
        for name in folders:  # one that a step closed with chmod 000 can be neither listed nor emptied
            if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                os.chmod(name, 0o700, dir_fd=folder)
    shutil.rmtree(path)
