"""One server per data folder: whoever runs holds it, and the system lets go of it when the process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ansflow.core.errors import Conflict


class Hold:
    """Raises Conflict with a sentence while another process holds the folder."""

    def __init__(self, data: Path) -> None:
        self._fd = os.open(data / "server.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 20, 0).decode(errors="replace").strip()
            os.close(self._fd)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise Conflict(
                f"Another server{who} runs on {data}. Stop it first, or give this one a folder of its own: "
                "ANSFLOW_DATA_DIR.",
                code="data_folder_in_use",
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._fd)
