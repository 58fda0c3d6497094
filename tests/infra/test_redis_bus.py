"""What befalls a Redis, and what comes of it: hints are lost, facts never, and nobody waits."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from threading import Condition, Thread
from typing import Any

import pytest
import redis as redis_py

from ansflow.core.errors import ExternalError, InvalidSpec
from ansflow.engine.ports import Grown, Hint, Missed, Moved
from ansflow.infra.bus import redis as module
from ansflow.infra.bus.redis import Letter, Outbox, RedisBus, check
from tests.redis_server import RedisServer
from tests.server_process import until

PATIENCE = 60.0
EXECUTIONS = 50
LOOK_ANYWAY = 2.0  # seconds after which a viewer looks without a hint, as a room does


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def bus(redis: RedisServer) -> Iterator[Callable[..., RedisBus]]:
    with ExitStack() as ending:

        def make(url: str = "") -> RedisBus:
            made = RedisBus(url or redis.url)
            ending.callback(made.close)
            return made

        yield make


class Viewer:
    """Looks as a room does: where a hint says, at everything after `Missed`, and anyway from time to time."""

    def __init__(self, facts: dict[int, int]) -> None:
        self.facts = facts
        self.seen = dict.fromkeys(facts, 0)
        self.looks_anyway = 0
        self._changed = Condition()

    def __call__(self, hint: Hint) -> None:
        with self._changed:
            if isinstance(hint, Missed):
                self.seen.update(self.facts)
            elif isinstance(hint, Moved):
                self.seen[hint.execution] = self.facts[hint.execution]
            self._changed.notify_all()

    def sees(self, facts: dict[int, int]) -> bool:
        """Whether everything is seen in the end."""
        with self._changed:
            for _ in range(int(PATIENCE / LOOK_ANYWAY)):
                if self._changed.wait_for(lambda: self.seen == facts, LOOK_ANYWAY):
                    return True
                self.looks_anyway += 1
                self.seen.update(self.facts)
        return False


def killed(redis: RedisServer, work: Callable[[], None]) -> None:
    redis.kill()
    work()
    redis.start()


def frozen(redis: RedisServer, work: Callable[[], None]) -> None:
    redis.freeze()
    work()
    redis.thaw()


def flushed(redis: RedisServer, work: Callable[[], None]) -> None:
    redis.say("FLUSHALL")
    work()
    redis.say("CLIENT", "KILL", "TYPE", "normal")


def partitioned(redis: RedisServer, work: Callable[[], None]) -> None:
    with redis.partitioned():
        work()


@pytest.mark.parametrize("fault", [killed, frozen, flushed, partitioned])
def test_no_fact_is_lost_whatever_befalls_redis(redis, bus, fault, count):
    facts = dict.fromkeys(range(EXECUTIONS), 0)
    chance = random.Random(fault.__name__)
    here, there = bus(redis.far_url), bus(redis.far_url)
    viewer = Viewer(facts)
    here.subscribe(viewer)

    def work() -> None:
        for _ in range(200):
            execution = chance.randrange(EXECUTIONS)
            facts[execution] += 1
            there.publish(execution, facts[execution])

    for _ in range(3):
        work()
        fault(redis, work)
        work()
        assert viewer.sees(facts)
    count(f"facts published while Redis is {fault.__name__}", sum(facts.values()))
    count(f"of these seen in the end, Redis {fault.__name__}", sum(viewer.seen.values()))
    count(f"looks without a hint, Redis {fault.__name__}", viewer.looks_anyway)


@pytest.mark.parametrize("fault", [killed, frozen, partitioned])
def test_nobody_waits_for_a_redis_that_is_away(redis, bus, fault):
    """Each of these would take seconds if it did, and the test would not end."""
    here = bus(redis.far_url)
    assert here.is_listening(PATIENCE)
    heard: list[Hint] = []
    here.subscribe(heard.append)

    def work() -> None:
        for number in range(1, 20_001):
            here.publish(number % 7, number)
            here.grown(number % 7, "unit", 1, number)

    fault(redis, work)
    assert len(heard) == 40_000, "one's own process hears without Redis"
    assert here.wait(20_000 % 7, after=19_999, timeout_seconds=0.0) == 20_000


class Ear:
    """What one bus hears, and waiting for it."""

    def __init__(self, bus: RedisBus) -> None:
        self._changed = Condition()
        self._heard: list[Hint] = []
        bus.subscribe(self._listen)

    def hears(self, hint: Hint) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: hint in self._heard, PATIENCE)

    def _listen(self, hint: Hint) -> None:
        with self._changed:
            self._heard.append(hint)
            self._changed.notify_all()


def test_one_that_was_away_says_so_once_it_is_back(redis, bus, caplog):
    here, there = bus(redis.far_url), bus(redis.far_url)
    assert here.is_listening(PATIENCE) and there.is_listening(PATIENCE)
    ear = Ear(here)
    with caplog.at_level("INFO", "ansflow.bus"):
        redis.kill()
        redis.start()
        assert ear.hears(Missed())
        there.publish(1, 1)
        assert ear.hears(Moved(1, 1))
    assert "the bus is back" in caplog.text


def test_what_one_that_is_away_cannot_say_is_said_later(redis, bus):
    here, there = bus(redis.url), bus(redis.far_url)
    assert here.is_listening(PATIENCE) and there.is_listening(PATIENCE)
    ear = Ear(here)
    with redis.partitioned():
        there.publish(1, 1)
    assert ear.hears(Moved(1, 1))


def test_a_redis_that_says_nothing_any_more_is_left(redis, bus, monkeypatch):
    """A connection whose other end is gone without a word stays open for ever, unless one asks."""
    monkeypatch.setattr(module, "QUIET", 0.2)
    monkeypatch.setattr(module, "SILENCE", 0.4)
    monkeypatch.setattr(module, "LOOK", 0.05)
    here = bus(redis.far_url)
    assert here.is_listening(PATIENCE)
    ear = Ear(here)
    with redis.partitioned():
        until(lambda: not here.is_listening(), "it has given up the connection")
    assert ear.hears(Missed())


def test_what_is_quiet_is_asked_and_stays(redis, bus, monkeypatch):
    monkeypatch.setattr(module, "QUIET", 0.05)
    monkeypatch.setattr(module, "LOOK", 0.02)
    here = bus()
    assert here.is_listening(PATIENCE)
    pings = Condition()
    with pings:
        for _ in range(int(PATIENCE / 0.05)):
            if "cmd=ping" in clients(redis):
                break
            pings.wait(0.05)
    assert "cmd=ping" in clients(redis)
    assert here.is_listening()


def test_two_installations_share_a_redis_by_its_numbers(redis, bus):
    other = bus(redis.url.replace("/0", "/1"))
    here, there = bus(), bus()
    assert other.is_listening(PATIENCE) and here.is_listening(PATIENCE)
    strange: list[Hint] = []
    other.subscribe(strange.append)
    heard: list[Hint] = []
    changed = Condition()

    def listen(hint: Hint) -> None:
        with changed:
            heard.append(hint)
            changed.notify_all()

    here.subscribe(listen)
    there.publish(1, 1)
    with changed:
        assert changed.wait_for(lambda: heard, PATIENCE)
    assert strange == []


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'["x"]',
        b'["x",[[1,"2"]],[]]',
        b'["x",[[1,2,3]],[]]',
        b'["x",[],[[1,2,3,4]]]',
        b'{"sender":"x","moved":[[1,1]],"grown":[]}',
        b'["x",[[1,99999999999999999999999999]],[]]',
    ],
)
def test_what_no_bus_has_written_is_passed_over(redis, bus, forged):
    here, there = bus(), bus()
    assert here.is_listening(PATIENCE)
    heard: list[Hint] = []
    changed = Condition()

    def listen(hint: Hint) -> None:
        with changed:
            heard.append(hint)
            changed.notify_all()

    here.subscribe(listen)
    with redis_py.Redis.from_url(redis.url) as stranger:
        assert stranger.publish("ansflow:0:hints", forged) >= 1
    there.grown(1, "unit", 1, 5)
    with changed:
        assert changed.wait_for(lambda: heard, PATIENCE)
    assert heard == [Grown(1, "unit", 1, 5)]
    assert here.is_listening()


def test_a_thousand_hints_of_one_execution_are_one_letter():
    outbox = Outbox()
    for seq in (*range(1, 1001), 7):
        outbox.moved(1, seq)
        outbox.grown(1, "unit", 1, seq)
    assert outbox.next("me") == Letter("me", [(1, 1000)], [(1, "unit", 1, 1000)])
    outbox.close()
    assert outbox.next("me") is None


def test_what_came_back_unsent_yields_to_what_is_newer():
    outbox = Outbox()
    outbox.moved(1, 5)
    letter = outbox.next("me")
    outbox.moved(1, 6)
    outbox.back(letter)
    assert outbox.next("me") == Letter("me", [(1, 6)], [])


def test_what_waits_to_be_said_is_bounded():
    outbox = Outbox()
    for execution in range(3 * module.MOST_PENDING):
        outbox.moved(execution, 1)
    said = 0
    outbox.close()
    while letter := outbox.next("me"):
        assert len(letter.moved) <= module.IN_ONE_LETTER
        said += len(letter.moved)
    assert said == module.MOST_PENDING


# ── at the start ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_redis_that_can_be_used_is_not_complained_of():
    with RedisServer(password="p@ss/word") as redis:
        check(redis.url)
        bus = RedisBus(redis.url)
        assert bus.is_listening(PATIENCE)
        bus.close()


def test_what_is_wrong_with_it_is_said_without_the_password():
    with RedisServer(password="right") as redis:
        place = f"127.0.0.1:{redis.port}"
        for url, why in {
            f"redis://:wr0ng@{place}/0": "it wants another user or password",
            f"redis://{place}/0": "it wants another user or password",
            f"redis://:right@{place}/4000": "it has no database of the number at the end of the address",
        }.items():
            with pytest.raises(InvalidSpec) as caught:
                check(url)
            assert str(caught.value) == f"Redis at {place} refuses this server: {why}."
        redis.kill()
        with pytest.raises(ExternalError) as away:
            check(redis.url)
        assert str(away.value) == f"Redis at {place} cannot be reached: Connection refused."


def test_what_is_no_redis_is_known_as_such():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(100)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = Thread(target=answer)
        answering.start()
        with pytest.raises(InvalidSpec, match="what answers there is not Redis"):
            check(f"redis://127.0.0.1:{listening.getsockname()[1]}/0")
        answering.join()


def test_who_has_no_redis_does_not_pay_for_its_driver():
    script = (
        "import sys, pathlib, ansflow.config.local\n"
        "from ansflow.config.bus import check_bus, make_bus\n"
        "from ansflow.config.settings import Settings\n"
        "settings = Settings(data_dir=pathlib.Path('/nowhere'))\n"
        "assert check_bus(settings) == ''\n"
        "make_bus(settings).close()\n"
        "print('redis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def clients(redis: RedisServer) -> Any:
    with redis_py.Redis.from_url(redis.url, decode_responses=True) as asking:
        return " ".join(f"cmd={client['cmd']}" for client in asking.client_list(_type="pubsub"))
