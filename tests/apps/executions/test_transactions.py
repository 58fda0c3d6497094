"""What a database keeps, and when: on PostgreSQL a decision does not hold its locks while it goes to the disk."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, connections, transaction

from ansflow.apps.executions import transactions
from ansflow.apps.executions.models import ExecutionEvent, Places
from ansflow.apps.executions.transactions import Database, GuardFailed
from ansflow.core.commands import Claim, Start
from ansflow.core.decide import decide
from tests.databases import KINDS, Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(django_db_blocker):
    with django_db_blocker.unblock():
        yield Store(migrated("postgresql"))
        connections["postgresql"].close()


def say(store, execution, command):
    decision = decide(store.wiring(execution), store.load(execution), command, NOW)
    assert store.apply(execution, decision, now=NOW)


def asked(sql):
    with connections["postgresql"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_what_is_secured_is_on_the_disk(store):
    execution = store.create(plan({"a": ""}), now=NOW)
    for command in (Start(), Claim(step="a", worker="w")):
        say(store, execution, command)
        written = asked("SELECT pg_current_wal_insert_lsn()")
        store.secure()
        assert asked(f"SELECT pg_current_wal_flush_lsn() >= '{written}'")


def test_only_decisions_are_secured_later(store):
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    assert asked("SHOW synchronous_commit") == "on"


def test_who_has_lost_the_connection_is_not_told_that_all_is_secure(store):
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    backend, place = asked("SELECT pg_backend_pid()"), connections["postgresql"].settings_dict
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"], autocommit=True
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    with pytest.raises(OperationalError):
        store.secure()
    connections["postgresql"].close()
    store.secure()  # nothing is left to be said of it
    assert store.load(execution).execution.version == 1


def test_a_new_connection_secures_nothing_that_another_one_wrote(store):
    """The other may have gone in a crash, and taken the last commits along."""
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    connections["postgresql"].close()
    assert asked("SELECT 1") == 1
    with pytest.raises(OperationalError, match="connection is gone"):
        store.secure()
    store.secure()  # nothing is left to be said of it
    say(store, execution, Claim(step="a", worker="w"))
    store.secure()


def test_a_picture_that_is_ahead_of_the_database_is_dropped(store):
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    store.load(execution).execution.version += 1  # as if the last write had been lost in a crash
    assert store.load(execution).execution.version == 1
    say(store, execution, Claim(step="a", worker="w"))


def test_a_statement_is_planned_once_for_a_connection(store):
    planned = []
    for _ in range(2):
        execution = store.create(plan({"a": ""}), now=NOW)
        say(store, execution, Start())
        say(store, execution, Claim(step="a", worker="w"))
        planned.append(asked("SELECT count(*) FROM pg_prepared_statements"))
    assert planned[0] == planned[1] > 0


def test_a_session_that_has_plans_of_somebody_else_goes_on(store):
    """As one of a pooler that does not clear it; or where the answer to what was planned was lost."""
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    connection = connections["postgresql"].connection
    transactions._PLANNED.pop(connection)
    say(store, execution, Claim(step="a", worker="w"))
    assert connections["postgresql"].connection is connection


def test_a_session_that_has_lost_its_plans_is_made_anew(store):
    execution = store.create(plan({"a": ""}), now=NOW)
    say(store, execution, Start())
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    say(store, execution, Claim(step="a", worker="w"))


@pytest.mark.parametrize("within", [nullcontext, partial(transaction.atomic, using="postgresql")])
def test_a_column_that_has_another_type_is_planned_anew(store, within):
    database, large = Database("postgresql"), 2**40
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS grown")
        cursor.execute("CREATE TABLE grown (size integer)")

    def grow(size):
        with within():
            database.write(lambda to: to.put("INSERT INTO grown VALUES (%s)", [size]), secured_later=True)

    grow(1)
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("ALTER TABLE grown ALTER size TYPE bigint")
    with pytest.raises(DataError):
        grow(large)
    grow(large)
    assert asked("SELECT max(size) FROM grown") == large
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("DROP TABLE grown")


NEW_PLACE = "INSERT INTO [Places] ([execution_id], [limiter], [used], [row_version]) VALUES (%s, %s, %s, %s)"


def last_statement_fails_its_guard(to, row):
    to.put(NEW_PLACE, row)
    to.put("UPDATE [Places] SET [used] = 2 WHERE [limiter] = %s", ["nobody"], guarded=True)


def first_statement_fails_its_guard(to, row):
    to.put("UPDATE [Places] SET [used] = 2 WHERE [limiter] = %s", ["nobody"], guarded=True)
    to.put(NEW_PLACE, row)


def begins_with_a_new_row(to, row):
    assert to.insert(NEW_PLACE, row)
    raise GuardFailed


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize(
    "work", [first_statement_fails_its_guard, last_statement_fails_its_guard, begins_with_a_new_row]
)
def test_nothing_stays_of_a_transaction_that_fails(work, kind, django_db_blocker):
    with django_db_blocker.unblock():
        store = Store(migrated(kind))
        row = (store.create(plan({"a": ""}), now=NOW), "l", 1, 0)
        with pytest.raises(GuardFailed):
            Database(kind).write(lambda to: work(to, row), secured_later=True)
        assert not Places.objects.using(kind).exists()
        connections[kind].close()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_decision_that_fails_half_way_leaves_nothing_and_its_connection_as_it_was(kind, django_db_blocker):
    with django_db_blocker.unblock():
        store, events = Store(migrated(kind)), ExecutionEvent.objects.using(kind)
        execution = store.create(plan({"a": ""}), now=NOW)
        decision = decide(store.wiring(execution), store.load(execution), Start(), NOW)
        in_the_way = events.create(execution_id=execution, seq=2, at=NOW, fact="")
        with pytest.raises(IntegrityError):
            store.apply(execution, decision, now=NOW)
        in_the_way.delete()
        assert store.load(execution).execution.version == 0
        assert store.apply(execution, decision, now=NOW)
        assert [event.seq for event in store.events(execution)][:2] == [1, 2]
        connections[kind].close()


HOSTILE = [
    *("", "\\N", "\\.", "\\", "\t", "\n", "\r\n", "a\tb\nc", "\x01\x7f", "'; DROP TABLE x; --", '"', "%s", "{}"),
    *("\u202e\u200b", "𝄞 語", "e\u0301", "x" * 2**20),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secured_later", [True, False])
def test_many_rows_are_all_there_as_they_were_given_or_none_is(kind, secured_later, django_db_blocker):
    """PostgreSQL reads them from a stream, in which some of this has a meaning."""

    def write(rows):
        columns = ("execution_id", "seq", "at", "fact")
        Database(kind).write(lambda to: to.many("Event", columns, rows), secured_later=secured_later)

    with django_db_blocker.unblock():
        execution = Store(migrated(kind)).create(plan({"a": ""}), now=NOW)
        events = ExecutionEvent.objects.using(kind).filter(execution_id=execution, seq__gt=100).order_by("seq")
        rows = [(execution, 101 + place, NOW, text) for place, text in enumerate(HOSTILE)]
        with pytest.raises(IntegrityError):
            write([*rows, rows[0]])
        assert not events.exists()
        write(rows)
        assert [event.fact for event in events] == HOSTILE
        connections[kind].close()
