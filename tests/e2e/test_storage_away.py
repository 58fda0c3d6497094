"""A server whose shared folder goes away while it runs, like a disk that is unmounted."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.server_process import ServerProcess, until

SOURCE = """
name: p
steps:
  hello: {executor: host, run: "echo hello"}
"""


def test_a_server_whose_storage_is_away_says_so_until_it_is_back(tmp_path: Path) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    store.mkdir()
    (tmp_path / "server").mkdir()
    server = ServerProcess(
        tmp_path / "server", ANSFLOW_STORAGE_URL=f"file://{store}", ANSFLOW_ALLOW_HOST_EXECUTOR="true"
    )
    server.start_with_administrator()
    try:
        project = server.api("POST", "projects/", {"name": "shop"})["id"]
        pipeline = server.api("POST", "pipelines/", {"project": project, "name": "p", "source": SOURCE})["id"]
        execution = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline})["id"]
        until(lambda: server.api("GET", f"cicd/executions/{execution}/")["ended_at"], "the execution ends")
        assert server.get("/readyz").json()["checks"]["storage"] == "ok"
        store.rename(away)
        asked = server.get("/readyz")
        assert (asked.status_code, asked.json()["checks"]["storage"]) == (503, "is not there")
        path = f"/api/v1/cicd/executions/{execution}/logs/?step=hello"
        answer = server.get(path, authorization=f"Bearer {server.token}")
        assert (answer.status_code, answer.json()["code"]) == (502, "external")
        assert not store.exists()
        away.rename(store)
        assert server.get("/readyz").status_code == 200
        assert "hello" in str(server.api("GET", f"cicd/executions/{execution}/logs/", step="hello"))
    finally:
        server.stop(signal.SIGKILL)
