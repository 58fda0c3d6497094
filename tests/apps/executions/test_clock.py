"""The clock that all processes share: the database's, in whatever zone its session is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from ansflow.apps.executions.clock import TRUSTED, DatabaseClock, database_time
from tests.databases import fresh, use

ELSEWHERE = {"postgresql": "SET TIME ZONE 'Asia/Shanghai'", "mariadb": "SET SESSION time_zone = '+08:00'"}


@pytest.fixture(params=ELSEWHERE)
def alias(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    """A database whose session is eight hours ahead."""
    name = f"clock-{request.param}"
    with django_db_blocker.unblock():
        use(name, fresh(request.param))
        with connections[name].cursor() as cursor:
            cursor.execute(ELSEWHERE[request.param])
        yield name
        connections[name].close()
        del connections[name]


def test_it_is_the_databases(alias: str) -> None:
    found = database_time(alias)
    assert found.tzinfo is not None
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=1)
    assert database_time(alias) > found


class Moved:
    """A database whose clock is ahead of this machine's, and the seconds that have passed here."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self.seconds = 100.0
        self._began = datetime.now(UTC)

    def asked(self) -> datetime:
        return self._began + timedelta(seconds=self.seconds - 100) + self.ahead

    def passed(self) -> float:
        return self.seconds


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_machine_with_a_wrong_clock_goes_by_that_of_the_database(hours: int) -> None:
    moved = Moved(timedelta(hours=hours))
    clock = DatabaseClock(moved.asked, moved.passed)
    clock.look()
    for _ in range(5):
        moved.seconds += 30
        assert abs(clock.now() - moved.asked()) <= TRUSTED
        clock.look()


def test_between_looks_it_goes_by_the_seconds_that_pass_whatever_the_machines_clock_says() -> None:
    moved = Moved(timedelta())
    clock = DatabaseClock(moved.asked, moved.passed)
    before = clock.now()
    moved.seconds += 7
    assert clock.now() - before == timedelta(seconds=7)


def test_a_difference_that_a_journey_makes_changes_nothing() -> None:
    moved = Moved(TRUSTED / 2)
    clock = DatabaseClock(moved.asked, moved.passed)
    before = clock.now()
    clock.look()
    assert clock.now() == before
    moved.ahead = 3 * TRUSTED
    clock.look()
    assert clock.now() > before
