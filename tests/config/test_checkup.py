"""What `ansflow check` says of the database server itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections

from ansflow.cli import texts
from ansflow.cli.sentences import translated
from ansflow.config.checkup import what_could_be_lost
from tests.databases import KINDS, migrated

FOUND = {  # servers of tests are quick before they are durable
    "sqlite": [],
    "postgresql": [("fsync", "off", "on")],
    "mariadb": [("innodb_flush_log_at_trx_commit", "2", "1")],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_may_lose_what_it_acknowledged_is_told(kind: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        told = list(what_could_be_lost(connections[migrated(kind)]))
    assert told == [
        f"The database runs with {name} = {found}, not {wanted}: after a power failure or a crash of its machine, "
        "what it had acknowledged may be gone."
        for name, found, wanted in FOUND[kind]
    ]
    before = texts.language()
    texts.choose_language(["--lang", "zh"], {})
    try:
        assert all(translated(sentence) != sentence for sentence in told)
    finally:
        texts.choose_language(["--lang", before], {})
