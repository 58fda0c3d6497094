"""What an operator does to an installation: back it up, bring it back, and leave a running one alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ServerProcess, run, until

SECRET = "hunter2-hunter2"
SOURCE = """\
version: 1
name: deploy
steps:
  push:
    run: |
      [ "$TOKEN" = "hunter2-$HALF" ] && echo "the secret has ${#TOKEN} letters"
    secrets: [TOKEN]
    env: {HALF: hunter2}
"""


def ended(server: ServerProcess, pipeline: int) -> dict[str, Any]:
    """Runs the pipeline to its end."""
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline, "trigger_type": "manual"})
    path = f"cicd/executions/{one['id']}/"
    until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
    found: dict[str, Any] = server.api("GET", path)
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A backup, made while its server ran, and what was there."""
    server = ServerProcess(tmp_path_factory.mktemp("first"))
    server.start_with_administrator()
    project = server.api("POST", "projects/", {"name": "shop"})
    server.api("POST", f"projects/{project['id']}/secrets/", {"name": "TOKEN", "value": SECRET})
    pipeline = server.api("POST", "pipelines/", {"project": project["id"], "source": SOURCE})
    execution = ended(server, pipeline["id"])
    assert execution["status"] == "success", execution
    log = server.api("GET", f"cicd/executions/{execution['id']}/logs/", step="push", attempt=1, start=0)
    backup = server.folder / "backup.tar.gz"
    done = run(server.data, "backup", str(backup))
    assert done.returncode == 0 and "Saved" in done.stdout, done.stderr
    assert backup.stat().st_mode & 0o777 == 0o600
    again = run(server.data, "backup", str(backup))
    assert again.returncode == 1 and "exists" in again.stderr
    assert server.stop(signal.SIGTERM) == 0
    yield backup, {"pipeline": pipeline["id"], "execution": execution, "log": log}


@pytest.fixture(scope="module")
def restored(saved: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    """Its own installation from that backup, not running."""
    server = ServerProcess(tmp_path_factory.mktemp("second"))
    done = run(server.data, "restore", str(saved[0]))
    assert done.returncode == 0 and "Restored" in done.stdout, done.stderr
    assert run(server.data, "restore", str(saved[0])).returncode == 1, "the folder is not empty any more"
    return server


@pytest.fixture
def running(restored: ServerProcess) -> Iterator[ServerProcess]:
    restored.start()
    yield restored
    restored.stop(signal.SIGTERM)


def test_everything_is_there_after_a_restore(saved: tuple[Path, dict[str, Any]], running: ServerProcess) -> None:
    _, before = saved
    path = f"cicd/executions/{before['execution']['id']}/"
    assert running.api("GET", path) == before["execution"]
    assert running.api("GET", f"{path}logs/", step="push", attempt=1, start=0) == before["log"]
    assert "the secret has 15 letters" in before["log"]
    again = ended(running, before["pipeline"])
    assert (again["status"], again["number"]) == ("success", before["execution"]["number"] + 1), "the secret opens"
    verified = run(running.data, "audit", "verify")
    assert verified.returncode == 0 and "as they were written" in verified.stdout, verified.stderr


def test_what_a_server_writes_to_is_changed_by_nobody_else(running: ServerProcess) -> None:
    for words in (("user", "disable", "admin"), ("keys", "rotate"), ("migrate",)):
        done = run(running.data, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert (
            done.stderr
            == f"Error: A server runs on {running.data}. Stop it for this: only one process may write there.\n"
        )
    assert run(running.data, "user", "list").returncode == 0
