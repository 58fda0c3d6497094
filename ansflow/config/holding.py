"""One server per data folder, and per file of SQLite: whoever runs holds both, and the system lets go of them when the
process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from ansflow.core.errors import Conflict, NotAvailable

Refusal = Callable[[str], Conflict]


class Hold:
    """Raises Conflict with a sentence while another process holds one of them. `database` None: it is no file.

    A database has a lock of its own, beside it: two servers with two data folders may have been given the same one.
    """

    def __init__(self, data: Path, database: Path | None) -> None:
        self._locks = [_locked(data / "server.lock", lambda who: _folder_in_use(data, who))]
        if database is None:
            return
        file = Path(os.path.realpath(database))  # whatever name it was given by
        try:
            self._locks.append(_locked(Path(f"{file}.lock"), lambda who: _database_in_use(file, who)))
        except OSError as error:
            self.release()
            raise NotAvailable(f"The database {file} cannot be held: {error.strerror}: {error.filename}.") from error
        except Conflict:
            self.release()
            raise

    def release(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def _locked(file: Path, refusal: Refusal) -> int:
    """The descriptor of the file, which says who holds it."""
    lock = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
        os.close(lock)
        raise refusal(f" (process {holder})" if holder.isdigit() else "") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _folder_in_use(data: Path, who: str) -> Conflict:
    return Conflict(
        f"Another server{who} runs on {data}. Stop it first, or give this one a folder of its own: ANSFLOW_DATA_DIR.",
        code="data_folder_in_use",
    )


def _database_in_use(file: Path, who: str) -> Conflict:
    return Conflict(
        f"Another server{who} works on the database {file}. Stop it first, or give this one a database of its own: "
        "ANSFLOW_DATABASE_URL.",
        code="database_in_use",
    )
