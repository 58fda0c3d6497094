"""Statements and transactions that look the same on every database: what fails by chance is tried again.

SQL is written once, with names in brackets, tables in capitals (`[Step]`, `[row_version]`): each database quotes them
its own way.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from threading import local
from time import monotonic, sleep
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from ansflow.apps.executions import models
from ansflow.apps.projects.models import Project

T = TypeVar("T")

TABLES: dict[str, type[Model]] = {
    "Execution": models.PipelineExecution,
    "Plan": models.ExecutionPlan,
    "Step": models.StepExecution,
    "Attempt": models.Attempt,
    "Bundle": models.BundleExecution,
    "Places": models.Places,
    "Deployment": models.Deployment,
    "Event": models.ExecutionEvent,
    "Sending": models.Sending,
    "Worker": models.Worker,
    "Project": Project,
    "WorkspaceChange": models.WorkspaceChange,
}

PATIENCE = 5.0  # seconds for which a database that cannot be reached, or that chose us as its victim, is tried again
PAUSE = 0.01  # seconds before the second try; doubled with each, up to LONGEST_PAUSE
LONGEST_PAUSE = 0.5

POSTGRESQL = frozenset({"40001", "40P01"})  # serialization failure, deadlock
MYSQL = frozenset({1205, 1213, 1020})  # lock wait time-out, deadlock, row changed since it was read
MYSQL_LOST = frozenset({1927, 2002, 2003, 2006, 2013, 2014, 2055})
SQLITE_BUSY = 5
AT_ONCE = 100  # statements that travel together


class GuardFailed(Exception):
    """A row is no longer as a decision found it: everything is rolled back."""


class Mistaken(GuardFailed):
    """Nobody has written meanwhile, and yet a row is not as a decision found it: what was at hand was not so."""


class Database:
    """One of Django's databases, as the store uses it. The connection is that of the calling thread."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._unsecured = local()  # `here`: this thread has written what may not be on the disk yet

    @property
    def connection(self) -> BaseDatabaseWrapper:
        return connections[self.alias]

    def in_transaction(self) -> bool:
        """The caller has begun one: what is written may still be undone, and nothing is tried again here."""
        return self.connection.in_atomic_block

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        def work() -> list[tuple[Any, ...]]:
            with self.connection.cursor() as cursor:
                run(self.connection, cursor, sql, values)
                return list(cursor.fetchall())

        return self._patiently(work)

    def write(self, work: Callable[[Statements], T], *, patience: float = PATIENCE, secured_later: bool = False) -> T:
        """Everything that `work` writes, or nothing. It may be called several times; each begins anew.

        `secured_later`: the caller promises to call `secure` before anything follows from it.
        """
        later = secured_later and self.connection.vendor == "postgresql" and not self.in_transaction()

        def transacted() -> T:
            with transaction.atomic(using=self.alias), self.connection.cursor() as cursor:
                to = Statements(self.connection, cursor)
                if later:
                    to.put("SET LOCAL synchronous_commit TO off")
                found = work(to)
                to.send()
                return found

        found = self._patiently(transacted, patience)
        self._unsecured.here = later or getattr(self._unsecured, "here", False)
        return found

    def secure(self) -> None:
        """Waits until what this thread has written is on the disk.

        PostgreSQL keeps the locks of a transaction while its commit goes to the disk. So the transaction of a decision
        does not wait for that, and the thread waits here, where it keeps nobody: the waits of several become one. It
        must be the connection that has written, and there is no second try: on a new one, after a crash, all would
        seem well.
        """
        if getattr(self._unsecured, "here", False):
            self._unsecured.here = False
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT pg_logical_emit_message(true, 'ansflow', '')")  # a commit that does wait

    def _patiently(self, work: Callable[[], T], patience: float = PATIENCE) -> T:
        if self.in_transaction():
            return work()
        until, pause = monotonic() + patience, PAUSE
        while True:
            try:
                return work()
            except (OperationalError, InterfaceError) as error:
                if monotonic() >= until or not self._may_pass(error):
                    raise
            sleep(random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _may_pass(self, error: DatabaseError | InterfaceError) -> bool:
        """Whether another try may go well. A connection that is gone is made anew for it."""
        cause = error.__cause__
        sqlstate = getattr(cause, "sqlstate", None)
        number = error.args[0] if error.args else None
        if sqlstate in POSTGRESQL or number in MYSQL:
            return True
        if (getattr(cause, "sqlite_errorcode", 0) & 0xFF) == SQLITE_BUSY:
            return True
        lost = (sqlstate or "").startswith(("08", "57P")) or number in MYSQL_LOST
        if lost or (self.connection.vendor != "sqlite" and not self.connection.is_usable()):
            self.connection.close()
            return True
        return False


class Statements:
    """The cursor of one transaction.

    What is `put` travels together, in one journey to a database server and back, when it is sent or when something is
    asked. SQLite, which is in this process, is told each by itself.
    """

    def __init__(self, connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
        self._connection = connection
        self._cursor = cursor
        self._put: list[str] = []  # with their values in them, as the driver writes them
        self._guarded: set[int] = set()  # their numbers in `_put`

    def put(self, sql: str, values: Sequence[Any] = (), *, guarded: bool = False) -> None:
        """`guarded`: GuardFailed is raised, here or when it is sent, where it does not touch exactly one row."""
        if self._connection.vendor == "sqlite":
            if self.run(sql, values) != 1 and guarded:
                raise GuardFailed
            return
        if guarded:
            self._guarded.add(len(self._put))
        self._put.append(_written(self._connection, self._cursor, sql, values))
        if len(self._put) == AT_ONCE:
            self.send()

    def send(self) -> None:
        """Raises GuardFailed; then the transaction must be rolled back."""
        if not self._put:
            return
        put, guarded = self._put, self._guarded
        self._put, self._guarded = [], set()
        self._cursor.execute("; ".join(put))
        for number in range(len(put)):
            if number:
                self._cursor.nextset()
            if number in guarded and self._cursor.rowcount != 1:
                self._rest(len(put) - number - 1)
                raise GuardFailed

    def _rest(self, number: int) -> None:
        """The answers to what was sent along must be taken before the connection can be used again."""
        for _ in range(number):
            self._cursor.nextset()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """How many rows it touched."""
        self.send()
        run(self._connection, self._cursor, sql, values)
        return int(self._cursor.rowcount)

    def fetch(self, sql: str, values: Sequence[Any], *, lock: bool = False) -> list[tuple[Any, ...]]:
        """`lock`: until this transaction ends, nobody else changes or locks these rows; SQLite has one writer anyway.
        Others may still refer to them."""
        if lock and self._connection.vendor != "sqlite":
            sql += " FOR NO KEY UPDATE" if self._connection.vendor == "postgresql" else " FOR UPDATE"
        self.send()
        run(self._connection, self._cursor, sql, values)
        return list(self._cursor.fetchall())

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The same statement for each of any number of rows."""
        adapted = [_adapted(self._connection, row) for row in rows]
        if adapted:
            self.send()
            self._cursor.executemany(quoted(self._connection, sql), adapted)

    def insert(self, sql: str, values: Sequence[Any]) -> int:
        """The number of the new row, whose column is `id`."""
        if self._connection.features.can_return_columns_from_insert:
            run(self._connection, self._cursor, f"{sql} RETURNING [id]", values)
            return int(self._cursor.fetchone()[0])
        run(self._connection, self._cursor, sql, values)
        return int(self._cursor.lastrowid)


def run(connection: BaseDatabaseWrapper, cursor: CursorWrapper, sql: str, values: Sequence[Any]) -> None:
    cursor.execute(quoted(connection, sql), _adapted(connection, values))


def _written(connection: BaseDatabaseWrapper, cursor: CursorWrapper, sql: str, values: Sequence[Any]) -> str:
    """The statement with its values in it, quoted by the driver."""
    written: str = cursor.mogrify(quoted(connection, sql), _adapted(connection, values))
    return written


def quoted(connection: BaseDatabaseWrapper, sql: str) -> str:
    return _quoted(sql, connection.ops.quote_name("|"))


@lru_cache(maxsize=500)
def _quoted(sql: str, quotes: str) -> str:
    def name(found: re.Match[str]) -> str:
        model = TABLES.get(found[1])
        return quotes.replace("|", model._meta.db_table if model else found[1])

    return re.sub(r"\[(\w+)\]", name, sql)


def _adapted(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> Sequence[Any]:
    if connection.vendor == "postgresql":
        return values
    adapt = connection.ops.adapt_datetimefield_value
    return [adapt(value) if hasattr(value, "tzinfo") else value for value in values]
