"""A long history without running it: copies of the rows that one real execution has left, made by plain SQL.

Its events and attempts are not copied: nothing that is measured here reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

EXECUTION = "cicd_integrations_pipelineexecution"
STEP = "cicd_integrations_stepexecution"
PLAN = "executions_executionplan"
CHUNK = 20_000
FAR = 1_000_000_000


def multiply(url: str, execution: int, count: int) -> None:
    """Until there are `count` more. Their numbers are far above those that the pipeline will give next.

    No server may be running on a SQLite file meanwhile.
    """
    kind = urlsplit(url).scheme
    with _connected(url) as connection:
        cursor = connection.cursor()
        if kind == "mariadb":
            cursor.execute("SET SESSION max_recursive_iterations = 10000000")
        cursor.execute(f"SELECT MAX(id) FROM {EXECUTION}")
        base = int(cursor.fetchone()[0])
        for first in range(0, count, CHUNK):
            numbers = _numbers(first + 1, min(count, first + CHUNK))
            shifted = {"id": f"{base} + n.i", "number": f"{FAR} + {base} + n.i"}
            _copy(cursor, kind, EXECUTION, f"id = {execution}", numbers, shifted)
            shifted = {"execution_id": f"{base} + n.i"}
            _copy(cursor, kind, PLAN, f"execution_id = {execution}", numbers, shifted)
            _copy(cursor, kind, STEP, f"execution_id = {execution}", numbers, shifted, without=("id",))
            connection.commit()
        if kind == "postgresql":
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{EXECUTION}', 'id'), {base + count})")
        connection.commit()
        _analyze(connection, cursor, kind)


def _copy(  # noqa: PLR0917 — one statement, and what it is made of
    cursor: Any, kind: str, table: str, of: str, numbers: str, shifted: dict[str, str], without: tuple[str, ...] = ()
) -> None:
    cursor.execute(f"SELECT * FROM {table} WHERE 1 = 0")
    quote = "`" if kind == "mariadb" else '"'
    names = [column[0] for column in cursor.description if column[0] not in without]
    values = [shifted.get(name, f"t.{quote}{name}{quote}") for name in names]
    into = ", ".join(f"{quote}{name}{quote}" for name in names)
    cursor.execute(
        f"INSERT INTO {table} ({into}) {numbers} SELECT {', '.join(values)} FROM n CROSS JOIN {table} t WHERE t.{of}"
    )


def _numbers(first: int, last: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


def _analyze(connection: Any, cursor: Any, kind: str) -> None:
    """As these do by themselves, sooner or later; SQLite does not."""
    if kind == "mariadb":
        cursor.execute(f"ANALYZE TABLE {EXECUTION}, {STEP}")
        cursor.fetchall()
    elif kind == "postgresql":
        cursor.execute("ANALYZE")
    connection.commit()


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    place = urlsplit(url)
    connection: Any
    if place.scheme == "sqlite":
        import sqlite3  # noqa: PLC0415 — each driver only where its database is

        connection = sqlite3.connect(place.path.removeprefix("/"))
    elif place.scheme == "postgresql":
        import psycopg  # noqa: PLC0415

        connection = psycopg.connect(url)
    else:
        import pymysql  # noqa: PLC0415

        user, password = place.username or "", place.password or ""
        connection = pymysql.connect(
            host=place.hostname, port=place.port or 0, user=user, password=password, database=place.path[1:]
        )
    try:
        yield connection
    finally:
        connection.close()
