"""One server per database: whoever works on it holds a lock in it, which ends with the connection that took it.

A data folder's lock (`holding`) knows nothing of a second folder, or of a copy of the first on another machine: its
server would take over what this one runs. A file of SQLite has a lock beside it, which `holding` takes too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ansflow.core.errors import Conflict
from ansflow.infra.database.trouble import Outages

PATIENCE = 10.0  # seconds: of a server that was killed just now, the database may not have heard yet
AGAIN = 1.0  # the same for a server that lost its connection
PAUSE = 0.05
KEY = int.from_bytes(b"ansflow")  # the same for every server on a database

LOCK = {
    "postgresql": "SELECT pg_try_advisory_lock(%s)",
    "mysql": "SELECT GET_LOCK(CONCAT('ansflow.', MD5(CONCAT(DATABASE(), %s))), 0)",  # its names are the whole server's
}
BEGIN = {  # so that a machine that is gone without a word does not hold the database for hours
    "postgresql": "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
}
ASK = {"postgresql": "SELECT 1", "mysql": "SET SESSION wait_timeout = 60"}


def own(alias: str = "default", *, patience: float = PATIENCE) -> Owning | None:
    """Raises Conflict where another server works on the database. None: it is SQLite's."""
    connection = connections[alias]
    if connection.vendor not in LOCK:
        return None
    owning = Owning(connection.copy())
    try:
        owning.take(patience)
    except BaseException:
        owning.release()
        raise
    return owning


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

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._connection.inc_thread_sharing()  # begun by one thread, kept by another: never by both at once
        self._own_key = secrets.randbits(62)
        self._holds = False

    def take(self, patience: float) -> None:
        """Raises Conflict with a sentence when another has had it for so long."""
        until = monotonic() + patience
        while not self._try():
            if monotonic() >= until:
                raise Conflict(
                    f"Another server works on the database {self._name()}. Stop it first, or give this one a database "
                    "of its own: ANSFLOW_DATABASE_URL.",
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
        with suppress(Exception):  # edge: drivers. Whatever closing a broken connection raises, it is gone.
            self._connection.close()
        self._connection.connection = None

    def _try(self) -> bool:
        """Whether nobody else has it."""
        if self._connection.connection is None and (begin := BEGIN.get(self._connection.vendor)):
            with self._connection.cursor() as cursor:
                cursor.execute(begin)
        if not self._lock(self._own_key):
            return True
        self._holds = self._lock(KEY)
        if not self._holds:
            self.release()
        return self._holds

    def _lock(self, key: int) -> bool:
        value: Any = key if self._connection.vendor == "postgresql" else str(key)
        with self._connection.cursor() as cursor:
            cursor.execute(LOCK[self._connection.vendor], [value])
            (taken,) = cursor.fetchone()
        return bool(taken)

    def _name(self) -> str:
        known = self._connection.settings_dict
        return f"{known['NAME']} at {known['HOST'] or 'localhost'}"
