"""Steps of one execution on two real workers, each with a data folder of its own: the files follow, also of a retry."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation_process import Installation
from tests.redis_server import RedisServer
from tests.server_process import until

PIPELINE = """
version: 1
name: shop
steps:
  fetch: {executor: host, runs_on: north, run: "mkdir src && echo one > src/a && ln -s a src/link && pwd > where-0"}
  build: {executor: host, runs_on: south, needs: [fetch], run: "cat src/link > app && rm -r src && pwd > where-1"}
  test: {executor: host, runs_on: north, needs: [build], run: "test ! -e src && grep one app && echo good > report"}
  pack: {executor: host, runs_on: south, needs: [test], run: "sort -u where-* | wc -l && cat report && test -e READY"}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Installation]:
    with RedisServer() as redis:
        found = Installation(tmp_path, database="postgresql", broker=redis.url, bus=redis.url)
        yield found
        found.close()


def test_each_step_finds_the_files_of_the_steps_before_it_on_whichever_worker(
    house: Installation, tmp_path: Path
) -> None:
    server = house.serve()
    house.scheduler()
    workers = {name: house.worker(name, queues=name) for name in ("north", "south")}
    project = server.api("POST", "projects/", {"name": "shop"})["id"]
    source = PIPELINE.replace("READY", str(tmp_path / "ready"))
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": source})["id"]

    def ended(execution: int) -> dict[str, str]:
        path = f"cicd/executions/{execution}/"
        until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
        return {step["key"]: step["status"] for step in server.api("GET", path)["step_executions"]}

    first = server.api("POST", f"pipelines/{pipeline}/run/", {})["id"]
    assert ended(first) == {"fetch": "success", "build": "success", "test": "success", "pack": "failed"}
    assert server.api("GET", f"cicd/executions/{first}/logs/", step="pack") == "2\ngood\n"

    (tmp_path / "ready").touch()
    for name, worker in workers.items():  # both hosts are lost, with all that they had
        worker.stop(signal.SIGKILL)
        shutil.rmtree(tmp_path / name)
    house.worker("another", queues="north,south")
    second = server.api("POST", f"cicd/executions/{first}/retry/")["id"]
    assert set(ended(second).values()) == {"success"}
    assert server.api("GET", f"cicd/executions/{second}/logs/", step="pack") == "2\ngood\n"
