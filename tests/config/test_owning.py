"""One server per database, whatever data folders they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import OperationalError, connections

from ansflow.apps.executions.clock import database_time
from ansflow.config.owning import Ground, Owning, is_owned, one_at_a_time, own
from ansflow.config.scheduler import Turn
from ansflow.core.errors import Conflict
from tests.databases import Killable, fresh, use
from tests.installation_process import Installation
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess, until

SERVERS = ("postgresql", "mariadb")


@pytest.fixture(params=SERVERS)
def alias(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    """A database of its own, known to Django."""
    name = f"owned-{request.param}"
    with django_db_blocker.unblock():
        use(name, fresh(request.param))
        yield name
        connections[name].close()
        del connections[name]


def taken(alias: str) -> Owning:
    found = own(alias)
    assert found is not None
    return found


def end_session(alias: str, owning: Owning) -> None:
    """As an administrator of the database would, or a time-out."""
    end(owning._connection, by=connections[alias])


def end(connection: Any, *, by: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()" if by.vendor == "postgresql" else "SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone()
    with by.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)" if by.vendor == "postgresql" else "KILL %s", [number])


def test_a_database_is_owned_by_one_server_at_a_time(alias: str) -> None:
    first = taken(alias)
    name = connections[alias].settings_dict["NAME"]
    with pytest.raises(Conflict, match=f"Another server works on the database {name} at 127.0.0.1. Stop it first"):
        own(alias, patience=0.1)
    first.keep()
    first.release()
    taken(alias).release()


def test_a_server_waits_for_one_that_is_just_ending(alias: str) -> None:
    first = taken(alias)
    second: list[Owning] = []
    waiting = Thread(target=lambda: second.append(taken(alias)))
    waiting.start()
    first.release()
    waiting.join(60)
    second[0].keep()
    with pytest.raises(Conflict):
        own(alias, patience=0.0)
    second[0].release()


def test_a_lost_connection_is_made_anew_at_the_next_beat(alias: str) -> None:
    one = taken(alias)
    end_session(alias, one)
    one.keep()
    with pytest.raises(Conflict):
        own(alias, patience=0.0)
    one.release()


def test_who_finds_another_in_its_place_is_told(alias: str) -> None:
    one = taken(alias)
    end_session(alias, one)
    other = taken(alias)
    with pytest.raises(Conflict, match="Another server works on the database"):
        one.keep()
    other.keep()
    other.release()


def test_a_server_whose_database_was_taken_ends_with_the_sentence(alias: str) -> None:
    ground, called = Ground(), []
    ground.on_taken = (lambda: called.append(1),)
    ground._owning = taken(alias)
    assert ground.is_ours()
    end_session(alias, ground._owning)
    other = taken(alias)
    assert not ground.is_ours()
    assert not ground.is_ours()
    assert called == [1]
    assert "Another server works on the database" in str(ground.taken)
    other.release()
    ground.leave()


def test_a_scheduler_whose_connections_were_dropped_while_it_waited_begins_its_turn(alias: str) -> None:
    turn, times = Turn(), []
    turn._wired = cast(Any, SimpleNamespace(open=lambda: times.append(database_time(alias))))
    database_time(alias)
    other = taken(alias)
    end(connections[alias], by=other._connection)
    turn.take(cast(Any, SimpleNamespace(wait=lambda seconds: True)))
    assert len(times) == 1
    other.release()


def test_a_former_session_of_ones_own_is_nobody_else(alias: str) -> None:
    one = taken(alias)
    ghost, one._connection = one._connection, one._connection.copy()
    one._connection.inc_thread_sharing()
    one._holds = False  # as after a cut line: the database has not heard yet that the session is over
    one.keep()
    ghost.close()
    one.keep()
    with pytest.raises(Conflict):
        own(alias, patience=0.0)
    one.release()


def test_a_session_that_tried_in_vain_does_not_look_like_a_former_one_that_had_it(alias: str) -> None:
    one = taken(alias)
    other = Owning(connections[alias].copy())
    assert not other.try_once()
    ghost, other._connection = other._connection, other._connection.copy()  # its end has not been heard of yet
    other._connection.inc_thread_sharing()
    assert not other.try_once()
    ghost.close()
    other.release()
    one.release()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_database_that_is_restarted_is_owned_again(kind: str, django_db_blocker: Any) -> None:
    server = Killable(kind)
    with django_db_blocker.unblock():
        use("restarted", server.url)
        one = taken("restarted")
        server.kill()
        with pytest.raises(OperationalError):
            one.keep()
        server.start()
        one.keep()
        with pytest.raises(Conflict):
            own("restarted", patience=0.0)
        one.release()
        connections["restarted"].close()
        del connections["restarted"]


def test_sqlite_has_the_lock_of_its_folder() -> None:
    assert connections["default"].vendor != "sqlite" or own() is None


def test_a_second_server_with_another_folder_is_refused(tmp_path: Path) -> None:
    url = fresh("postgresql")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = ServerProcess(tmp_path / "one", ANSFLOW_DATABASE_URL=url)
    one.start()
    keys = str(one.data / "keys")
    two = ServerProcess(tmp_path / "two", ANSFLOW_DATABASE_URL=url, ANSFLOW_KEYS_DIR=keys)
    two.begin()
    assert two.ended() != 0
    assert re.search("Another server works on the database .* ANSFLOW_DATABASE_URL", two.errors.read_text())
    one.kill()
    two.start()  # nobody has to wait for the database to notice
    assert two.stop() == 0


def test_a_server_that_does_everything_itself_is_refused_where_workers_live_without_a_scheduler(tmp_path: Path) -> None:
    with RedisServer() as redis:
        house = Installation(tmp_path, database="postgresql", broker=redis.url, bus=redis.url)
        house.serve()
        worker = house.worker("one")
        (tmp_path / "lone").mkdir()
        keys = {"ANSFLOW_KEYS_DIR": str(tmp_path / "keys"), "ANSFLOW_ALLOW_HOST_EXECUTOR": "true"}
        lone = ServerProcess(tmp_path / "lone", ANSFLOW_DATABASE_URL=house.database_url, **keys)
        lone.begin()
        assert lone.ended() != 0
        said = lone.errors.read_text()
        assert re.search("Workers of an installation of several .*: .*-[0-9a-f]{6}. Stop them first, or set", said)
        worker.kill()
        lone.start()
        assert lone.stop() == 0
        house.close()


def test_a_scheduler_waits_for_the_one_that_works_and_takes_over_when_it_ends(alias: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("ansflow.config.owning.connections", {"default": connections[alias], alias: connections[alias]})
    first = taken(alias)
    assert is_owned(alias)
    ground, ending, waits, got = Ground(), Event(), Event(), Event()

    def wait() -> None:
        if ground.wait(ending, waits.set):
            got.set()

    waiting = Thread(target=wait)
    waiting.start()
    assert waits.wait(60) and not got.is_set()
    first.release()
    assert got.wait(60)
    waiting.join(60)
    assert is_owned(alias) and ground.is_ours()
    ground.leave()
    until(lambda: not is_owned(alias), "the database hears that the connection has ended")


def test_a_scheduler_that_waits_can_be_ended(alias: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("ansflow.config.owning.connections", {"default": connections[alias], alias: connections[alias]})
    first = taken(alias)
    ending = Event()
    assert not Ground().wait(ending, ending.set)
    first.keep()
    first.release()


def test_those_that_start_at_once_migrate_one_after_the_other(alias: str) -> None:
    order: list[str] = []
    with one_at_a_time(alias):
        other = Thread(target=lambda: in_turn(alias, order))
        other.start()
        own_lock = taken(alias)  # another one than that of the server that works
        own_lock.release()
        order.append("first")
    other.join(60)
    assert order == ["first", "second"]
    with one_at_a_time(alias), pytest.raises(Conflict), one_at_a_time(alias, patience=0.0):
        """Nobody waits for ever."""


def in_turn(alias: str, order: list[str]) -> None:
    with one_at_a_time(alias):
        order.append("second")
