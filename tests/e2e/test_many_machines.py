"""An installation as real processes, on PostgreSQL with Redis and on MariaDB with RabbitMQ.

What is lost, killed or forged on the way costs a delay. What has run, the steps write down themselves (`witness`).
"""

from __future__ import annotations

import base64
import json
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from kombu import Connection
from kombu.message import Message
from redis import Redis
from websockets.sync.client import ClientConnection, connect

from ansflow.apps.executions.models import PipelineExecution
from ansflow.infra.dispatch.bell import Bell
from ansflow.infra.dispatch.celery import declared, make_app
from tests.databases import use
from tests.infra.test_celery import forged
from tests.installation_process import Installation
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.server_process import PATIENCE, ServerProcess, until

SOURCE = """
version: 1
name: many
steps:
  build: {executor: host, run: "echo built >> PLACE/witness; echo one"}
  train: {executor: host, needs: build, runs_on: gpu, run: "echo trained >> PLACE/witness; echo two"}
  check: {executor: host, needs: train, run: "echo checked >> PLACE/witness; exit 0"}
"""
HELD = """
version: 1
name: held
steps:
  hold:
    executor: host
    run: |
      echo begun >> PLACE/witness
      echo first
      until [ -e PLACE/go ]; do sleep 0.05; done
      echo last
"""
RETRIED = """
version: 1
name: retried
steps:
  flaky: {executor: host, run: "echo tried >> PLACE/witness; test -e PLACE/go", retry: {max: 5, delay: 1s}}
"""
CHAIN = """
version: 1
name: chain
steps:
  one: {executor: host, runs_on: late, run: "echo one >> PLACE/witness"}
  two: {executor: host, runs_on: late, needs: one, run: "echo two >> PLACE/witness"}
  three: {executor: host, runs_on: late, needs: two, run: "echo three >> PLACE/witness"}
"""
KEEPING = """
version: 1
name: keeping
steps:
  build: {executor: host, run: "echo built > app; echo one", artifacts: [app]}
  train: {executor: host, needs: build, runs_on: gpu, run: "echo trained > model; echo two", artifacts: [model]}
"""
GREEN = "built trained checked"
FORGED = 1000
COPIES = 100  # of each real message, and as many with a byte flipped
TAKEN_OVER = 5.0  # seconds


class House:
    """An installation with everything in it, and a project to run pipelines in."""

    def __init__(self, folder: Path, database: str, broker: RedisServer | RabbitServer, bus: RedisServer) -> None:
        self.broker = broker
        self.installation = Installation(folder, database=database, broker=broker.url, bus=bus.url)
        self.server = self.installation.serve()
        self.workers = {
            "one": self.installation.worker("one", queues="default"),
            "gpu": self.installation.worker("gpu", queues="gpu"),
        }
        self.schedulers = [self.installation.scheduler("a"), self.installation.scheduler("b")]
        self.project = self.server.api("POST", "projects/", {"name": "shop"})["id"]
        self._folder, self._number = folder, 0

    def pipeline(self, source: str) -> tuple[int, Path]:
        """Its number, and the folder in which its steps leave a witness."""
        self._number += 1
        place = self._folder / f"place-{self._number}"
        place.mkdir()
        body = {"project": self.project, "name": f"p{self._number}", "source": source.replace("PLACE", str(place))}
        return int(self.server.api("POST", "pipelines/", body)["id"]), place

    def begin(self, pipeline: int) -> int:
        return int(self.server.api("POST", "cicd/executions/", {"pipeline_id": pipeline})["id"])

    def get(self, execution: int) -> dict[str, Any]:
        return dict(self.server.api("GET", f"cicd/executions/{execution}/"))

    def end(self, execution: int) -> dict[str, Any]:
        return dict(until(lambda: (found := self.get(execution))["ended_at"] and found, "the execution ends"))

    def numbers(self) -> set[int]:
        return {one["id"] for one in self.server.api("GET", "cicd/executions/", page_size=100)["results"]}

    @contextmanager
    def database(self) -> Iterator[str]:
        """As an alias of Django in this process."""
        use("house", self.installation.database_url)
        try:
            yield "house"
        finally:
            connections["house"].close()
            del connections["house"]

    def log(self, execution: int, step: str) -> str:
        return str(self.server.api("GET", f"cicd/executions/{execution}/logs/", step=step))


