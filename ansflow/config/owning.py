"""One server per database: whoever works on it holds a lock in it, which ends with the connection that took it.

A data folder's lock (`holding`) knows nothing of a second folder, or of a copy of the first on another machine: its
server would take over what this one runs. A file of SQLite has a lock beside it, which `holding` takes too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event
from time import monotonic, sleep
from typing import Any

from django.db import DatabaseError, Error, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ansflow.apps.executions.models import Worker
from ansflow.apps.executions.workers import others
from ansflow.core.errors import Conflict
from ansflow.core.failing import on_failure
from ansflow.core.sentences import worker_of
from ansflow.infra.database.trouble import Outages

PATIENCE = 10.0  # seconds: of a server that was killed just now, the database may not have heard yet
LONGEST_MIGRATION = 600.0  # seconds that a start waits for another one's migration
AGAIN = 1.0  # the same for a server that lost its connection
BEATS = 6.0  # seconds in which every worker beats, two times if its machine is not slow
PAUSE = 0.05
KEY = int.from_bytes(b"ansflow")  # the same for every server and scheduler on a database
MIGRATING = int.from_bytes(b"migrate")  # of those that start at once, one after the other
BETWEEN_TRIES = 0.25  # seconds, of a scheduler that waits for the active one to end

LOCK = {
    "postgresql": "SELECT pg_try_advisory_lock(%s)",
    "mysql": "SELECT GET_LOCK(CONCAT('ansflow.', MD5(CONCAT(DATABASE(), %s))), 0)",  # its names are the whole server's
}
BEGIN = {  # so that a machine that is gone without a word does not hold the database for hours
    "postgresql": "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
}
TAKEN = {
    "postgresql": "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM"
    " pg_database WHERE datname = current_database()) AND classid = (%s >> 32) AND objid = (%s & 4294967295))",
    "mysql": "SELECT IS_USED_LOCK(CONCAT('ansflow.', MD5(CONCAT(DATABASE(), %s)))) IS NOT NULL",
}
ASK = {"postgresql": "SELECT 1", "mysql": "SET SESSION wait_timeout = 60"}


def own(alias: str = "default", *, patience: float = PATIENCE) -> Owning | None:
    """Raises Conflict where another server works on the database. None: it is SQLite's."""
    connection = connections[alias]
    if connection.vendor not in LOCK:
        return None
    owning = Owning(connection.copy())
    with on_failure(owning.release):
        owning.take(patience)
    return owning


def is_owned(alias: str = "default") -> bool:
    """Whether a server or a scheduler works on the database now."""
    return _ask(connections[alias], TAKEN, KEY)


def expect_no_workers(name: str) -> None:
    """For a server that does everything itself, as worker `name`: raises Conflict where other workers live on its
    database, though no scheduler holds it now. Until one of them beats, they may be what a server that was killed has
    left: that is waited for."""
    connection = connections["default"]
    if connection.vendor not in LOCK or Worker._meta.db_table not in connection.introspection.table_names():
        return
    first = found = others(name)
    until = monotonic() + BEATS
    while found and monotonic() < until:
        if living := sorted(worker_of(boot) for boot, seen_at in found.items() if seen_at != first.get(boot)):
            raise Conflict(
                f"Workers of an installation of several processes live on the database {_name(connection)}: "
                f"{', '.join(living)}. Stop them first, or set ANSFLOW_BROKER_URL as they have it.",
                code="database_in_use",
            )
        sleep(PAUSE)
        found = others(name)


@contextmanager
def one_at_a_time(alias: str = "default", *, patience: float = LONGEST_MIGRATION) -> Iterator[None]:
    """Among processes that start at once. Raises Conflict where another has been at it for so long."""
    connection = connections[alias]
    if connection.vendor not in LOCK:
        yield
        return
    turn = Owning(connection.copy(), key=MIGRATING)
    try:
        turn.take(patience)
        yield
    finally:
        turn.release()


