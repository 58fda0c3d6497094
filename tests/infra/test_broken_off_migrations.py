"""MySQL and MariaDB cannot undo half of a migration: a process that is killed in one must be gone on with."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections

from ansflow.infra.database.mysql.schema import UNFINISHED, SchemaEditor, going_on, is_unfinished
from tests.databases import fresh, migrated, use


class Killed(BaseException):
    pass


def schema_of(alias: str) -> dict[str, str]:
    """What each table is, without what its rows have counted."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        found = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SHOW CREATE TABLE {name}")
            found[name] = re.sub(r" AUTO_INCREMENT=\d+", "", cursor.fetchone()[1])
        return found


@contextmanager
def closed(*aliases: str) -> Iterator[None]:
    try:
        yield
    finally:
        for alias in aliases:
            connections[alias].close()


def in_any_order(schema: dict[str, str]) -> dict[str, list[str]]:
    return {name: sorted(line.strip().rstrip(",") for line in text.splitlines()) for name, text in schema.items()}


@pytest.mark.django_db(databases=[])
def test_tables_are_those_of_one_go_however_often_it_was_killed(
    django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, count: Callable[[str, int], None]
) -> None:
    chance, kills, left = random.Random(7), 0, 0
    real = SchemaEditor.execute

    def killed_after_some(editor: SchemaEditor, sql: Any, params: Any = ()) -> None:
        nonlocal left
        real(editor, sql, params)  # it is made, and nobody hears of it
        left -= 1
        if left == 0:
            raise Killed

    with django_db_blocker.unblock(), closed("killed", "mariadb"):
        use("killed", fresh("mariadb"))
        with monkeypatch.context() as patched:
            patched.setattr(SchemaEditor, "execute", killed_after_some)
            for begun in (True,) * 4 + (False,):
                left = chance.randint(1, 60) + 10 * kills if begun else 0
                try:
                    with going_on(connections["killed"]):
                        call_command("migrate", database="killed", verbosity=0)
                except Killed:
                    kills += 1
                    assert is_unfinished(connections["killed"])
        assert kills >= 3
        assert in_any_order(schema_of("killed")) == in_any_order(schema_of(migrated("mariadb")))
        assert UNFINISHED not in schema_of("killed")
    count("migrations broken off and gone on with (MariaDB)", kills)


@pytest.mark.django_db(databases=[])
def test_a_table_of_somebody_else_is_still_in_the_way(django_db_blocker: Any) -> None:
    """Only what an earlier migration has left is passed over."""
    with django_db_blocker.unblock(), closed("shared"):
        use("shared", fresh("mariadb"))
        with connections["shared"].cursor() as cursor:
            cursor.execute("CREATE TABLE django_content_type (id INTEGER)")
        for _ in ("first", "second"):
            with pytest.raises(DatabaseError, match="already exists"), going_on(connections["shared"]):
                call_command("migrate", database="shared", verbosity=0)
