"""SQLite for many threads: one line for all who write, and nobody stands in it for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from ansflow.infra.database.sqlite3 import base
from tests.databases import use

ALIAS = "lines"
THREADS = 8
PATIENCE = 30.0  # seconds


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: Any) -> Iterator[Any]:
    use(ALIAS, f"sqlite:///{tmp_path / 'lines.sqlite3'}")
    with django_db_blocker.unblock():
        connection = connections[ALIAS]
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE author (id INTEGER PRIMARY KEY)")
            cursor.execute(
                "CREATE TABLE line (id INTEGER PRIMARY KEY, author INTEGER NOT NULL"
                " REFERENCES author (id) DEFERRABLE INITIALLY DEFERRED)"
            )
            cursor.execute("INSERT INTO author VALUES (1)")
        yield connection
        connection.close()
        del connections[ALIAS]


def write(author: int = 1) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("INSERT INTO line (author) VALUES (%s)", [author])


def close() -> None:
    connections[ALIAS].close()  # that of the thread that calls


def lines() -> int:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM line")
        return int(cursor.fetchone()[0])


def elsewhere(work: Callable[[], Any]) -> Any:
    """In another thread, with a connection of its own. TimeoutError when the turn never comes."""

    def done() -> Any:
        try:
            return work()
        finally:
            close()

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(done).result(PATIENCE)
    finally:
        pool.shutdown(wait=False)


def test_everybody_who_writes_waits_in_line(database: Any) -> None:
    together = Barrier(THREADS)

    def many() -> None:
        together.wait()
        for _ in range(20):
            write()
            with transaction.atomic(using=ALIAS):
                write()
        connections[ALIAS].close()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(many) for _ in range(THREADS)]:
            done.result()
    assert lines() == THREADS * 40


def test_who_reads_does_not_wait_for_who_writes(database: Any) -> None:
    with ThreadPoolExecutor(1) as reading:
        assert reading.submit(lines).result(PATIENCE) == 0  # opens its connection, which wants the turn once
        with transaction.atomic(using=ALIAS):
            write()
            assert reading.submit(lines).result(PATIENCE) == 0
        assert reading.submit(lines).result(PATIENCE) == 1
        reading.submit(close).result(PATIENCE)


def nobody() -> None:
    write(author=7)


def nobody_in_a_transaction() -> None:
    with transaction.atomic(using=ALIAS):
        write(author=7)


@pytest.mark.parametrize("refused", [nobody, nobody_in_a_transaction])
def test_the_turn_is_passed_on_when_a_commit_is_refused(database: Any, refused: Callable[[], None]) -> None:
    """A key that leads nowhere is found only by the commit."""
    with pytest.raises(IntegrityError):
        refused()
    elsewhere(write)
    assert lines() == 1


def test_the_turn_is_passed_on_when_a_statement_is_refused(database: Any) -> None:
    with pytest.raises(OperationalError), connections[ALIAS].cursor() as cursor:
        cursor.execute("INSERT INTO nowhere VALUES (1)")
    elsewhere(write)
    assert lines() == 1


def test_the_turn_is_passed_on_when_a_connection_is_closed_within_a_transaction(database: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic(using=ALIAS):
        write()
        connections[ALIAS].close()
        raise RuntimeError
    elsewhere(write)
    assert lines() == 1


def test_what_a_write_returns_is_read_before_the_turn_is_over(database: Any) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("INSERT INTO line (author) VALUES (1), (1) RETURNING id")
        elsewhere(write)
        assert [row[0] for row in cursor] == [1, 2]


def test_the_write_ahead_log_is_brought_into_the_file(database: Any, tmp_path: Path) -> None:
    log = tmp_path / "lines.sqlite3-wal"
    for _ in range(base.COMMITS_PER_CHECKPOINT + 1):
        write()
    grown = log.stat().st_size
    for _ in range(2 * base.COMMITS_PER_CHECKPOINT):
        write()
    assert log.stat().st_size < 2 * grown
