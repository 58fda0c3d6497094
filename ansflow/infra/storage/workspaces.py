"""Workspaces and attempt folders below one folder per execution: `<root>/<execution>/{workspace,attempts}`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ansflow.infra.storage.names import file_name


class FileWorkspaces:
    """WorkspaceStore in files. `remove` takes away what a step left behind, whatever its permissions."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, execution: int) -> Path:
        path = self.root / str(execution) / "workspace"
        path.mkdir(parents=True, exist_ok=True, mode=0o755)
        return path

    def attempt(self, execution: int, step: str, attempt: int) -> Path:
        path = self.root / str(execution) / "attempts" / file_name(step) / str(attempt)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def remove(self, execution: int) -> None:
        for part in ("workspace", "attempts"):
            _remove(self.root / str(execution) / part)


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