class Ground:
    """What a server stands on: a database that is its own, and what is told of its outages.

    `taken` is why this server must end; `on_taken` is called then.
    """

    def __init__(self) -> None:
        self.outages = Outages()
        self.taken: Conflict | None = None
        self.on_taken: Sequence[Callable[[], None]] = ()
        self._owning: Owning | None = None

    def take(self) -> None:
        self._owning = own()

    def wait(self, ending: Event, on_wait: Callable[[], None]) -> bool:
        """Takes the database as soon as no other server or scheduler works on it; False at the end. `on_wait` is called
        once, when there is another. An outage of the database is waited for."""
        self.taken = None
        owning = Owning(connections["default"].copy())
        told = False
        while not ending.is_set():
            try:
                if owning.try_once():
                    self._owning = owning
                    return True
                if not told:
                    on_wait()
                    told = True
            except (DatabaseError, InterfaceError):
                logging.getLogger("ansflow").exception("the lock of the database cannot be asked for")
                owning.release()
                owning = Owning(connections["default"].copy())  # the former one's session may still be there
            ending.wait(BETWEEN_TRIES)
        owning.release()
        return False

    def is_ours(self) -> bool:
        """Looked at before each beat. Raises what the database raises while it is away."""
        try:
            if self._owning is not None and self.taken is None:
                self._owning.keep()
        except Conflict as error:
            self.taken = error
            logging.getLogger("ansflow").error("this server ends: %s", error)
            for call in self.on_taken:
                call()
        return self.taken is None

    def leave(self) -> None:
        if self._owning is not None:
            self._owning.release()


class Owning:
    """The lock, on a connection of its own. Beside it a second one that only this server knows: while that one is
    taken, the session that has both is a former one of ours, of whose end the database has not heard."""

    def __init__(self, connection: BaseDatabaseWrapper, *, key: int = KEY) -> None:
        self._connection = connection
        self._key = key
        self._connection.inc_thread_sharing()  # begun by one thread, kept by another: never by both at once
        self._own_key = secrets.randbits(62)
        self._holds = False

    def take(self, patience: float) -> None:
        """Raises Conflict with a sentence when another has had it for so long."""
        until = monotonic() + patience
        while not self.try_once():
            self.release()
            if monotonic() >= until:
                raise Conflict(
                    f"Another server works on the database {_name(self._connection)}. Stop it first, or give this one "
                    "a database of its own: ANSFLOW_DATABASE_URL.",
                    code="database_in_use",
                )
            sleep(PAUSE)

    def keep(self) -> None:
        """At each beat. Takes it again where the connection was lost.

        Raises Conflict when another has taken it meanwhile, and what the database raises while it is away.
        """
        if self._holds:
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(ASK[self._connection.vendor])
            except (DatabaseError, InterfaceError):
                pass
            else:
                return
        self.release()
        self.take(AGAIN)

    def release(self) -> None:
        self._holds = False
        with suppress(Error, OSError):  # it may be broken: then it is gone all the same
            self._connection.close()
        self._connection.connection = None

    def try_once(self) -> bool:
        """Whether nobody else has it. Where somebody has, another try is made on the same connection, or on a new one
        after `release`."""
        if self._connection.connection is None and (begin := BEGIN.get(self._connection.vendor)):
            with self._connection.cursor() as cursor:
                cursor.execute(begin)
        if not _ask(self._connection, LOCK, self._key):
            return _ask(self._connection, TAKEN, self._own_key)
        _ask(self._connection, LOCK, self._own_key)  # not before: one that tried in vain would look as if it had both
        self._holds = True
        return True


def _ask(connection: BaseDatabaseWrapper, question: Mapping[str, str], key: int) -> bool:
    sql = question[connection.vendor]
    value: Any = key if connection.vendor == "postgresql" else str(key)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value] * sql.count("%s"))
        (answer,) = cursor.fetchone()
    return bool(answer)


def _name(connection: BaseDatabaseWrapper) -> str:
    known = connection.settings_dict
    return f"{known['NAME']} at {known['HOST'] or 'localhost'}"
