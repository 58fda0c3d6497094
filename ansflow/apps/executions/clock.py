"""The one clock that all processes share: the database's. Leases and deadlines compare its time, whatever the clock of
a machine says, and however that is put forward or back while a process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, connections

from ansflow.apps.executions.rows import aware_time

TRUSTED = timedelta(seconds=0.5)
"""What a journey to the database, and a clock that is set to the right time bit by bit, may make of a difference."""

_CLOCKS = {"postgresql": "clock_timestamp() AT TIME ZONE 'UTC'", "mysql": "UTC_TIMESTAMP(6)"}


def database_time(alias: str = DEFAULT_DB_ALIAS) -> datetime:
    connection = connections[alias]
    if connection.vendor == "sqlite":  # a file has no clock but that of its one machine
        return datetime.now(UTC)
    with connection.cursor() as cursor:  # in UTC, whatever the zone of the session
        cursor.execute(f"SELECT {_CLOCKS[connection.vendor]}")
        return aware_time(cursor.fetchone()[0])


class DatabaseClock:
    """A `Clock`. Between two looks it goes by the seconds that have passed, so that asking it costs nothing."""

    def __init__(self, asked: Callable[[], datetime] = database_time, passed: Callable[[], float] = time.monotonic):
        self._asked = asked
        self._passed = passed
        self._at = datetime.now(UTC), passed()

    def now(self) -> datetime:
        time, since = self._at
        return time + timedelta(seconds=self._passed() - since)

    def look(self) -> None:
        """Asks the database. Processes of one machine, whose clocks agree, stay as close as that clock keeps them."""
        found = self._asked()
        if abs(found - self.now()) > TRUSTED:
            self._at = found, self._passed()
