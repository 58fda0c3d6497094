"""Every process of an installation is replaced, in the order of an upgrade, while executions go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansflow import __version__
from tests.installation_process import Installation
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess, until

CHAIN = """\
version: 1
name: chain
steps:
  first: {executor: host, run: echo first; sleep 0.5}
  second: {executor: host, needs: first, run: echo second; sleep 0.5}
  third: {executor: host, needs: second, run: echo third}
"""
HELD = """\
version: 1
name: held
steps:
  hold: {executor: host, run: "echo begun; until [ -e PLACE ]; do sleep 0.05; done; echo ended"}
"""
EXECUTIONS = 12
ENDED = "success,failed,cancelled,timeout"
HOUSES = [("postgresql", RedisServer), ("mariadb", RabbitServer)]


@pytest.fixture(params=HOUSES, ids=["postgresql-redis", "mariadb-rabbitmq"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    database, kind = request.param
    with RedisServer() as bus, kind() as broker:
        made = Installation(tmp_path, database=database, broker=broker.url, bus=bus.url)
        try:
            yield made
        finally:
            made.close()


class Operator:
    """What somebody does at the API during the upgrade."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server

    def workers(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self._server.api("GET", "workers/")["results"]}

    def tell(self, name: str, command: str) -> None:
        self._server.api("POST", f"workers/{self.workers()[name]['id']}/{command}/", {})

    def is_in(self, name: str, state: str) -> bool:
        return name in self.workers() and self.workers()[name]["state"] == state


def test_every_process_is_replaced_while_executions_go_on(installation: Installation, tmp_path: Path) -> None:
    server, other = installation.serve(), installation.serve("other")
    schedulers = [installation.scheduler("a"), installation.scheduler("b")]
    running = [installation.worker("one"), installation.worker("two")]
    operator = Operator(server)
    names = {process: (process.data / "worker").read_text().strip() for process in running}
    until(lambda: set(operator.workers()) == set(names.values()), "both workers are there")
    project = server.api("POST", "projects/", {"name": "shop"})["id"]
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": CHAIN})["id"]
    executions = [server.api("POST", f"pipelines/{pipeline}/run/", {})["id"] for _ in range(EXECUTIONS)]

    for leaving, staying in ((server, other), (other, server)):
        assert leaving.stop() == 0
        executions.append(staying.api("POST", f"pipelines/{pipeline}/run/", {})["id"])
        leaving.start()
    for scheduler in schedulers:
        assert scheduler.stop() == 0
        scheduler.start()
        executions.append(server.api("POST", f"pipelines/{pipeline}/run/", {})["id"])
    for process in running:
        name, before = names[process], operator.workers()[names[process]]["started_at"]
        operator.tell(name, "drain")
        until(lambda name=name: operator.is_in(name, "drained"), "it has heard it, and holds nothing")
        operator.tell(name, "stop")
        assert process.ended() == 0, "it ends by itself"
        process.start()
        until(lambda name=name: operator.is_in(name, "online"), "its next life takes steps")
        assert operator.workers()[name]["version"] == __version__ and operator.workers()[name]["started_at"] > before
        executions.append(server.api("POST", f"pipelines/{pipeline}/run/", {})["id"])

    until(lambda: server.api("GET", "cicd/executions/", status=ENDED)["count"] == len(executions), "all have ended")
    for execution in executions:
        found = server.api("GET", f"cicd/executions/{execution}/")
        assert found["status"] == "success"
        assert [step["attempt"] for step in found["step_executions"]] == [1, 1, 1], "nothing was run twice"
    record = [one["action"] for one in reversed(server.api("GET", "audit/", action="worker.")["results"])]
    assert record == ["worker.drain", "worker.stop"] * 2

    place = tmp_path / "go"
    source = {"project": project, "source": HELD.replace("PLACE", str(place))}
    held = server.api("POST", f"pipelines/{server.api('POST', 'pipelines/', source)['id']}/run/", {})["id"]
    holds = until(lambda: [name for name, one in operator.workers().items() if one["running"]], "one runs the step")
    (process,) = [process for process, name in names.items() if [name] == holds]
    assert process.stop() == 0, "who cannot wait for it need not: it lets go of what runs"
    process.start()
    place.touch()
    until(lambda: server.api("GET", f"cicd/executions/{held}/")["ended_at"], "it ends")
    (step,) = server.api("GET", f"cicd/executions/{held}/")["step_executions"]
    assert (step["status"], step["attempt"], step["worker"]) == ("success", 1, holds[0])
    assert server.api("GET", f"cicd/executions/{held}/logs/", step="hold") == "begun\nended\n"
