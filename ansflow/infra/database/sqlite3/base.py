"""SQLite for many threads of one process: every write and every checkpoint holds one lock per file.

SQLite lets one connection write at a time and makes the others poll. Here they wait in line instead, and nobody is
told "database is locked". Releases before 3.51.3 may also corrupt a file when one connection resets the write-ahead
log while another writes: with the lock around writes, checkpoints, opening and closing that cannot happen.

A commit is written when it returns, and so outlives every process. What outlives a power cut is what a checkpoint, or
`synchronous=full`, has brought to the disk; the file stays whole either way.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any

from django.db.backends.sqlite3 import base

from ansflow.core.failing import on_failure

COMMITS_PER_CHECKPOINT = 256
BUSY_TIMEOUT = 5.0  # seconds; other processes only read, or hold it for a backup
LARGE_WAL = 64 * 2**20  # bytes

_READS = frozenset({"SELECT", "VALUES", "EXPLAIN", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"})
_ALONE = frozenset({"VACUUM", "ATTACH", "DETACH"})  # refused within a transaction


class Turns:
    """Whose turn it is to write to one file. A thread may take it again while it has it."""

    _known: dict[str, Turns] = {}
    _making = Lock()

    def __init__(self) -> None:
        self.lock = RLock()
        self.commits = 0

    @classmethod
    def of(cls, file: str) -> Turns:
        with cls._making:
            return cls._known.setdefault(file, cls())


class DatabaseWrapper(base.DatabaseWrapper):
    """`_held` says that this connection's transaction has the turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file = os.path.realpath(str(self.settings_dict["NAME"]))
        self._turns = Turns.of(self._file)
        self._held = False

    def get_connection_params(self) -> dict[str, Any]:
        self._file = os.path.realpath(str(self.settings_dict["NAME"]))  # tests give it another name
        self._turns = Turns.of(self._file)
        known = {"transaction_mode": "IMMEDIATE", "timeout": BUSY_TIMEOUT, **self.settings_dict["OPTIONS"]}
        self.settings_dict["OPTIONS"] = known
        return super().get_connection_params()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with self._turns.lock:
            connection = super().get_new_connection(conn_params)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            return connection

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=lambda connection: Cursor(connection, self))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One statement outside of a transaction is one of its own."""
        self._start_transaction_under_autocommit()
        with on_failure(self._rollback):
            yield
            self._commit()  # may be refused too: then nobody else would get the turn

    def checkpoint(self) -> None:
        """Brings the write-ahead log into the file, in this connection's turn; one that has grown large is emptied."""
        self.ensure_connection()
        with self.undisturbed():
            try:
                large = os.stat(f"{self._file}-wal").st_size > LARGE_WAL
            except FileNotFoundError:
                return
            self.connection.execute(f"PRAGMA wal_checkpoint({'TRUNCATE' if large else 'PASSIVE'})").fetchall()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        with self._turns.lock:
            yield

    def _start_transaction_under_autocommit(self) -> None:
        self._turns.lock.acquire()
        self._held = True
        with on_failure(self._let_go):
            super()._start_transaction_under_autocommit()  # type: ignore[misc]

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        if self._held:
            try:
                self._checkpoint()
            finally:
                self._let_go()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._let_go()

    def _close(self) -> None:
        with self._turns.lock:  # the last connection to close makes a checkpoint
            super()._close()  # type: ignore[misc]
        self._let_go()

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self._turns.lock.release()

    def _checkpoint(self) -> None:
        """Now and then, by whoever has just committed: SQLite's own would not ask for the lock."""
        self._turns.commits += 1
        if self._turns.commits % COMMITS_PER_CHECKPOINT == 0 and self.connection is not None:
            self.checkpoint()


class Cursor(base.SQLiteCursorWrapper):
    """Takes the turn for a write outside of a transaction, and reads what it returns before the turn is over."""

    def __init__(self, connection: Any, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper
        self._returned: list[Any] | None = None

    def execute(self, query: str, params: Any = None) -> Any:
        self._returned = None
        word = query.lstrip()[:10].split(None, 1)[0].upper() if query.strip() else ""
        if self.connection.in_transaction or word in _READS:
            return super().execute(query, params)
        if word in _ALONE:
            with self._wrapper.undisturbed():
                return super().execute(query, params)
        with self._wrapper.turn():
            super().execute(query, params)
            self._returned = super().fetchall() if self.description else None
        return self

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        self._returned = None
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        with self._wrapper.turn():
            return super().executemany(query, param_list)

    def fetchone(self) -> Any:
        if self._returned is None:
            return super().fetchone()
        return self._returned.pop(0) if self._returned else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = size if size is not None else self.arraysize
        if self._returned is None:
            return super().fetchmany(wanted)
        taken, self._returned = self._returned[:wanted], self._returned[wanted:]
        return taken

    def fetchall(self) -> list[Any]:
        if self._returned is None:
            return super().fetchall()
        taken, self._returned = self._returned, []
        return taken

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> Any:
        if self._returned is None:
            return super().__next__()
        if not self._returned:
            raise StopIteration
        return self._returned.pop(0)
