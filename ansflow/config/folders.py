"""Where AnsFlow keeps what it writes."""

from __future__ import annotations

import os
from pathlib import Path

from ansflow.core.errors import InvalidSpec, Problem

LEAST_FREE = 64 << 20
"""Bytes on the disk below which a server is not fit for work."""


def data_folder() -> Path:
    """`$ANSFLOW_DATA_DIR`, else `$XDG_DATA_HOME/ansflow`, else `~/.local/share/ansflow`. Not made here."""
    chosen = os.environ.get("ANSFLOW_DATA_DIR")
    if chosen:
        return Path(chosen).absolute()
    variable = "XDG_DATA_HOME" if os.environ.get("XDG_DATA_HOME") else "HOME"
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    if not os.path.isabs(base):  # below the folder one happens to stand in, each project would get runs of its own
        said = f"{variable} is {os.environ.get(variable, '')!r}, which is no absolute path"
        raise InvalidSpec([Problem(code="data_folder", message=f"{said}: mend it, or set ANSFLOW_DATA_DIR.")])
    return Path(base) / "ansflow"


def server_folder(data: Path) -> Path:
    """Where the server keeps what its executions leave: local runs have numbers and folders of their own."""
    return data / "server"


def make_data_folder(data: Path) -> None:
    """For this user only. A folder that held nothing is closed; one with files in it stays as somebody has set it."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError):
        message = f"{data} cannot be the data folder: it is a file, or lies below one. Name a folder: ANSFLOW_DATA_DIR."
        raise InvalidSpec([Problem(code="data_folder", message=message)]) from None
    if data.stat().st_uid == os.geteuid() and not any(data.iterdir()):
        data.chmod(0o700)


def free_bytes(folder: Path) -> int:
    """What is left on its disk."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
