"""Statements and transactions that look the same on every database: what fails by chance is tried again.

SQL is written once, with names in brackets, tables in capitals (`[Step]`, `[row_version]`): each database quotes them
its own way.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import count
from secrets import token_hex
from threading import local
from time import monotonic, sleep
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import (
    DatabaseError,
    DataError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from ansflow.apps.executions import models
from ansflow.apps.projects.models import Project
from ansflow.core.failing import on_failure

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
NO_SUCH_PLAN = "26000"  # PostgreSQL: a pooler has cleared our session, or has given us another one
GUARDED = "WITH touched AS ({} RETURNING 1) SELECT 1 / (count(*) = 1)::int FROM touched"
"""PostgreSQL: a statement that fails where it does not touch one row, and so ends the whole transaction."""
DIVIDED_BY_ZERO = "22012"  # PostgreSQL: so does such a statement fail; none of ours divides otherwise
MYSQL = frozenset({1205, 1213, 1020})  # lock wait time-out, deadlock, row changed since it was read
MYSQL_LOST = frozenset({1927, 2002, 2003, 2006, 2013, 2014, 2055})
SQLITE_BUSY = 5
AT_ONCE = 100  # statements that travel together

_PLANNED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
"""What each connection to PostgreSQL has planned: see `Statements`."""


class GuardFailed(Exception):
    """A row is not as a decision found it: everything is rolled back."""


class Database:
    """One of Django's databases, as the store uses it. The connection is that of the calling thread."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._unsecured = local()  # `on`: the connection on which this thread wrote what may not be on the disk yet

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

        `secured_later`: the caller promises to call `secure` before anything follows from it, and `work` says
        everything to its `Statements`.
        """
        bare = secured_later and self.connection.vendor != "sqlite" and not self.in_transaction()

        def transacted() -> T:
            with self._bare() if bare else self._atomic() as to:
                return work(to)

        found = self._patiently(transacted, patience)
        if bare and self.connection.vendor == "postgresql":
            self._unsecured.on = self.connection.connection
        return found

    @contextmanager
    def _atomic(self) -> Iterator[Statements]:
        """One of Django's transactions: others may take part in it."""
        with transaction.atomic(using=self.alias), self.connection.cursor() as cursor:
            to = Statements(self.connection, cursor)
            yield to
            to.send()

    @contextmanager
    def _bare(self) -> Iterator[Statements]:
        """A transaction that begins and ends in the journeys of its statements. Django does not know of it."""
        with self.connection.cursor() as cursor:
            to = Statements(self.connection, cursor)
            to.say("BEGIN")
            if self.connection.vendor == "postgresql":
                to.say("SET LOCAL synchronous_commit TO off")
            with on_failure(partial(self._roll_back, to, cursor)):
                yield to
                to.hear_guards()  # else the server would commit before we hear of them
                to.say("COMMIT")
                to.send()

    def _roll_back(self, to: Statements, cursor: CursorWrapper) -> None:
        if not to.has_sent:
            return
        try:
            cursor.execute("ROLLBACK")
        except (DatabaseError, InterfaceError):  # the connection is gone, and the transaction with it
            self.connection.close()

    def secure(self) -> None:
        """Waits until what this thread has written is on the disk.

        PostgreSQL keeps the locks of a transaction while its commit goes to the disk. So the transaction of a decision
        does not wait for that, and the thread waits here, where it keeps nobody: the waits of several become one. Its
        log goes to the disk in order, so that a commit which waits brings along whatever was written before it. A
        transaction that writes nothing would not wait: this one leaves a message in the log. MySQL and MariaDB have
        waited at the commit itself.

        It must be the connection that has written, and there is no second try: a crash of the database loses what was
        not on the disk, and with it every connection. On a new one all would seem well.
        """
        on = getattr(self._unsecured, "on", None)
        if on is None:
            return
        self._unsecured.on = None
        if self.connection.connection is not on:
            raise OperationalError("The connection is gone on which something was written that has to be on the disk.")
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_logical_emit_message(true, 'ansflow', '')")

    def _patiently(self, work: Callable[[], T], patience: float = PATIENCE) -> T:
        if self.in_transaction():
            return work()
        until, pause = monotonic() + patience, PAUSE
        while True:
            try:
                return work()
            except (OperationalError, InterfaceError, ProgrammingError) as error:
                if monotonic() >= until or not self._may_pass(error):
                    raise
            sleep(random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _may_pass(self, error: DatabaseError | InterfaceError) -> bool:
        """Whether another try may go well. A connection that is gone is made anew for it."""
        cause, sqlstate = error.__cause__, _sqlstate(error)
        number = error.args[0] if error.args else None
        if sqlstate in POSTGRESQL or number in MYSQL:
            return True
        if (getattr(cause, "sqlite_errorcode", 0) & 0xFF) == SQLITE_BUSY:
            return True
        lost = (sqlstate or "").startswith(("08", "57P")) or number in MYSQL_LOST
        if self.connection.connection is None:
            return True
        if lost or (self.connection.vendor != "sqlite" and not self.connection.is_usable()):
            self.connection.close()
            return True
        return False


class Statements:
    """The cursor of one transaction.

    What is `put` travels together, in one journey to a database server and back, when it is sent or when something is
    asked. SQLite, which is in this process, is told each by itself. PostgreSQL plans each statement once for as long as
    the connection lasts: planning it anew would take longer than carrying it out.
    """

    def __init__(self, connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
        self.has_sent = False
        self._connection = connection
        self._cursor = cursor
        self._put: list[str] = []  # with their values in them, as the driver writes them
        self._guards: list[int] = []  # numbers in `_put` of what we have to look at ourselves

    def say(self, text: str) -> None:
        """A statement without values, on a database server."""
        self._put.append(text)

    def put(self, sql: str, values: Sequence[Any] = (), *, guarded: bool = False) -> None:
        """`guarded`: GuardFailed is raised, here or when it is sent, where it does not touch its one row."""
        vendor = self._connection.vendor
        if vendor == "sqlite":
            if self.run(sql, values) != 1 and guarded:
                raise GuardFailed
            return
        if vendor == "postgresql":
            written = self._planned(GUARDED.format(sql) if guarded else sql)
        else:
            written = quoted(self._connection, sql)
            if guarded:
                self._guards.append(len(self._put))
        self._put.append(self._cursor.mogrify(written, _adapted(self._connection, values)))
        if len(self._put) == AT_ONCE:
            self.send()

    def hear_guards(self) -> None:
        """From here on all guards hold. PostgreSQL sees to that: it does nothing of what follows one that fails."""
        if self._guards:
            self.send()

    def send(self) -> None:
        """Raises GuardFailed where a guard has; then the transaction must be rolled back."""
        if not self._put:
            return
        put, guards = self._put, self._guards
        self._put, self._guards, self.has_sent = [], [], True
        try:
            self._cursor.execute("; ".join(put))
        except (DataError, ProgrammingError) as error:
            if _sqlstate(error) == DIVIDED_BY_ZERO:
                raise GuardFailed from None
            if self._is_of_a_plan(error):
                self._connection.close()
            raise
        last = max(guards, default=0)
        for number in range(last + 1):
            if number:
                self._cursor.nextset()
            if number in guards and self._cursor.rowcount != 1:
                self._pass_over(len(put) - number - 1)
                raise GuardFailed
        self._pass_over(len(put) - last - 1)

    def _is_of_a_plan(self, error: DatabaseError) -> bool:
        """Whether the plans of this connection may be to blame: one is gone, or a parameter still has the type that its
        column had before a migration."""
        if self._connection.vendor != "postgresql":
            return False
        return isinstance(error, DataError) or _sqlstate(error) == NO_SUCH_PLAN

    def _pass_over(self, answers: int) -> None:
        """MySQL's driver uses a connection again only when all answers have been taken."""
        if self._connection.vendor == "mysql":
            for _ in range(answers):
                self._cursor.nextset()

    def _planned(self, sql: str) -> str:
        """How this connection is told to carry the statement out, with places for its values. Asks for its plan where
        there is none yet, in a journey of its own: a plan outlives the transaction, even one that fails."""
        known = _PLANNED.setdefault(self._connection.connection, {})
        if sql not in known:
            name, numbers = f"ansflow_{token_hex(8)}", count(1)  # a session may have plans that we know nothing of
            body = re.sub("%s", lambda _: f"${next(numbers)}", quoted(self._connection, sql))
            self._cursor.execute(f"PREPARE {name} AS {body}")
            known[sql] = f"EXECUTE {name}({', '.join(['%s'] * (next(numbers) - 1))})"
        return known[sql]

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

    def many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """New rows, any number of them. PostgreSQL would plan an INSERT for each anew, and is given a stream."""
        adapted = [_adapted(self._connection, row) for row in rows]
        if not adapted:
            return
        self.send()
        if self._connection.vendor == "postgresql":
            copy = quoted(self._connection, f"COPY [{table}] ({_named(columns)}) FROM STDIN")
            with self._connection.wrap_database_errors, self._cursor.copy(copy) as stream:
                for row in adapted:
                    stream.write_row(row)
        else:
            self._cursor.executemany(quoted(self._connection, insertion(table, columns)), adapted)

    def insert(self, sql: str, values: Sequence[Any]) -> int:
        """The number of the new row, whose column is `id`."""
        self.send()
        if self._connection.features.can_return_columns_from_insert:
            run(self._connection, self._cursor, f"{sql} RETURNING [id]", values)
            return int(self._cursor.fetchone()[0])
        run(self._connection, self._cursor, sql, values)
        return int(self._cursor.lastrowid)


def insertion(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO [{table}] ({_named(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"


def _named(columns: Sequence[str]) -> str:
    return ", ".join(f"[{name}]" for name in columns)


def _sqlstate(error: DatabaseError | InterfaceError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


def run(connection: BaseDatabaseWrapper, cursor: CursorWrapper, sql: str, values: Sequence[Any]) -> None:
    cursor.execute(quoted(connection, sql), _adapted(connection, values))


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
