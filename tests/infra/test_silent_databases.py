"""A database whose machine is gone without a word is noticed, and lets go of whoever is gone: no connection waits for
the other side longer than a lease."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.executions.apps import lift_time_limit
from ansflow.apps.executions.transactions import Database
from ansflow.config.backup import one_moment
from ansflow.config.databases import SILENT_SECONDS
from ansflow.engine.recovery import PATIENCE
from tests.chaos.island import Island
from tests.databases import fresh, migrated

LIMITS = {"postgresql": "SHOW idle_in_transaction_session_timeout", "mariadb": "SELECT @@idle_transaction_timeout"}
SAID = {"postgresql": {0: "0", SILENT_SECONDS: f"{SILENT_SECONDS}s"}, "mariadb": {0: 0, SILENT_SECONDS: SILENT_SECONDS}}
ONE_SECOND = {
    "postgresql": "SET idle_in_transaction_session_timeout = 1000",
    "mariadb": "SET SESSION idle_transaction_timeout = 1",
}
ROWS = Tenant._meta.db_table
HOLDING = {"written": f"UPDATE {ROWS} SET created_at = CURRENT_TIMESTAMP WHERE name = 'held'",
           "locked": f"SELECT id FROM {ROWS} WHERE name = 'held' FOR UPDATE"}  # fmt: skip


@pytest.fixture(params=["postgresql", "mariadb"])
def alias(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock():
        alias = migrated(request.param)
        connections[alias].close()
        yield alias
        connections[alias].close()


def limit(alias: str) -> object:
    with connections[alias].cursor() as cursor:
        cursor.execute(LIMITS[alias])
        return cursor.fetchone()[0]


def test_a_connection_ends_where_the_network_answers_nothing(alias: str) -> None:
    connection = connections[alias]
    connection.ensure_connection()
    driver = connection.connection
    number = driver.fileno() if alias == "postgresql" else driver._sock.fileno()
    with socket.socket(fileno=os.dup(number)) as wire:
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == SILENT_SECONDS // 2
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == SILENT_SECONDS // 2
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT_SECONDS * 1000


ASKS = """
import sys
import django
from django.conf import settings
from ansflow.config.databases import database_of
settings.configure(DATABASES={"default": database_of(sys.argv[1])})
django.setup()
from django.db import OperationalError, connection
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
    print("asks", flush=True)
    try:
        cursor.execute("SELECT pg_sleep(4)" if connection.vendor == "postgresql" else "SELECT SLEEP(4)")
    except OperationalError:
        print("is cut off", flush=True)
"""


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_who_waits_for_an_answer_notices_that_the_line_is_cut(kind: str) -> None:
    place = urlsplit(fresh(kind))
    with Island({"database": place.port or 0}) as island:
        url = place._replace(netloc=f"{place.netloc.rpartition('@')[0]}@{island.places['database']}").geturl()
        command = [*island.within, sys.executable, "-c", ASKS, url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asks\n"
            with island.cut("database"):
                began = monotonic()
                assert asking.stdout.readline() == "is cut off\n"
                assert monotonic() - began < 4 * SILENT_SECONDS


def test_postgresql_lets_go_of_a_client_that_is_gone(django_db_blocker: Any) -> None:
    half = str(SILENT_SECONDS // 2)
    known = {"user_timeout": str(SILENT_SECONDS * 1000), "keepalives_idle": half, "keepalives_interval": half}
    with django_db_blocker.unblock(), connections[migrated("postgresql")].cursor() as cursor:
        for name, value in known.items():
            cursor.execute(f"SHOW tcp_{name}")
            assert cursor.fetchone() == (value,)


@pytest.mark.parametrize("how", HOLDING)
def test_rows_of_a_client_that_falls_silent_in_mid_transaction_are_given_to_the_next(alias: str, how: str) -> None:
    """As one does whose machine is gone or stands still: here it waits for its own rows, and says nothing meanwhile."""
    assert PATIENCE.lease.total_seconds() > SILENT_SECONDS
    Tenant.objects.using(alias).get_or_create(name="held")
    mine, next_one = Database(alias), connections[alias].copy()
    next_one.inc_thread_sharing()
    try:
        silent(mine.connection, alias, HOLDING[how], next_one)
        found = mine.write(lambda to: to.fetch(f"SELECT name FROM {ROWS} WHERE name = %s", ["held"]))
        assert found == [("held",)], "whoever was cut off connects anew"
    finally:
        with suppress(OperationalError):
            next_one.close()
        Tenant.objects.using(alias).filter(name="held").delete()


def silent(connection: BaseDatabaseWrapper, alias: str, holding: str, next_one: BaseDatabaseWrapper) -> None:
    assert limit(alias) == SAID[alias][SILENT_SECONDS]
    with connection.cursor() as cursor:
        cursor.execute(ONE_SECOND[alias])
    changed = 0
    with pytest.raises(OperationalError), transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(holding)
        with next_one.cursor() as other:
            other.execute(HOLDING["written"])  # waits until it may
            changed = other.rowcount
        cursor.execute(holding)
    assert changed == 1


def test_a_backup_and_a_migration_may_pause_for_as_long_as_they_need(alias: str) -> None:
    with one_moment(connections[alias]):
        assert limit(alias) == SAID[alias][0]
    connections[alias].close()
    assert limit(alias) == SAID[alias][SILENT_SECONDS]
    lift_time_limit(using=alias)
    assert limit(alias) == SAID[alias][0]
