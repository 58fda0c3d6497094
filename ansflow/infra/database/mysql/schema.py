"""Migrations on MySQL and MariaDB. They cannot undo half of one; so where a process is killed, the next goes on.

Each statement is made whole or not at all: of a migration that was broken off, the first ones stand. It is said again
from its beginning, and a statement that is refused because it has been made already is passed over. That is believed
only of statements that an earlier process has noted, before it said them, in a table that goes when all is done: what
somebody else has made under the same name is still in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.backends.mysql import schema

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

UNFINISHED = "ansflow_unfinished_migration"
MADE_ALREADY = frozenset(
    {
        1050,  # the table exists
        1051,  # the table to drop does not
        1060,  # the column exists
        1061,  # the index exists
        1091,  # the column or index to drop does not
        1826,  # the foreign key exists
    }
)
FOREIGN_KEY_EXISTS = "errno: 121"  # of error 1005, as MariaDB says it


class SchemaEditor(schema.DatabaseSchemaEditor):
    """`connection.said`, during a migration: digests of the statements that were said by an earlier process."""

    def execute(self, sql: Any, params: Any = ()) -> None:
        said: set[str] | None = getattr(self.connection, "said", None)
        if said is None or self.collect_sql:
            return super().execute(sql, params)
        digest = sha256(f"{sql} {params}".encode()).hexdigest()
        again = digest in said
        if not again:
            _say(self.connection, f"INSERT IGNORE INTO {UNFINISHED} VALUES (%s)", digest)
        try:
            super().execute(sql, params)
        except DatabaseError as error:
            if again and is_made_already(error):
                return None
            _say(self.connection, f"DELETE FROM {UNFINISHED} WHERE digest = %s", digest)
            raise
        return None


def is_made_already(error: DatabaseError) -> bool:
    number, message = (*error.args, 0, "")[:2]
    return number in MADE_ALREADY or (number == 1005 and FOREIGN_KEY_EXISTS in str(message))


def is_unfinished(connection: BaseDatabaseWrapper) -> bool:
    """Whether an earlier `migrate` was broken off."""
    return UNFINISHED in connection.introspection.table_names()


@contextmanager
def going_on(connection: Any) -> Iterator[None]:
    """Around a whole `migrate`. What raises leaves it unfinished."""
    _say(connection, f"CREATE TABLE IF NOT EXISTS {UNFINISHED} (digest CHAR(64) PRIMARY KEY)")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT digest FROM {UNFINISHED}")
        connection.said = {digest for (digest,) in cursor.fetchall()}
    try:
        yield
        _say(connection, f"DROP TABLE {UNFINISHED}")
    finally:
        connection.said = None


def _say(connection: BaseDatabaseWrapper, statement: str, *values: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
