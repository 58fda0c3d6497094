"""What `ansflow check` says of the database server itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from django.db import OperationalError, connections

from ansflow.cli import texts
from ansflow.cli.sentences import translated
from ansflow.config.checkup import what_could_be_lost
from tests.databases import KINDS, migrated

FOUND = {  # servers of tests are quick before they are durable
    "sqlite": [],
    "postgresql": ["fsync = off, not on"],
    "mariadb": ["innodb_flush_log_at_trx_commit = 2, not 1"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_may_lose_what_it_acknowledged_is_told(kind: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        told = list(what_could_be_lost(connections[migrated(kind)]))
    assert told == [
        f"The database runs with {what}: after a power failure or a crash of its machine, what it had acknowledged may "
        "be gone."
        for what in FOUND[kind]
    ]
    assert all(in_chinese(sentence) != sentence for sentence in told)


def in_chinese(sentence: str) -> str:
    before = texts.language()
    texts.choose_language(["--lang", "zh"], {})
    try:
        return translated(sentence)
    finally:
        texts.choose_language(["--lang", before], {})


@pytest.mark.parametrize(
    ("vendor", "answer"),
    [("postgresql", "on"), ("mysql", 1), ("mysql", 3), ("mysql", OperationalError(1193, "Unknown system variable"))],
)
def test_one_that_keeps_it_is_not_told_of_and_one_that_does_not_say_is(vendor: str, answer: object) -> None:
    cursor = MagicMock()
    cursor.__enter__.return_value = cursor
    if isinstance(answer, Exception):
        cursor.execute.side_effect = answer
    cursor.fetchone.return_value = (answer,)
    told = list(what_could_be_lost(SimpleNamespace(vendor=vendor, cursor=lambda: cursor)))
    if not isinstance(answer, Exception):
        assert told == []
        return
    (sentence,) = told
    assert sentence.startswith("The database does not tell its innodb_flush_log_at_trx_commit, so nobody knows")
    assert in_chinese(sentence) != sentence
