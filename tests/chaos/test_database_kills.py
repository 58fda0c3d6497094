"""`kill -9` of the database server under load: what was acknowledged is there, and the same `ansflow serve` goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.chaos.installation import Installation
from tests.databases import Killable
from tests.release import BACK, RELEASE, Progress
from tests.server_process import until

OUTAGES = (0.0, 7.0)  # seconds: shorter, and longer, than a write is tried again


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_a_database_that_is_killed_costs_nothing_that_was_acknowledged(
    database: str, tmp_path: Path, django_db_blocker: Any, count: Callable[[str, float], None], progress: Progress[Any]
) -> None:
    kills = 10 if RELEASE else 1
    killable = Killable(database)
    kinds = ("work", "gated", "endless", "grouped")
    seconds = []
    with Installation(tmp_path, database, kinds=kinds, seed=11, url=killable.url) as one:
        one.people.begin()
        for number in progress(range(kills), f"kill -9 of the database ({database})"):
            one.live(3.0)
            killable.kill()
            one.server.live(OUTAGES[number % len(OUTAGES)])
            killable.start()
            began = monotonic()
            until(lambda: one.server.get("/readyz").status_code == 200, "the server is ready again")
            seconds.append(monotonic() - began)
        with django_db_blocker.unblock():
            one.finish()
    assert one.violations() == []
    assert not RELEASE or max(seconds) < BACK
    count(f"kill -9 of the database under load ({database})", kills)
    count(f"seconds from its first connection to ready, most ({database})", round(max(seconds), 1))
