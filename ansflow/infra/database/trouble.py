"""What a database that does not do its work says about why, and how much of that goes into the log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from threading import Lock
from time import monotonic

from django.db import InterfaceError, OperationalError

AWAY = (OperationalError, InterfaceError)
FULL = "The disk of the database is full. Free some space."
READ_ONLY = "The database cannot be written: its file, its folder or its disk is read-only for the server."
STILL = 60.0  # seconds between two lines about the same outage
SQLITE_OUTAGES = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
)


def sqlite_code(error: BaseException) -> int:
    """SQLite's own number, without what extends it; 0 for every other error."""
    return getattr(error.__cause__ or error, "sqlite_errorcode", 0) & 0xFF


def why_not_written(error: BaseException) -> str:
    """The sentence for whoever must mend the disk; "" where it is not known to be that."""
    return {sqlite3.SQLITE_FULL: FULL, sqlite3.SQLITE_READONLY: READ_ONLY}.get(sqlite_code(error), "")


def is_outage(error: BaseException | None) -> bool:
    """Whether everything fails now, and will go well again without a change to the program."""
    if not isinstance(error, AWAY):
        return False
    return not isinstance(error.__cause__, sqlite3.Error) or sqlite_code(error) in SQLITE_OUTAGES


class Outages(logging.Filter):
    """On a log's handler: an outage is told once with its traceback, then in one line a minute, and when it is over.

    Each other sentence about it (which step, which request) is told once, without the same traceback again.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = Lock()
        self._since: float | None = None
        self._told_at = 0.0
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info or not is_outage(record.exc_info[1]):
            return True
        said, now = record.getMessage(), self._now()
        with self._lock:
            if self._since is None:
                self._since = self._told_at = now
                self._said = {said}
                return True
            is_new, is_time = said not in self._said, now - self._told_at >= STILL
            self._said.add(said)
            if not is_new and not is_time:
                return False
            if is_time:
                self._told_at = now
                record.msg = f"still, after {now - self._since:.0f} seconds: {said}: {record.exc_info[1]}"
                record.args = ()
            record.exc_info = record.exc_text = None
        return True

    def over(self) -> None:
        """Whoever has just written to the database says so."""
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            seconds = self._now() - since
            logging.getLogger("ansflow").warning("the database works again, after %.0f seconds", seconds)
