"""Where AnsFlow keeps what it writes."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """`$ANSFLOW_DATA_DIR`, else `$XDG_DATA_HOME/ansflow`, else `~/.local/share/ansflow`. Not made here."""
    chosen = os.environ.get("ANSFLOW_DATA_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(base).absolute() / "ansflow"
