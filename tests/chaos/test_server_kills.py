"""`kill -9` of `ansflow serve` while 20 executions run, at any point of its life; and restarts in mid-step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from ansflow.infra.database.sqlite3.base import LARGE_WAL
from tests.chaos.installation import Installation, share
from tests.databases import KINDS
from tests.release import BACK, RELEASE, Progress

LIFE = 0.9  # seconds that a server gets at most
READY = 0.75  # of all lives, how many come to be ready before they are ended
FROZEN = 20.0  # seconds, more than a lease


@pytest.mark.parametrize("database", KINDS)
def test_a_server_that_is_killed_goes_on_where_it_was(
    database: str, tmp_path: Path, django_db_blocker: Any, count: Callable[[str, float], None], progress: Progress[Any]
) -> None:
    kills, restarts = share(database, 20, 200), share(database, 3, 20)
    if database == "sqlite":  # there it is the only worker, too
        kills = 1000 if RELEASE else 15
    ends = ["kill"] * kills + ["restart"] * restarts
    with Installation(tmp_path, database, kinds=("work", "gated", "endless", "grouped"), seed=7) as one:
        one.random.shuffle(ends)
        one.people.begin()
        for end in progress(ends, f"lives of the server ({database})"):
            one.live(LIFE)
            if end == "kill":
                one.server.kill()
            else:
                one.server.ready()  # before it listens to signals it ends as any process does
                assert one.server.stop(signal.SIGTERM) == 0
            if one.random.random() < READY or end == "restart":
                one.start()
            else:
                one.server.begin()
        one.server.kill()
        log_left = one.log_of_the_database()
        one.start()
        with django_db_blocker.unblock():
            one.finish()
    assert one.violations() == []
    assert log_left < 2 * LARGE_WAL
    assert not RELEASE or max(one.seconds_to_ready) < BACK
    assert one.seen is not None
    count(f"kill -9 of the server ({database})", kills + 1)
    count(f"restarts in mid-step ({database})", restarts)
    count(f"seconds from start to ready after a kill, median ({database})", round(median(one.seconds_to_ready), 1))
    count(f"seconds from start to ready after a kill, most ({database})", round(max(one.seconds_to_ready), 1))
    count("executions under chaos", len(one.seen.executions))
    count("steps that their witness compared byte by byte", len(one.seen.printed))
    count("attempts lost to a kill, each on record", sum(a.reason == "worker_lost" for a in one.seen.attempts.values()))


@pytest.mark.skipif(not RELEASE, reason="takes longer than a lease: make chaos")
@pytest.mark.parametrize("database", KINDS)
def test_a_server_that_was_frozen_past_its_lease_loses_nothing(
    database: str, tmp_path: Path, django_db_blocker: Any, count: Callable[[str, float], None], progress: Progress[Any]
) -> None:
    freezes = share(database, 0, 6)
    with Installation(tmp_path, database, kinds=("work", "gated", "grouped"), seed=8) as one:
        one.people.begin()
        for _ in progress(range(freezes), f"freezes of the server ({database})"):
            one.live(LIFE)
            process = one.server.pid
            signal.pidfd_send_signal(handle := os.pidfd_open(process), signal.SIGSTOP)
            one.server.live(FROZEN)
            signal.pidfd_send_signal(handle, signal.SIGCONT)
            os.close(handle)
        with django_db_blocker.unblock():
            one.finish()
    assert one.violations() == []
    assert one.seen is not None
    assert not any(attempt.reason == "worker_lost" for attempt in one.seen.attempts.values())
    count(f"freezes past the lease ({database})", freezes)


def test_a_step_that_kills_its_server_runs_once_and_harms_no_neighbour(
    tmp_path: Path, django_db_blocker: Any, count: Callable[[str, float], None], progress: Progress[Any]
) -> None:
    poisoned = 20 if RELEASE else 1
    with Installation(tmp_path, "sqlite", kinds=("poison", "work", "grouped"), seed=9) as one:
        for _ in progress(range(poisoned), "steps that kill their server"):
            for kind in ("work", "grouped", "poison"):
                one.people.trigger(kind)
            one.server.ended()  # the step has done it
            one.start()
            one.people.see_to_the_end()
        with django_db_blocker.unblock():
            one.finish()
    assert one.violations() == []
    assert one.seen is not None
    tries = [number for _, step, number in one.seen.attempts if step == "poison"]
    assert tries == [1] * poisoned
    count("steps that kill their server", poisoned)
