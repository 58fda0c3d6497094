"""Many processes under chaos, on PostgreSQL with Redis and on MariaDB with RabbitMQ: what must hold is in the checker.

One installation of each kind outlives all of it, fault after fault. Seconds are counted, and held to their goals only
before a release, on a machine that has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import median
from threading import Event
from time import monotonic
from typing import Any

import pytest

from tests.chaos.checker import AttemptRow
from tests.chaos.installation import RELEASE
from tests.chaos.spread import Spread
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.server_process import until

HOUSES = {"PostgreSQL, Redis": ("postgresql", RedisServer), "MariaDB, RabbitMQ": ("mariadb", RabbitServer)}
LIFE = 1.5  # seconds that a worker gets at most
FROZEN = 20.0  # seconds, more than a lease
OFFERED_AGAIN = 20.0  # seconds after the loss of a machine
ADDED = 2.0  # seconds that a loss of messages may add
BACK = 5.0  # seconds after the database accepts
HOUR = 3600
SMALL = 96  # MiB
PROBES = 5  # executions whose length is the yardstick

Count = Callable[[str, float], None]


def times(in_ci: int, before_a_release: int) -> int:
    return before_a_release if RELEASE else in_ci


@pytest.fixture(scope="module", params=HOUSES)
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Spread]:
    database, broker = HOUSES[request.param]
    with django_db_blocker.unblock(), Spread(tmp_path_factory.mktemp("spread"), database, broker, seed=21) as made:
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["house"])


def test_without_faults_no_process_repairs_anything(house: Spread, name: str, count: Count) -> None:
    executions = times(100, 5000)
    before = house.repairs()
    for _ in range(executions):
        house.people.trigger("short")
    house.witness.go()
    house.people.see_to_the_end()
    assert (house.repairs(), before) == ({}, {})
    assert house.violations() == []
    assert house.seen is not None
    assert set(house.seen.attempts.values()) == {AttemptRow("success")}
    assert len(house.seen.executions) == executions
    assert not RELEASE or not house.found(), "doorbells come late on a busy machine only"
    count(f"executions without faults or repairs over two workers ({name})", executions)
    count(f"steps of these that a worker found before it was told of them ({name})", house.found())


def test_workers_that_are_killed_go_on_where_they_were(house: Spread, name: str, count: Count) -> None:
    kills = times(6, 1000)
    house.people.begin()
    for _ in range(kills):
        house.live(LIFE)
        worker = house.workers[house.random.choice(["one", "two"])]
        worker.kill()
        worker.start()
    house.people.rest()
    assert house.violations() == []
    count(f"kill -9 of a worker of two ({name})", kills)


def test_what_ran_on_a_machine_that_is_lost_runs_again_elsewhere(house: Spread, name: str, count: Count) -> None:
    seconds = []
    for _ in range(rounds := times(1, 25)):
        host, held = _held_somewhere(house)
        house.people.begin()
        began = monotonic()
        house.burn(host)
        house.workers[host].start()
        until(lambda held=held: _began(house, held, attempt=2), "what was lost is offered again, and runs")
        seconds.append(monotonic() - began)
        house.people.rest()
    assert house.violations() == []
    assert not RELEASE or _p95(seconds) < OFFERED_AGAIN
    count(f"machines lost with all that ran there ({name})", rounds)
    count(f"seconds until lost steps run elsewhere, p95 ({name})", round(_p95(seconds), 1))


def test_a_worker_that_was_frozen_past_its_lease_is_believed_once_or_not_at_all(
    house: Spread, name: str, count: Count
) -> None:
    for _ in range(rounds := times(1, 60)):
        host, held = _held_somewhere(house)
        house.people.begin()
        with house.frozen(host):
            until(lambda held=held: _began(house, held, attempt=2), "what it holds is offered again, and runs")
        house.people.rest()
    assert house.violations() == []
    assert all(worker.is_running for worker in house.workers.values())
    count(f"workers frozen past their lease ({name})", rounds)


def test_what_broker_and_bus_lose_comes_a_little_later(house: Spread, name: str, count: Count) -> None:
    usual = median(house.probe() for _ in range(PROBES))
    added, stopping = [], Event()

    def probe() -> None:
        while not stopping.is_set():
            added.append(house.probe() - usual)

    faults = times(1, 20)
    with ThreadPoolExecutor(1) as probing:
        done = probing.submit(probe)
        try:
            for _ in range(faults):
                for befall in (house.forget_messages, house.restart_broker, house.restart_bus, house.freeze_broker):
                    befall()
                    house.live(2.0, 1.0)
        finally:
            stopping.set()
        done.result()
    house.people.rest()
    assert house.violations() == []
    assert not RELEASE or _p95(added) < ADDED
    count(f"losses, restarts and outages of broker and bus ({name})", 4 * faults)
    count(f"seconds that they add to an execution, p95 ({name})", round(_p95(added), 2))
    count(f"executions during them, none lost ({name})", len(added))


def test_a_step_that_kills_its_worker_is_given_up_and_its_neighbours_go_on(
    house: Spread, name: str, count: Count
) -> None:
    deadly = [house.people.trigger("deadly") for _ in range(times(1, 10))]
    house.people.begin()

    def is_over() -> bool:
        house.restart_what_ended()
        return all(house.status(execution) == "failed" for execution in deadly)

    until(is_over, "it is given up")
    house.people.rest()
    assert house.violations() == []
    assert house.seen is not None
    for execution in deadly:
        tries = [row for (owner, step, _), row in house.seen.attempts.items() if (owner, step) == (execution, "deadly")]
        assert 1 <= len(tries) <= 3
        assert {row.reason for row in tries} <= {"worker_lost", "poisoned", "internal_error"}
    count(f"steps that kill their worker and their shim ({name})", len(deadly))


def test_a_database_that_is_killed_costs_nothing_that_was_acknowledged(house: Spread, name: str, count: Count) -> None:
    seconds = []
    for number in range(kills := times(1, 10)):
        house.people.begin()
        house.live(3.0, 1.0)
        house.database.kill()
        house.live(7.0 * (number % 2), 7.0 * (number % 2))  # shorter, and longer, than a write is tried again
        house.database.start()
        began = monotonic()
        until(lambda: house.server.get("/readyz").status_code == 200, "the server is ready again")
        seconds.append(monotonic() - began)
        house.people.rest()
    assert house.violations() == []
    assert not RELEASE or max(seconds) < BACK
    count(f"kill -9 of the database of many processes ({name})", kills)
    count(f"seconds until they are ready again, most ({name})", round(max(seconds), 1))


def test_a_worker_whose_clock_jumps_loses_nothing(house: Spread, name: str, count: Count) -> None:
    put = house.hire_with_clock("wrong")
    house.people.begin()
    for _ in range(jumps := times(1, 10)):
        for seconds in (HOUR, -HOUR, 0):
            put(seconds)
            house.live(4.0, 3.0)  # more than a heartbeat
    house.people.rest()
    known = house.seen.attempts if house.seen else {}
    assert house.violations() == []
    assert house.seen is not None
    new = {key: row for key, row in house.seen.attempts.items() if key not in known}
    assert not any(row.reason == "worker_lost" for row in new.values())
    house.dismiss("wrong")
    count(f"jumps of a worker's clock by an hour ({name})", 3 * jumps)


def test_a_worker_whose_disk_is_full_takes_no_step_until_it_has_room(house: Spread, name: str, count: Count) -> None:
    disk = house.hire_with_small_disk("small", SMALL)
    for _ in range(fills := times(1, 10)):
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(2**20)):
                """Until there is no room."""
        house.workers["small"].wait_for("The disk of ")
        house.people.begin()
        house.live(4.0, 3.0)
        (disk / "ballast").unlink()
        house.workers["small"].wait_for("The disk of ")
        house.live(2.0, 1.0)
        house.people.rest()
    assert house.violations() == []
    house.dismiss("small")
    count(f"disks that were full ({name})", fills)


# ── what the tests above share ───────────────────────────────────────────────────────────────────────────────────


def _held_somewhere(house: Spread) -> tuple[str, list[int]]:
    """A worker, and the executions whose long step has just begun there: there are more of these than slots of one."""
    wanted = [house.people.trigger("long") for _ in range(3)]
    until(lambda: _began(house, wanted, attempt=1), "they have begun")
    of: dict[str, list[int]] = {}
    for execution in wanted:
        (row,) = [row for row in house.steps(execution) if row["key"] == "long"]
        of.setdefault(house.worker_of(row["worker"]), []).append(execution)
    host = house.random.choice(sorted(house.workers))
    return host, of[host]


def _began(house: Spread, executions: list[int], *, attempt: int) -> bool:
    runs = {run[:3] for run in house.witness.runs()}
    return all((execution, "long", attempt) in runs for execution in executions)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]
