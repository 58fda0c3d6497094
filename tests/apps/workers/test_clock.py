"""The clock by which workers are judged: the database's, in whatever zone its session is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from ansflow.apps.workers.queries import database_time
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


def test_it_is_the_databases_whatever_this_machines_says(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    found = database_time(alias)
    assert found.tzinfo is not None
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=1)
    assert database_time(alias) > found
