"""Workers of one installation are replaced one after the other, while executions go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation_process import Installation
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
EXECUTIONS = 12


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with RedisServer() as redis:
        made = Installation(tmp_path, database="postgresql", broker=redis.url, bus=redis.url)
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


def test_workers_are_replaced_while_executions_go_on(installation: Installation) -> None:
    server = installation.serve()
    installation.scheduler()
    running = {"one": installation.worker("one"), "two": installation.worker("two")}
    operator = Operator(server)
    names = {process: (process.data / "worker").read_text().strip() for process in running.values()}
    until(lambda: set(operator.workers()) == set(names.values()), "both workers are there")
    project = server.api("POST", "projects/", {"name": "shop"})["id"]
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": CHAIN})["id"]
    executions = [server.api("POST", f"pipelines/{pipeline}/run/", {})["id"] for _ in range(EXECUTIONS)]

    for process in running.values():
        name = names[process]
        operator.tell(name, "drain")
        until(lambda name=name: operator.is_in(name, "drained"), "it has heard it, and holds nothing")
        operator.tell(name, "stop")
        assert process.ended() == 0, "it ends by itself"
        process.start()
        until(lambda name=name: operator.is_in(name, "online"), "its next life takes steps")
        executions.append(server.api("POST", f"pipelines/{pipeline}/run/", {})["id"])

    ended = "success,failed,cancelled,timeout"
    until(lambda: server.api("GET", "cicd/executions/", status=ended)["count"] == len(executions), "all have ended")
    for execution in executions:
        found = server.api("GET", f"cicd/executions/{execution}/")
        assert found["status"] == "success"
        assert [step["attempt"] for step in found["step_executions"]] == [1, 1, 1], "nothing was run twice"
    record = [one["action"] for one in reversed(server.api("GET", "audit/", action="worker.")["results"])]
    assert record == ["worker.drain", "worker.stop"] * 2