HOUSES = [("postgresql", RedisServer), ("mariadb", RabbitServer)]


@pytest.fixture(scope="module", params=HOUSES, ids=["postgresql-redis", "mariadb-rabbitmq"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    database, kind = request.param
    with RedisServer() as bus, kind() as broker:
        made = House(tmp_path_factory.mktemp("house"), database, broker, bus)
        yield made
        made.installation.close()


def witness(place: Path) -> str:
    file = place / "witness"
    return " ".join(file.read_text().split()) if file.exists() else ""


def test_a_pipeline_goes_from_worker_to_worker_and_is_seen_live(house: House) -> None:
    pipeline, place = house.pipeline(SOURCE)
    token = house.server.token
    with connect(live(house.server, "monitor"), additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        execution = house.begin(pipeline)
        seen_until(socket, execution, "success")
    found = house.end(execution)
    assert found["status"] == "success" and witness(place) == GREEN
    workers = {step["key"]: step["worker"] for step in found["step_executions"]}
    assert workers["build"] == workers["check"] != workers["train"]
    assert house.log(execution, "train") == "two\n"


def test_a_task_that_is_called_over_the_broker_is_done_by_a_worker(house: House) -> None:
    """By the active scheduler when its time has come, or by whoever else reaches the broker."""

    def checked_at() -> Any:
        (local,) = house.server.api("GET", "cicd/tools/")["results"]
        return local["checked_at"]

    until(checked_at, "the scheduler has a worker look after the tools")
    archives = house.installation.shared / "pipelines"
    assert not archives.exists()
    bell = Bell(make_app(house.broker.url))
    bell.send("backup_pipeline_configurations", expires=PATIENCE)
    until(lambda: list(archives.glob("pipelines-*.zip")), "the texts of all pipelines are kept")
    bell.close()


def test_what_was_kept_long_enough_goes_from_database_and_storage(house: House, django_db_blocker: Any) -> None:
    pipeline, _ = house.pipeline(KEEPING)
    old, young = house.begin(pipeline), house.begin(pipeline)
    for execution in (old, young):
        assert house.end(execution)["status"] == "success"
    rerun = house.server.api("POST", f"cicd/executions/{young}/rerun/", {})["id"]
    house.end(rerun)
    house.server.api("PATCH", f"projects/{house.project}/", {"keep_executions_days": 1})
    with django_db_blocker.unblock(), house.database() as alias:
        PipelineExecution.objects.using(alias).filter(id=old).update(ended_at=timezone.now() - timedelta(days=2))
    before = kept_of(house, young)
    bell = Bell(make_app(house.broker.url))
    bell.send("cleanup_old_executions", expires=PATIENCE)
    until(lambda: old not in house.numbers(), "it is gone")
    bell.close()
    assert not kept_of(house, old) and kept_of(house, young) == before
    assert {young, rerun} <= house.numbers()
    entry = until(lambda: house.server.api("GET", "audit/", action="retention.apply")["results"], "it is recorded")[0]
    assert entry["after"] == {"executions": 1} and house.server.api("GET", "audit/verify/")["whole"]
    house.server.api("PATCH", f"projects/{house.project}/", {"keep_executions_days": 0})


def kept_of(house: House, execution: int) -> dict[str, bytes]:
    """Logs and lists of artifacts in the storage that all machines share."""
    files = [path for path in house.installation.shared.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files if str(execution) in path.parts}


def test_two_servers_are_one_to_whoever_asks_them_and_one_goes_on_alone(house: House) -> None:
    one, other = house.server, house.installation.serve("server-2")
    pipeline, place = house.pipeline(SOURCE)
    held, place_of_held = house.pipeline(HELD)
    assert other.api("GET", f"pipelines/{pipeline}/", token=one.token)["id"] == pipeline
    token = other.token
    assert one.api("GET", "auth/users/me/", token=token)["username"] == "admin"

    with connect(live(other, "monitor"), additional_headers={"Authorization": f"Bearer {one.token}"}) as socket:
        begun_at_one, waits_for_other = house.begin(pipeline), house.begin(held)
        seen_until(socket, begun_at_one, "success")
        assert witness(place) == GREEN
        until(lambda: witness(place_of_held), "the step has begun")

        one.kill()
        (place_of_held / "go").touch()
        seen_until(socket, waits_for_other, "success")
        begun_at_other = other.api("POST", "cicd/executions/", {"pipeline_id": pipeline}, token=token)["id"]
        seen_until(socket, begun_at_other, "success")
    assert other.api("GET", f"cicd/executions/{waits_for_other}/logs/", step="hold") == "first\nlast\n"
    assert witness(place) == f"{GREEN} {GREEN}"

    one.start()
    assert house.get(begun_at_other)["status"] == "success"
    assert one.api("GET", "auth/users/me/", token=token)["username"] == "admin"
    assert other.stop() == 0


def live(server: ServerProcess, room: str) -> str:
    return f"{server.url.replace('http', 'ws', 1)}/ws/{room}/"


def seen_until(socket: ClientConnection, execution: int, status: str) -> None:
    """Returns once the socket has told that of the execution."""
    seen = ""
    while seen != status:
        frame = json.loads(socket.recv(timeout=PATIENCE))
        if frame["type"] == "execution_update" and frame["data"]["execution_id"] == execution:
            seen = frame["data"]["status"]


def test_an_edge_shows_an_execution_and_answers_nothing_else(house: House) -> None:
    edge = house.installation.edge("edge-1")
    pipeline, _ = house.pipeline(SOURCE)
    execution = house.begin(pipeline)
    url = f"{edge.url.replace('http', 'ws', 1)}/ws/executions/{execution}/"
    with connect(url, additional_headers={"Authorization": f"Bearer {house.server.token}"}) as socket:
        status = ""
        while status != "success":
            frame = json.loads(socket.recv(timeout=PATIENCE))
            data = frame["data"]
            status = data.get("execution", data).get("status", "") if frame["type"] != "step_update" else status
    assert edge.get("/readyz").json()["ready"] is True
    assert edge.get("/api/v1/projects/", Authorization=f"Bearer {house.server.token}").status_code == 404
    assert edge.stop() == 0


def test_a_worker_that_is_killed_in_mid_step_adopts_it_when_it_comes_back(house: House) -> None:
    pipeline, place = house.pipeline(HELD)
    execution = house.begin(pipeline)
    until(lambda: witness(place), "the step has begun")
    house.workers["one"].kill()
    house.workers["one"].start()
    (place / "go").touch()
    found = house.end(execution)
    assert found["status"] == "success" and found["step_executions"][0]["attempt"] == 1
    assert witness(place) == "begun" and house.log(execution, "hold") == "first\nlast\n"


def test_a_worker_that_is_told_to_stop_ends_what_runs_and_then_itself(house: House) -> None:
    leaving = house.installation.worker("leaving", queues="leaving")
    name = worker_of(leaving)
    pipeline, place = house.pipeline(HELD.replace("executor: host", "executor: host\n    runs_on: leaving"))
    execution = house.begin(pipeline)
    until(lambda: witness(place), "the step has begun")
    (worker,) = [one for one in house.server.api("GET", "workers/")["results"] if one["name"] == name]
    house.server.api("POST", f"workers/{worker['id']}/stop/")
    leaving.wait_for("An operator wants this worker to stop")
    assert leaving.is_running, "what runs goes on"
    (place / "go").touch()
    assert house.end(execution)["status"] == "success"
    assert leaving.ended() == 0 and leaving.said[-1] == "Ended."
    assert name not in {one["name"] for one in house.server.api("GET", "workers/")["results"]}, (
        "nobody takes it for lost"
    )


def test_of_two_schedulers_one_is_active_and_the_other_takes_over_at_once(house: House) -> None:
    active, waiting = sorted(house.schedulers, key=lambda one: "This scheduler is active." not in told(one))
    until(lambda: any("Another one is active" in line for line in told(waiting)), "the other says that it waits")
    pipeline, place = house.pipeline(RETRIED)
    execution = house.begin(pipeline)
    until(lambda: witness(place), "the step was tried")
    began = monotonic()
    active.kill()
    waiting.wait_for("This scheduler is active.")
    assert monotonic() - began < TAKEN_OVER
    (place / "go").touch()
    assert house.end(execution)["status"] == "success", "the retry that was due is dealt with by the other"
    active.start()
    house.schedulers = [waiting, active]


def told(process: ServerProcess) -> list[str]:
    """What it has said so far."""
    while not process._lines.empty():
        process.said.append(process._lines.get())
    return process.said


def test_what_the_broker_loses_comes_later(house: House) -> None:
    pipeline, place = house.pipeline(SOURCE)
    house.broker.kill()
    execution = house.begin(pipeline)
    if isinstance(house.broker, RedisServer):
        found = house.end(execution)  # also while it is away: idle workers look for themselves
        house.broker.start()
    else:
        house.broker.start()
        found = house.end(execution)
    assert found["status"] == "success" and witness(place) == GREEN


def test_a_thousand_forged_messages_change_nothing(house: House, tmp_path: Path) -> None:
    pipeline, place = house.pipeline(SOURCE)
    chance, pickled = random.Random(11), tmp_path / "pickled"
    pending = house.begin(house.pipeline(HELD)[0])
    before = len(house.server.api("GET", "cicd/executions/")["results"])
    with Connection(house.broker.url) as connection:
        producer = connection.Producer(auto_declare=False)
        for number in range(FORGED):
            body, headers, content_type = forged(chance, pickled)
            if number % 4 == 0:  # word for word as ours are: a step that nobody offers, an execution that has begun
                name, args = chance.choice(
                    [("run_step", [pending, "hold"]), ("run_step", [10**9, "build"]), ("run_step", [1, "none"]),
                     ("execute_pipeline_task", [pending]), ("execute_pipeline_async", [10**9]),
                     ("process_webhook_event", [1]), ("monitor_remote_execution", [1]), ("sync_tool_jobs", []),
                     ("cleanup_old_executions", []), ("health_check_tools", [])]
                )  # fmt: skip
                body, content_type = json.dumps([args, {}, {}]).encode(), "application/json"
                headers = {"task": name, "id": str(number)}
            queue = "ansflow.chores" if headers.get("task") != "run_step" else "ansflow.default"
            producer.publish(
                body, routing_key=queue, headers=headers, content_type=content_type, content_encoding="utf-8",
                serializer=None,
            )  # fmt: skip
    execution = house.begin(pipeline)
    assert house.end(execution)["status"] == "success" and witness(place) == GREEN
    assert len(house.server.api("GET", "cicd/executions/")["results"]) == before + 1
    assert not pickled.exists()
    until(lambda: house.get(pending)["step_executions"][0]["status"] == "running", "the other one runs")
    house.server.api("POST", f"cicd/executions/{pending}/cancel/", {})
    assert house.end(pending)["status"] == "cancelled"


def test_real_messages_that_come_again_or_with_a_byte_flipped_run_no_step_twice(house: House) -> None:
    """Those of steps that are on offer: copied, and changed in the body, in a header, or as the broker keeps them."""
    chance = random.Random(6)
    pipeline, place = house.pipeline(CHAIN)
    before = house.server.api("GET", "cicd/executions/")["count"]
    with Connection(house.broker.url) as connection:
        channel = connection.default_channel
        declared("ansflow.late")(channel).declare()
        executions, caught = [], []
        for _ in range(3):
            executions.append(house.begin(pipeline))
            caught.append(until(lambda: channel.basic_get("ansflow.late", no_ack=True), "it is offered by a message"))
        assert {json.loads(message.body)[0][0] for message in caught} <= set(executions)
        for queue in ("ansflow.late", "ansflow.default", "ansflow.gpu"):  # in those of others, too
            again(connection, queue, caught, chance)
        late = house.installation.worker("late", queues="late")
        until(lambda: witness(place), "the first step has run")
        again(connection, "ansflow.late", caught, chance)
        if isinstance(house.broker, RedisServer):
            as_it_is_kept(house.broker, caught, chance)
    for execution in executions:
        found = house.end(execution)
        assert found["status"] == "success", found
        assert {step["attempt"] for step in found["step_executions"]} == {1}
        assert {step["worker"] for step in found["step_executions"]} == {worker_of(late)}
    assert sorted(witness(place).split()) == sorted(["one", "two", "three"] * len(executions))
    assert house.server.api("GET", "cicd/executions/")["count"] == before + len(executions)
    assert "Traceback" not in late.errors.read_text()
    pipeline, place = house.pipeline(CHAIN)
    assert house.end(house.begin(pipeline))["status"] == "success" and witness(place) == "one two three"
    assert late.stop() == 0


def again(connection: Connection, queue: str, messages: list[Message], chance: random.Random) -> None:
    """Each many times over, and as often with something about it changed."""
    producer = connection.Producer(auto_declare=False)
    for _ in range(COPIES):
        for message in messages:
            body, headers = bytes_of(message), dict(message.headers)
            for changed in (False, True):
                if changed and chance.random() < 0.5:
                    body = flipped(body, chance)
                elif changed:
                    name = chance.choice(sorted(headers))
                    headers[name] = flipped(str(headers[name]).encode(), chance).decode("latin-1")
                producer.publish(
                    body, routing_key=queue, headers=headers, content_type="application/json",
                    content_encoding="utf-8", serializer=None,
                )  # fmt: skip


def as_it_is_kept(redis: RedisServer, messages: list[Message], chance: random.Random) -> None:
    """What Kombu writes around a message can be changed in Redis as well."""
    with Redis.from_url(redis.url) as client:
        for message in messages:
            body = base64.b64encode(bytes_of(message)).decode()
            properties = {**message.properties, "delivery_info": message.delivery_info, "body_encoding": "base64"}
            whole = json.dumps({
                "body": body, "content-encoding": "utf-8", "content-type": "application/json",
                "headers": message.headers, "properties": {**properties, "delivery_tag": "1"},
            }).encode()  # fmt: skip
            for _ in range(COPIES):
                client.lpush("ansflow.late", whole, flipped(whole, chance))


def bytes_of(message: Message) -> bytes:
    return message.body if isinstance(message.body, bytes) else str(message.body).encode()


def flipped(text: bytes, chance: random.Random) -> bytes:
    """One bit of one byte is another."""
    at = chance.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << chance.randrange(8)]) + text[at + 1 :]


def worker_of(process: ServerProcess) -> str:
    (name,) = {line.split()[1] for line in told(process) if line.startswith("Worker ")}
    return name


def test_without_a_worker_or_a_scheduler_the_server_says_so(house: House) -> None:
    ready = house.server.get("/readyz").json()
    assert ready["ready"] is True and ready["checks"]["workers"] == ready["checks"]["scheduler"] == "ok"
    for scheduler in house.schedulers:
        assert scheduler.stop() == 0
    until(lambda: "No scheduler" in house.server.get("/readyz").json()["checks"]["scheduler"], "it is missed")
    assert house.server.get("/readyz").status_code == 200
    (local,) = house.server.api("GET", "cicd/tools/")["results"]
    checked = house.server.api("POST", f"cicd/tools/{local['id']}/health_check/", {})
    assert checked["status"] == "error" and "No scheduler is alive" in checked["message"]
    for scheduler in house.schedulers:
        scheduler.start()


@pytest.mark.parametrize("name", ["one", "gpu"])
def test_a_signal_ends_a_worker_with_grace(house: House, name: str) -> None:
    assert house.workers[name].stop(signal.SIGTERM) == 0
    assert house.workers[name].said[-1] == "Ended."
    house.workers[name].start()
