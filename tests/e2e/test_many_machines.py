"""An installation as real processes, on PostgreSQL with Redis and on MariaDB with RabbitMQ.

What is lost, killed or forged on the way costs a delay. What has run, the steps write down themselves (`witness`).
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from kombu import Connection
from websockets.sync.client import connect

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
GREEN = "built trained checked"
FORGED = 1000
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
    url = f"{house.server.url.replace('http', 'ws', 1)}/ws/monitor/"
    with connect(url, additional_headers={"Authorization": f"Bearer {house.server.token}"}) as socket:
        execution = house.begin(pipeline)
        seen = set()
        while "success" not in seen:
            frame = json.loads(socket.recv(timeout=PATIENCE))
            if frame["data"].get("execution_id") == execution:
                seen.add(frame["data"]["status"])
    found = house.end(execution)
    assert found["status"] == "success" and witness(place) == GREEN
    workers = {step["key"]: step["worker"] for step in found["step_executions"]}
    assert workers["build"] == workers["check"] != workers["train"]
    assert house.log(execution, "train") == "two\n"


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
    (name,) = {line.split()[1] for line in told(leaving) if line.startswith("Worker ")}
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
