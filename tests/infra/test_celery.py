"""Doorbells over a real Redis and a real RabbitMQ: what is lost, doubled or forged costs a look or a delay."""

from __future__ import annotations

import json
import logging
import pickle
import random
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any

import pytest
from kombu import Connection
from redis import Redis

from ansflow.core.errors import ExternalError, InvalidSpec
from ansflow.infra.dispatch.bell import MOST_WAITING, Bell, Call, Ring
from ansflow.infra.dispatch.celery import check, make_app
from ansflow.infra.dispatch.listening import Listening
from ansflow.infra.dispatch.queues import CHORES
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer

PATIENCE = 60.0
QUEUES = ("ansflow.default", "ansflow.gpu", "ansflow.nobody", CHORES)
TASKS = {"execute_pipeline_task": True, "cleanup_old_executions": False, "health_check_tools": False}
FORGED = 1000

Broker = RedisServer | RabbitServer


@pytest.fixture(scope="module", params=[RedisServer, RabbitServer], ids=["redis", "rabbitmq"])
def running(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with request.param() as server:
        yield server


@pytest.fixture
def broker(running: Broker) -> Broker:
    """With nothing in it."""
    if isinstance(running, RedisServer):
        running.say("FLUSHALL")
    else:
        running.forget(QUEUES)
    return running


@dataclass
class Heard:
    """What a worker hears. While `held` is set, its calls do not come to their end."""

    rings: list[Ring] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)
    going_on: Event = field(default_factory=Event)

    def ring(self, ring: Ring) -> None:
        with self.changed:
            self.rings.append(ring)
            self.changed.notify_all()

    def call(self, call: Call) -> None:
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
        self.going_on.wait(PATIENCE)

    def until(self, found: Callable[[], Any]) -> Any:
        with self.changed:
            assert self.changed.wait_for(found, PATIENCE), (self.rings[-3:], self.calls[-3:])
        return found()


@pytest.fixture
def listen(broker: Broker) -> Iterator[Callable[..., tuple[Heard, Listening]]]:
    opened: list[tuple[Heard, Listening]] = []

    def begin(*queues: str) -> tuple[Heard, Listening]:
        heard = Heard()
        heard.going_on.set()
        app = make_app(broker.url, queues=queues)
        listening = Listening(app, tasks=TASKS, on_bell=heard.ring, on_call=heard.call)
        opened.append((heard, listening))
        listening.open()
        assert listening.is_listening(PATIENCE)
        return heard, listening

    yield begin
    for heard, listening in opened:
        heard.going_on.set()
        listening.close()


@pytest.fixture
def bell(broker: Broker) -> Iterator[Bell]:
    bell = Bell(make_app(broker.url))
    yield bell
    bell.close()


def waiting(broker: Broker, queue: str) -> int:
    """Messages in it that nobody has taken."""
    if isinstance(broker, RedisServer):
        return int(broker.say("LLEN", queue).removeprefix(":"))
    with Connection(broker.url) as connection:
        found = connection.default_channel.queue_declare(queue, passive=True)
        return int(found.message_count)


def test_a_doorbell_reaches_a_worker_of_its_queue_and_no_other(listen, bell):
    ours, _ = listen("default")
    theirs, _ = listen("gpu")
    bell.ring("gpu", 7, "train (model=a, size=2)")
    bell.ring("default", 42, "构建")
    assert theirs.until(lambda: theirs.rings) == [Ring("gpu", 7, "train (model=a, size=2)")]
    assert ours.until(lambda: ours.rings) == [Ring("default", 42, "构建")]


def test_of_two_workers_one_hears_a_doorbell(listen, bell):
    one, _ = listen("default")
    other, _ = listen("default")
    for number in range(1, 11):
        bell.ring("default", number, "unit")
        one.until(lambda: True)
        assert heard_by_somebody(one, other, number)
    assert len({ring.execution for ring in one.rings + other.rings}) == len(one.rings + other.rings)


def heard_by_somebody(one: Heard, other: Heard, number: int) -> bool:
    until = monotonic() + PATIENCE
    while monotonic() < until:
        if any(ring.execution == number for ring in one.rings + other.rings):
            return True
        with one.changed:
            one.changed.wait(0.01)
    return False


