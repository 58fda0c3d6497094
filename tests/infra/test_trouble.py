"""What a database that does not do its work says, and how often."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError

from ansflow.api.base.errors import answer
from ansflow.infra.database.trouble import FULL, READ_ONLY, Outages, is_outage


class Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, bool]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.getMessage(), bool(record.exc_info)))


@contextmanager
def listening(outages: Outages) -> Iterator[list[tuple[str, bool]]]:
    told = Told()
    told.addFilter(outages)
    log = logging.getLogger("ansflow")
    log.addHandler(told)
    try:
        yield told.lines
    finally:
        log.removeHandler(told)


def complain(said: str, error: Exception) -> None:
    try:
        raise error
    except Exception:
        logging.getLogger("ansflow.chores").exception(said)


def of_sqlite(number: int, said: str) -> OperationalError:
    cause = sqlite3.OperationalError(said)
    cause.sqlite_errorcode = number
    error = OperationalError(said)
    error.__cause__ = cause
    return error


def test_an_outage_is_told_once_whole_then_once_a_minute_and_when_it_is_over() -> None:
    now = [0.0]
    outages = Outages(lambda: now[0])
    with listening(outages) as lines:
        for _ in range(30):  # 90 seconds
            complain("chore heartbeat failed", OperationalError("refused"))
            complain("live: could not look", OperationalError("refused"))
            now[0] += 3
        outages.over()
        outages.over()
        complain("chore heartbeat failed", OperationalError("refused"))
    assert lines == [
        ("chore heartbeat failed", True),
        ("live: could not look", False),
        ("still, after 60 seconds: chore heartbeat failed: refused", False),
        ("the database works again, after 90 seconds", False),
        ("chore heartbeat failed", True),
    ]


def test_what_is_no_outage_is_told_each_time_with_its_traceback() -> None:
    with listening(Outages()) as lines:
        for _ in range(2):
            complain("a", ValueError("a fault"))
            complain("b", of_sqlite(sqlite3.SQLITE_ERROR, "no such table: t"))
    assert lines == [("a", True), ("b", True)] * 2


@pytest.mark.parametrize(
    ("number", "sentence"), [(sqlite3.SQLITE_FULL, FULL), (sqlite3.SQLITE_READONLY_DBMOVED, READ_ONLY)]
)
def test_the_api_says_what_is_wrong_with_the_disk(number: int, sentence: str) -> None:
    found = answer(of_sqlite(number, "in sqlite's words"), {})
    assert found is not None
    assert (found.status_code, found.data["code"], found.data["message"]) == (503, "unavailable", sentence)
    assert is_outage(of_sqlite(number, ""))


def test_a_full_file_of_sqlite_is_known_by_its_number(tmp_path: Path) -> None:
    with sqlite3.connect(os.fspath(tmp_path / "full")) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    error = OperationalError("database or disk is full")
    error.__cause__ = raised.value
    found = answer(error, {})
    assert found is not None and found.data["message"] == FULL
