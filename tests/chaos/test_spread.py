"""Many processes under chaos, on PostgreSQL with Redis and on MariaDB with RabbitMQ: what must hold is in the checker.

One installation of each kind outlives all of it, fault after fault. Seconds are counted, and held to their goals only
before a release, on a machine that has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from statistics import median
from threading import Event
from time import monotonic
from typing import Any

import pytest

from tests.chaos.checker import AttemptRow
from tests.chaos.spread import SERVICES, Spread
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.release import BACK, RELEASE, Progress
from tests.server_process import until

HOUSES = {"PostgreSQL, Redis": ("postgresql", RedisServer), "MariaDB, RabbitMQ": ("mariadb", RabbitServer)}
LIFE = 0.3  # seconds that a worker gets at most, once it is ready
PARTS = 4  # of the kills, so that no test takes longer than a busy machine gives it
READY = 0.6  # of all lives, how many come to be ready before they are ended
CUT_OFF = 3.5  # seconds, more than a heartbeat and less than a lease
CASTAWAY = "castaway"  # the worker on an island
GIVEN_UP = ["worker_lost", "worker_lost", "poisoned"]  # a step that has lost its worker three times
LOSSES = len(GIVEN_UP)
OFFERED_AGAIN = 20.0  # seconds after the loss of a machine
ADDED = 2.0  # seconds that a loss of messages may add
HOUR = 3600
SMALL = 96  # MiB
RUSH = 200  # executions that wait at once: far more than there are slots, and longer than an offer may lie
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


@pytest.fixture(scope="module")
def crowd(house: Spread) -> Spread:
    """The house with more workers, from the first test that wants them on: those tests stand last."""
    for worker in ("three", "four", "five", "six"):
        house.hire(worker)
    return house


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["house"])


def test_without_faults_no_process_repairs_anything(house: Spread, name: str, count: Count, progress: Progress) -> None:
    executions = times(200, 2400)  # of 10,000 in all, with those of a server that is alone
    before = house.repairs()
    for rush in progress([RUSH] * (executions // RUSH), "rushes of executions without a fault"):
        house.people.rush(rush)
    assert (house.repairs(), before) == ({}, {})
    assert house.violations() == []
    assert house.seen is not None
    assert set(house.seen.attempts.values()) == {AttemptRow("success")}
    assert len(house.seen.executions) == executions
    assert not RELEASE or not house.found(), "doorbells come late on a busy machine only"
    count(f"executions without faults or repairs over two workers ({name})", executions)
    count(f"steps of these that a worker found before it was told of them ({name})", house.found())


def test_what_broker_and_bus_lose_comes_a_little_later(
    house: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    usual = median(house.probe() for _ in range(PROBES))
    added, stopping = [], Event()

    def probe() -> None:
        while not stopping.is_set():
            added.append(house.probe() - usual)

    faults = times(1, 20)
    with ThreadPoolExecutor(1) as probing:
        done = probing.submit(probe)
        try:
            for _ in progress(range(faults), "rounds of losses, restarts and outages"):
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
        return all(house.execution(number)["status"] == "failed" for number in deadly)

    until(is_over, "it is given up")
    house.restart_what_ended()
    for worker in house.workers:
        house.ready(worker)
    house.people.rest()
    assert house.violations() == []
    assert house.seen is not None
    for execution in deadly:
        assert set(_reasons(house, execution, "deadly")) <= {*GIVEN_UP, "internal_error"}
        assert len(_reasons(house, execution, "deadly")) <= LOSSES
    count(f"steps that kill their worker and their shim ({name})", len(deadly))


def test_a_database_that_is_killed_costs_nothing_that_was_acknowledged(
    house: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    seconds = []
    kills = times(1, 10)
    for number in progress(range(kills), "kill -9 of the database"):
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


def test_a_worker_and_a_scheduler_whose_clocks_jump_lose_nothing(house: Spread, name: str, count: Count) -> None:
    of_worker, of_scheduler = house.hire_with_clock("wrong"), house.give_scheduler_a_clock()
    house.people.begin()
    for _ in range(jumps := times(1, 10)):
        for seconds in (HOUR, -HOUR, 0):
            of_worker(seconds)
            of_scheduler(-seconds)
            house.live(4.0, 3.0)  # more than a heartbeat
    house.people.rest()
    known = house.seen.attempts if house.seen else {}
    assert house.violations() == []
    assert house.seen is not None
    new = {key: row for key, row in house.seen.attempts.items() if key not in known}
    assert not any(row.reason == "worker_lost" for row in new.values())
    house.dismiss("wrong")
    count(f"jumps of a worker's and a scheduler's clock by an hour ({name})", 3 * jumps)


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


def test_a_worker_that_is_cut_off_for_less_than_its_lease_loses_nothing(
    house: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    """It stays: later it is cut off for longer, as others are frozen."""
    island = house.hire_on_an_island(CASTAWAY)
    known = house.seen.attempts if house.seen else {}
    house.people.begin()
    rounds = times(1, 20)
    for _ in progress(range(rounds), "rounds of cut lines"):
        for service in SERVICES:
            with island.cut(service):
                house.live(CUT_OFF, CUT_OFF)
            house.live(1.0)
    house.people.rest()
    assert house.violations() == []
    assert house.seen is not None
    assert not any(row.reason == "worker_lost" for key, row in house.seen.attempts.items() if key not in known)
    count(f"lines of a worker to database, broker and bus that were cut ({name})", len(SERVICES) * rounds)


# ── with more workers ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", range(PARTS))
def test_workers_that_are_killed_go_on_where_they_were(
    crowd: Spread, name: str, part: int, count: Count, progress: Progress[Any]
) -> None:
    """Two at once, at any point of their lives; a few are asked to end instead."""
    kills, restarts = times(100, 1000) // PARTS, times(4, 20) // PARTS
    ends = ["kill"] * kills + ["restart"] * restarts
    crowd.random.shuffle(ends)
    before = crowd.seen.adoptions if crowd.seen else 0
    crowd.people.begin()
    for pair in progress([ends[first : first + 2] for first in range(0, len(ends), 2)], "pairs of workers ended"):
        chosen = crowd.random.sample(sorted(crowd.workers), len(pair))
        for worker, end in zip(chosen, pair, strict=True):
            crowd.end(worker, kill=end == "kill")
        if crowd.random.random() < READY:
            for worker in chosen:
                crowd.ready(worker)
        crowd.live(LIFE)
    for worker in crowd.workers:
        crowd.ready(worker)
    crowd.people.rest()
    assert crowd.violations() == []
    assert crowd.seen is not None
    adoptions = crowd.seen.adoptions - before
    assert adoptions > kills / 8, "too few of them had something to do"
    count(f"kill -9 of a worker of six ({name})", kills)
    count(f"restarts of a worker in mid-step ({name})", restarts)
    count(f"steps that these had left running, taken up ({name})", adoptions)


def test_what_ran_on_machines_that_are_lost_runs_again_elsewhere(
    crowd: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    """Three at once: with a machine go its worker, its disk and every step that ran there."""
    seconds = []
    rounds = times(1, 9)
    for _ in progress(range(rounds), "times that machines were lost"):
        held = _held(crowd)
        lost = crowd.random.sample(sorted(held), 3)
        crowd.people.begin()
        began = monotonic()
        for host in lost:
            crowd.burn(host)
        again = _running(crowd, [execution for host in lost for execution in held[host]])
        until(partial(_began, crowd, again, "long", 2), "what was lost is offered again, and runs")
        seconds.append(monotonic() - began)
        for host in lost:
            crowd.ready(host)
        crowd.people.rest()
    assert crowd.violations() == []
    assert not RELEASE or _p95(seconds) < OFFERED_AGAIN
    count(f"machines lost with all that ran there ({name})", 3 * rounds)
    count(f"seconds until lost steps run elsewhere, p95 ({name})", round(_p95(seconds), 1))


def test_a_step_that_takes_down_three_machines_is_given_up_and_its_neighbours_go_on(
    crowd: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    doomed = []
    crowd.people.begin()
    for _ in progress(range(times(1, 10)), "steps that take down three machines"):
        doomed.append(crowd.people.trigger("doomed"))
        for attempt in range(1, LOSSES + 1):
            until(partial(_began, crowd, doomed[-1:], "doomed", attempt), "it runs")
            crowd.lose_power(crowd.host_of(doomed[-1], "doomed"))
        until(lambda: crowd.execution(doomed[-1])["status"] == "failed", "it is given up")
    crowd.people.rest()
    assert crowd.violations() == []
    assert [_reasons(crowd, execution, "doomed") for execution in doomed] == [GIVEN_UP] * len(doomed)
    count(f"steps that take down three machines, given up ({name})", len(doomed))


def test_a_worker_that_was_out_of_reach_past_its_lease_is_believed_once_or_not_at_all(
    crowd: Spread, name: str, count: Count, progress: Progress[Any]
) -> None:
    """All of them but one: frozen, or cut off."""
    away = []
    for _ in progress(range(times(1, 12)), "times that workers were out of reach"):
        held = _held(crowd)
        stays = crowd.random.choice(sorted(held.keys() - {CASTAWAY}))
        crowd.people.begin()
        with ExitStack() as coming_back:
            for host in held.keys() - {stays}:
                coming_back.enter_context(crowd.out_of_reach(host))
                away.append(host)
            again = _running(crowd, [execution for host in held if host != stays for execution in held[host]])
            until(partial(_began, crowd, again, "long", 2), "what they hold is offered again, and runs")
            if CASTAWAY in away:
                until(partial(_knows, crowd, away.count(CASTAWAY)), "it knows that its database is gone")
        crowd.people.rest()
    assert crowd.violations() == []
    assert all(worker.is_running for worker in crowd.workers.values())
    count(f"workers frozen past their lease ({name})", len(away) - away.count(CASTAWAY))
    count(f"workers cut off past their lease ({name})", away.count(CASTAWAY))


# ── what the tests above share ───────────────────────────────────────────────────────────────────────────────────


def _held(house: Spread) -> dict[str, list[int]]:
    """Of each worker, the executions whose long step runs there: there is one less than there are slots."""
    wanted = [house.people.trigger("long") for _ in range(2 * len(house.workers) - 1)]
    until(partial(_began, house, wanted, "long", 1), "they have begun")
    held: dict[str, list[int]] = {}
    for execution in wanted:
        held.setdefault(house.host_of(execution, "long"), []).append(execution)
    return held


def _running(house: Spread, executions: list[int]) -> list[int]:
    """Those whose long step has not ended before its worker was gone."""
    found = [execution for execution in executions if house.step(execution, "long")["status"] == "running"]
    assert found
    return found


def _knows(house: Spread, times: int) -> bool:
    """Whether the castaway has noticed so often that it is one."""
    return house.workers[CASTAWAY].errors.read_text().count("chore heartbeat failed") >= times


def _began(house: Spread, executions: list[int], step: str, attempt: int) -> bool:
    runs = {run[:3] for run in house.witness.runs()}
    return all((execution, step, attempt) in runs for execution in executions)


def _reasons(house: Spread, execution: int, step: str) -> list[str]:
    """Why each attempt ended as it did."""
    assert house.seen is not None
    tries = sorted(house.seen.attempts.items())
    return [row.reason for (owner, key, _), row in tries if (owner, key) == (execution, step)]


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]
