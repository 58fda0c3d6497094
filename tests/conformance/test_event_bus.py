"""What an `EventBus` must do. A new one adds a line to BUSES.

Hints may be lost, doubled or merged, so every test asks again until it has heard, and never counts calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread

import pytest

from ansflow.engine.memory import MemoryBus
from ansflow.engine.ports import EventBus, Grown, Hint, Missed, Moved, Offered, Stopping
from ansflow.infra.bus.redis import RedisBus
from tests.redis_server import RedisServer

PATIENCE = 20.0
SOON = 0.05  # after which one asks again


@dataclass
class Pair:
    """Two processes' ends of one bus. `cut` breaks the connections of both, which then come back by themselves."""

    here: EventBus
    there: EventBus
    cut: Callable[[], None] | None = None


def in_memory() -> Iterator[Pair]:
    bus = MemoryBus()
    yield Pair(bus, bus)
    bus.close()


def over_redis() -> Iterator[Pair]:
    with RedisServer() as redis:
        here, there = RedisBus(redis.url), RedisBus(redis.url)
        yield Pair(here, there, cut=lambda: redis.say("CLIENT", "KILL", "TYPE", "pubsub"))
        there.close()
        here.close()


BUSES: dict[str, Callable[[], Iterator[Pair]]] = {"memory": in_memory, "redis": over_redis}


@pytest.fixture(params=BUSES)
def buses(request: pytest.FixtureRequest) -> Iterator[Pair]:
    yield from BUSES[request.param]()


@dataclass
class Ear:
    """A listener, and what it has heard."""

    heard: list[Hint] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def __call__(self, hint: Hint) -> None:
        with self.changed:
            self.heard.append(hint)
            self.changed.notify_all()

    def hears(self, found: Callable[[Hint], bool], say: Callable[[], object] = lambda: None) -> bool:
        """Whether such a hint comes, while `say` is repeated."""
        for _ in range(int(PATIENCE / SOON)):
            say()
            with self.changed:
                if self.changed.wait_for(lambda: any(found(hint) for hint in self.heard), SOON):
                    return True
        return False


def moved(execution: int, seq: int) -> Callable[[Hint], bool]:
    return lambda hint: isinstance(hint, Moved) and hint.execution == execution and hint.seq >= seq


def test_a_listener_hears_where_an_execution_is(buses):
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(moved(42, 17), lambda: buses.there.publish(42, 17))
    assert not [hint for hint in ear.heard if not isinstance(hint, Moved | Missed)]


@pytest.mark.parametrize("step", ["unit", "test (os=linux, python=3.12)", "schritt-für:schritt", "a b|c\n{}"])
def test_a_listener_hears_how_long_a_log_is_whatever_the_step_is_called(buses, step):
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(lambda hint: hint == Grown(7, step, 2, 2**40), lambda: buses.there.grown(7, step, 2, 2**40))


@pytest.mark.parametrize("queue", ["default", "gpu", "windows.x64"])
def test_a_listener_hears_in_which_queue_steps_wait(buses, queue):
    ears = [Ear(), Ear()]
    for ear, bus in zip(ears, (buses.here, buses.there), strict=True):
        bus.subscribe(ear)
    for ear in ears:
        assert ear.hears(lambda hint: hint == Offered(queue), lambda: buses.there.offered(queue))


def test_a_listener_hears_that_something_is_to_end(buses):
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(lambda hint: hint == Stopping(42), lambda: buses.there.stopping(42))


def test_every_listener_of_every_process_hears(buses):
    ears = [Ear(), Ear(), Ear()]
    for ear, bus in zip(ears, (buses.here, buses.here, buses.there), strict=True):
        bus.subscribe(ear)
    for ear in ears:
        assert ear.hears(moved(1, 1), lambda: buses.here.publish(1, 1))


def test_who_has_left_hears_nothing_more_and_leaving_twice_does_no_harm(buses):
    gone, there = Ear(), Ear()
    leave = buses.here.subscribe(gone)
    buses.here.subscribe(there)
    leave()
    leave()
    assert there.hears(moved(1, 5), lambda: buses.there.publish(1, 5))
    assert gone.heard == []


def test_one_listener_twice_leaves_once(buses):
    ear = Ear()
    leave = buses.here.subscribe(ear)
    buses.here.subscribe(ear)
    leave()
    leave()
    assert ear.hears(moved(1, 1), lambda: buses.there.publish(1, 1))


def test_a_listener_that_stumbles_harms_neither_the_publisher_nor_other_listeners(buses, caplog):
    def stumble(hint: Hint) -> None:
        raise RuntimeError("a listener's own fault")

    ear = Ear()
    buses.here.subscribe(stumble)
    buses.here.subscribe(ear)
    with caplog.at_level(logging.CRITICAL, "ansflow.engine"):
        assert ear.hears(moved(1, 1), lambda: buses.there.publish(1, 1))
        assert ear.hears(moved(1, 2), lambda: buses.there.publish(1, 2))


def test_hints_from_many_threads_all_arrive(buses):
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(moved(0, 1), lambda: buses.there.publish(0, 1))

    def publish(execution: int) -> None:
        for seq in range(1, 101):
            buses.there.publish(execution, seq)
            buses.there.grown(execution, "unit", 1, seq)

    threads = [Thread(target=publish, args=(execution,)) for execution in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for execution in range(1, 9):
        assert ear.hears(moved(execution, 100))
        assert ear.hears(lambda hint, execution=execution: hint == Grown(execution, "unit", 1, 100))


def test_who_waits_is_woken_by_a_newer_number(buses):
    found: list[int] = []
    waiting = Thread(target=lambda: found.append(buses.here.wait(42, after=16, timeout_seconds=PATIENCE)))
    waiting.start()
    while waiting.is_alive():
        buses.there.publish(41, 99)  # of another execution
        buses.there.publish(42, 16)
        buses.there.publish(42, 17)
        waiting.join(SOON)
    assert found == [17]


def test_who_waits_in_vain_gets_the_number_back(buses):
    assert buses.here.wait(42, after=3, timeout_seconds=0.0) == 3


def test_the_newest_number_is_kept_whatever_the_order_in_which_numbers_come(buses):
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(moved(5, 9), lambda: buses.there.publish(5, 9))
    buses.there.publish(5, 4)
    assert buses.here.wait(5, after=8, timeout_seconds=PATIENCE) == 9


def test_a_bus_that_was_away_says_so_and_goes_on(buses):
    if buses.cut is None:
        pytest.skip("hints within a process have no connection that could be cut")
    ear = Ear()
    buses.here.subscribe(ear)
    assert ear.hears(moved(1, 1), lambda: buses.there.publish(1, 1))
    buses.cut()
    assert ear.hears(lambda hint: isinstance(hint, Missed))
    assert ear.hears(moved(1, 2), lambda: buses.there.publish(1, 2))


def test_a_closed_bus_tells_nobody_and_takes_what_is_said_to_it(buses):
    ear = Ear()
    leave = buses.here.subscribe(ear)
    buses.here.close()
    buses.here.close()
    ear.heard.clear()
    buses.here.publish(1, 1)
    buses.here.grown(1, "unit", 1, 1)
    buses.here.offered("default")
    leave()
    assert ear.heard == []
