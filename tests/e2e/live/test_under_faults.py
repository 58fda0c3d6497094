"""Viewers who lose their connection over and over, while the bus is lost too: nobody misses a change, or sees it twice.

The size is that of CI; `make live-proof` plays the whole one, 500 clients × 20 reconnects.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.redis_server import RedisServer
from tests.stage import Stage

CLIENTS, RECONNECTS, CHANGES = (500, 20, 300) if os.environ.get("ANSFLOW_TESTS_WHOLE") else (60, 8, 80)
AHEAD = 40  # changes by which the execution may be before the slowest client
ROOT = Path(__file__).parents[3]


def restart(redis: RedisServer) -> Callable[[], object]:
    redis.kill()
    return redis.start


def freeze(redis: RedisServer) -> Callable[[], object]:
    redis.freeze()
    return redis.thaw


def flush(redis: RedisServer) -> Callable[[], object]:
    redis.say("FLUSHALL")
    redis.say("CLIENT", "KILL", "TYPE", "pubsub")
    return lambda: None


def cut(redis: RedisServer) -> Callable[[], object]:
    """The server from Redis, while the changes are still hinted at there."""
    redis.cut()
    return redis.mend


FAULTS = (restart, flush, freeze, cut)
ROUNDS = 8


class Watched:
    """The crowd's process."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.live.crowd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the crowd ended with {self._process.wait()}"
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_nobody_misses_a_change_or_sees_it_twice_whatever_befalls_sockets_and_bus(
    house: Stage, count: Callable[[str, int], None]
) -> None:
    execution = house.execution(CHANGES)
    begin = house.events(execution)[-1]
    last = begin + CHANGES
    crowd = Watched(
        {
            "url": house.address + house.path(execution),
            "headers": house.headers,
            "clients": CLIENTS,
            "reconnects": RECONNECTS,
            "begin": begin,
            "last": last,
            "seed": 1,
        }
    )
    try:
        assert crowd.hear() == {"open": CLIENTS}
        counts = watched(house, execution, crowd, begin, last, count)
    finally:
        crowd.close()
    truth = house.events(execution)
    assert truth == list(range(1, last + 1))
    for name, number in sorted(counts.items()):
        count(f"live, {CLIENTS} clients: {name}", number)
    for name in ("missed", "doubled", "told differently"):
        count(f"live, {CLIENTS} clients: {name}", 0)
        assert counts.get(name, 0) == 0, counts
    assert counts["clients at the end"] == CLIENTS
    assert counts["reconnects"] >= CLIENTS * RECONNECTS * 3 // 4, (
        "some come at a number at which they have left already"
    )
    assert counts["snapshots"] == CLIENTS and counts["snapshots to those who came back"] == 0


def watched(
    house: Stage, execution: int, crowd: Watched, begin: int, last: int, count: Callable[[str, int], None]
) -> dict[str, int]:
    """Changes as fast as the slowest client allows. In each part of the way another fault befalls the bus, and it is
    mended only when nearly everything of that part has been seen without it."""
    seq = slowest = begin
    for number in range(ROUNDS):
        mend = FAULTS[number % len(FAULTS)](house.redis)
        count("live: faults of the bus", 1)
        goal = begin + (last - begin) * (number + 1) // ROUNDS
        while seq < goal or slowest < goal:
            if seq < min(goal, slowest + AHEAD):
                seq = house.change(execution, min(goal, slowest + AHEAD) - seq)
            word = crowd.hear()
            if "done" in word:
                mend()
                return dict(word["done"])
            slowest = word["slowest"]
        mend()
    while "done" not in (word := crowd.hear()):
        pass
    return dict(word["done"])