def test_a_task_is_called_once_at_a_time_and_again_after_that(listen, bell):
    heard, _listening = listen()
    heard.going_on.clear()
    bell.send("cleanup_old_executions", expires=60.0)
    heard.until(lambda: heard.calls)
    bell.send("cleanup_old_executions", expires=60.0)
    bell.send("execute_pipeline_task", 7)
    heard.until(lambda: Call("execute_pipeline_task", (7,)) in heard.calls)
    assert heard.calls.count(Call("cleanup_old_executions", ())) == 1, "one is still under way"
    heard.going_on.set()
    assert again(bell, heard)


def again(bell: Bell, heard: Heard) -> bool:
    until = monotonic() + PATIENCE
    while monotonic() < until:
        bell.send("cleanup_old_executions", expires=60.0)
        with heard.changed:
            if heard.changed.wait_for(lambda: heard.calls.count(Call("cleanup_old_executions", ())) > 1, 0.1):
                return True
    return False


def test_a_call_whose_time_is_over_is_not_carried_out(listen, bell, broker):
    sent = Bell(make_app(broker.url))
    sent.send("cleanup_old_executions", expires=-1.0)
    sent.send("health_check_tools", expires=60.0)
    heard, _listening = listen()
    heard.until(lambda: heard.calls)
    sent.close()
    assert heard.calls == [Call("health_check_tools", ())]


def test_a_queue_that_nobody_serves_does_not_grow_for_ever(bell, broker):
    for number in range(1, 4 * MOST_WAITING):
        bell.ring("nobody", number, "unit")
        assert wait_until(lambda: not bell._rings), "the bell takes them one by one"
    assert waiting(broker, "ansflow.nobody") <= 2 * MOST_WAITING


@pytest.mark.parametrize("queue", ["", "chores", "a b", "x" * 101, "../default", "default\n", "默认"])
def test_no_bell_is_rung_in_a_queue_that_no_worker_can_serve(listen, bell, queue):
    heard, listening = listen("default")
    bell.ring(queue, 1, "unit")
    bell.ring("default", 2, "unit")
    heard.until(lambda: heard.rings)
    assert heard.rings == [Ring("default", 2, "unit")] and not listening.refused


def test_while_the_broker_is_away_workers_are_told_another_way(listen, bell, broker):
    heard, _listening = listen("default")
    bell.ring("default", 1, "unit")
    heard.until(lambda: heard.rings)
    told: SimpleQueue[str] = SimpleQueue()
    bell.otherwise = told.put
    broker.kill()
    bell.ring("gpu", 2, "train")
    try:
        assert told.get(timeout=PATIENCE) == "gpu"
    finally:
        broker.start()


def test_while_the_broker_is_away_nobody_waits_and_what_was_rung_becomes_one_message(listen, bell, broker, caplog):
    heard, _listening = listen("default", "gpu")
    bell.ring("default", 1, "unit")
    heard.until(lambda: heard.rings)
    with caplog.at_level(logging.WARNING, "ansflow.broker"):
        broker.kill()
        began = monotonic()
        for number in range(1, 1001):
            bell.ring("default", number, "unit")
            bell.ring("gpu", number, "unit")
        assert monotonic() - began < 5.0, "ringing never waits"
        until_away(bell)
        broker.start()
        heard.until(lambda: {ring.queue for ring in heard.rings[1:]} == {"default", "gpu"})
    assert len(heard.rings) <= 7, "a thousand offers are one doorbell, or two that were on their way"
    said = [record.getMessage() for record in caplog.records if record.name == "ansflow.broker"]
    assert len([one for one in said if "is away" in one]) <= 2, said  # of the bell, and of the ear
    assert len([one for one in said if "is back" in one]) <= 2, said


def until_away(bell: Bell) -> None:
    until = monotonic() + PATIENCE
    while not bell.is_away():
        assert monotonic() < until
        bell._closed.wait(0.01)


