"""Workers of a real server, on each database: drained with a step in flight, and resumed, from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import KINDS, fresh
from tests.server_process import ANSFLOW, PATIENCE, ServerProcess, environment, until

LONG = "version: 1\nname: long\nsteps:\n  wait: {executor: host, run: sleep 600}\n"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    url = fresh(request.param)
    server = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true", ANSFLOW_DATABASE_URL=url)
    server.start_with_administrator()
    yield server
    assert server.stop() == 0


def test_an_operator_drains_and_resumes_the_worker_of_a_server(server: ServerProcess, tmp_path: Path) -> None:
    def ansflow(*words: str) -> Any:
        env = environment(tmp_path / "client", ANSFLOW_SERVER=server.url, ANSFLOW_TOKEN=server.token)
        command = [ANSFLOW, "workers", *words, "--json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    project = server.api("POST", "projects/", {"name": "shop"})["id"]
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": LONG})["id"]
    execution = server.api("POST", f"pipelines/{pipeline}/run/", {})["id"]
    (worker,) = until(lambda: [one for one in ansflow("list") if one["running"]], "a worker runs the step")
    assert (worker["state"], worker["commands"]) == ("online", ["drain"])
    assert worker["silent_seconds"] < 15
    assert [(one["execution"], one["step"]) for one in worker["steps"]] == [(execution, "wait")]
    (queue,) = ansflow("queues")
    assert (queue["name"], queue["waiting"], queue["running"]) == ("default", 0, 1)
    assert queue["workers"] == [worker["name"]]

    assert ansflow("drain", worker["name"])["state"] == "draining"
    server.api("POST", f"cicd/executions/{execution}/cancel/", {"immediate": True})
    until(lambda: ansflow("list")[0]["state"] == "drained", "it has heard it, and nothing runs any more")
    later = server.api("POST", f"pipelines/{pipeline}/run/", {})["id"]
    seen = ansflow("list")[0]["seen_at"]
    until(lambda: ansflow("list")[0]["seen_at"] > seen, "it is heard of again, and still takes nothing")
    (queue,) = ansflow("queues")
    assert (queue["waiting"], queue["running"], queue["slots"], queue["reason"]) == (1, 0, 4, "draining")

    assert ansflow("resume", worker["name"])["state"] == "online"
    running = until(lambda: ansflow("list")[0]["steps"], "it takes the step that has waited")
    assert [one["execution"] for one in running] == [later]
    server.api("POST", f"cicd/executions/{later}/cancel/", {"immediate": True})
    assert server.api("GET", "cicd/executions/")["count"] == 2, "nothing was run twice"
    record = server.api("GET", "audit/", action="worker.")["results"]
    assert [one["action"] for one in record] == ["worker.resume", "worker.drain"]