def test_what_no_broker_raises_costs_one_letter_and_is_logged(listen, bell, monkeypatch, caplog):
    heard, _ = listen("default")
    post, stumbled = bell._post, Event()

    def stumble(*_: Any) -> None:
        monkeypatch.setattr(bell, "_post", post)
        stumbled.set()
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(bell, "_post", stumble)
    bell.ring("default", 1, "lost")
    assert stumbled.wait(PATIENCE)
    bell.ring("default", 2, "heard")
    heard.until(lambda: heard.rings)
    assert heard.rings == [Ring("default", 2, "heard")]
    assert "the bell stumbled over" in caplog.text
    assert not bell.is_away()


def test_it_is_told_whether_the_broker_can_be_reached(broker):
    check(broker.url)


def test_a_broker_that_is_not_there_is_a_sentence_without_its_password():
    with pytest.raises(ExternalError) as away:
        check("redis://:hunter2@127.0.0.1:1/0")
    assert str(away.value) == "The broker at 127.0.0.1:1 cannot be reached: Connection refused."
    with pytest.raises(ExternalError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused"):
        check("amqp://ann:hunter2@127.0.0.1:1/")


def test_a_redis_that_wants_another_password_refuses_the_start():
    with RedisServer(password="right") as redis, pytest.raises(InvalidSpec) as refused:
        check(redis.url.replace("right", "wrong"))
    assert "wants another user or password" in str(refused.value) and "wrong" not in str(refused.value)


def test_a_redis_without_a_database_of_that_number_refuses_the_start():
    with RedisServer(password="right") as redis, pytest.raises(InvalidSpec) as refused:
        check(redis.url.rpartition("/")[0] + "/99")
    assert str(refused.value) == (
        f"The broker at 127.0.0.1:{redis.port} refuses this process: "
        "it has no database of the number at the end of the address."
    )


def test_a_rabbitmq_that_wants_another_password_refuses_the_start(broker):
    if isinstance(broker, RedisServer):
        pytest.skip("the test before is the one for Redis")
    with pytest.raises(InvalidSpec, match="wants another user or password"):
        check(broker.url.replace("guest:guest", "guest:wrong"))


@pytest.mark.parametrize("scheme", ["amqps", "rediss"])
def test_a_broker_whose_certificate_is_for_another_name_is_told_nothing(scheme, tmp_path):
    said: list[bytes] = []
    with tls_server("broker.example", tmp_path, said) as port, pytest.raises(ExternalError, match="certificate"):
        check(f"{scheme}://ann:hunter2@127.0.0.1:{port}/?ssl_ca_certs={tmp_path / 'cert'}")
    assert not any(said)


@contextmanager
def tls_server(name: str, folder: Path, said: list[bytes]) -> Iterator[int]:
    """On loopback, with a certificate for that name which vouches for itself: `said` is what it hears."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")

    def answer() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                said.append(secured.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


# ── the broker as an attacker ────────────────────────────────────────────────────────────────────────────────────


class Witness:
    """What a pickle would do to whoever opens it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> Any:
        return (Path.touch, (self._file,))


def forged(chance: random.Random, witness: Path) -> tuple[bytes, dict[str, Any], str]:
    """A message that is none of ours: body, headers, content type."""
    evil = pickle.dumps(Witness(witness))
    run = f"!!python/object/apply:os.system ['touch {witness}']".encode()
    good = json.dumps([[1, "unit"], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()
    kind: dict[str, Any] = {"lang": "py", "task": "run_step", "id": str(chance.random()), "argsrepr": "(1, 'unit')"}
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    bad_arguments: list[Any] = [
        [], [1], ["1", "unit"], [1, 2], [-1, "unit"], [0, "unit"], [1.5, "unit"], [True, "unit"], [None, None], {},
        [2**80, "unit"], [1, ""], [1, "x" * 300], [1, "unit", 3], [[1], "unit"], "unit", 7, None, [{"__type__": "os"}],
    ]  # fmt: skip
    return chance.choice(
        [
            (b"x\x9c" + b"\0" * 50, {**kind, "compression": "zlib"}, "application/json"),
            (evil, kind, "application/x-python-serialize"),
            (evil, kind, "application/json"),
            (run, kind, "application/x-yaml"),
            (good, kind, "application/x-msgpack"),
            (good, {**kind, "eta": soon}, "application/json"),
            (good, {**kind, "expires": "yesterday"}, "application/json"),
            (good, {**kind, "expires": "2001-01-01T00:00:00+00:00"}, "application/json"),
            (good, {**kind, "task": "os.system"}, "application/json"),
            (good, {**kind, "task": "celery.backend_cleanup"}, "application/json"),
            (good, {**kind, "task": ["run_step"]}, "application/json"),
            (good, {**kind, "task": {"a": 1}}, "application/json"),
            (good, {**kind, "task": None}, "application/json"),
            (good, {}, "application/json"),
            (good, {**kind, "compression": "application/x-gzip"}, "application/json"),
            (b"[" * 20_000, kind, "application/json"),
            (b"x" * 2_000_000, kind, "application/json"),
            (b"", kind, "application/json"),
            (b"\xff\xfe\x00", kind, "application/json"),
            (json.dumps({"task": "run_step", "args": [1, "unit"], "id": "1"}).encode(), {}, "application/json"),
            (json.dumps([[5], {}, {}]).encode(), {**kind, "task": "cleanup_old_executions"}, "application/json"),
            (json.dumps([chance.choice(bad_arguments), {}, {}]).encode(), kind, "application/json"),
            (json.dumps([chance.choice(bad_arguments)]).encode(), kind, "application/json"),
        ]
    )


def test_a_thousand_forged_messages_do_nothing_and_the_next_doorbell_is_heard(listen, bell, broker, tmp_path):
    heard, listening = listen("default")
    witness, chance = tmp_path / "witness", random.Random(7)
    with Connection(broker.url) as connection:
        producer = connection.Producer(auto_declare=False)
        for _ in range(FORGED):
            body, headers, content_type = forged(chance, witness)
            producer.publish(
                body, routing_key=chance.choice(QUEUES[::3]), headers=headers, content_type=content_type,
                content_encoding="binary", serializer=None,
            )  # fmt: skip
    if isinstance(broker, RedisServer):
        raw = Redis.from_url(broker.url)
        for text in (b"", b"junk", b"{}", b"[]", b"null", b'{"body": 1}', b'{"body": "!", "properties": {}}', b"\xff",
                     b'{"body": "W10=", "properties": {"delivery_info": {}, "body_encoding": "base64"}, "headers": []}',
                     pickle.dumps(Witness(witness))):  # fmt: skip
            raw.lpush("ansflow.default", text)
        raw.close()
    assert wait_until(lambda: waiting(broker, "ansflow.default") + waiting(broker, CHORES) == 0)
    bell.ring("default", 42, "unit")
    heard.until(lambda: heard.rings)
    assert heard.rings == [Ring("default", 42, "unit")] and heard.calls == []
    assert wait_until(lambda: listening.refused >= FORGED - 5), listening.refused
    assert not witness.exists()


def wait_until(found: Callable[[], bool]) -> bool:
    end, pause = monotonic() + PATIENCE, Event()
    while monotonic() < end:
        if found():
            return True
        pause.wait(0.01)
    return False


def test_what_comes_twice_or_in_another_order_is_a_doorbell_all_the_same(listen, broker):
    heard, _listening = listen("default", "gpu")
    body = json.dumps([[3, "unit"], {}, {"chain": [{"task": "os.system"}], "callbacks": [{"task": "x"}]}])
    with Connection(broker.url) as connection:
        producer = connection.Producer(auto_declare=False)
        for _ in range(20):
            for queue in ("ansflow.gpu", "ansflow.default"):
                producer.publish(
                    body, routing_key=queue, headers={"task": "run_step", "id": "same", "retries": 3, "group": "g"},
                    content_type="application/json", content_encoding="utf-8", serializer=None,
                )  # fmt: skip
    heard.until(lambda: len(heard.rings) == 40)
    assert {ring.execution for ring in heard.rings} == {3} and heard.calls == []
