"""Logs of a real server, as people and programs get at them: followed with curl, searched, downloaded; also from S3."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests import object_store
from tests.server_process import ServerProcess, run, until

SOURCE = """\
name: talk
steps:
  talk:
    secrets: [TOKEN]
    executor: host
    run: |
      printf '::group::begin\\none\\n::endgroup::\\n'
      while [ ! -e GO ]; do sleep 0.05; done
      printf "%s" "$TOKEN" | cut -c1-8 | tr -d '\\n'; printf "%s\\n" "$TOKEN" | cut -c9-
      i=0; while [ $i -lt 3000 ]; do echo "line $i of many"; i=$((i+1)); done
      printf '::error file=a.c,line=3::broken\\n\\377\\000 end'
  after:
    executor: host
    needs: [talk]
    run: echo needle
"""
SECRET = "s3cr3t-value-of-the-step"


@pytest.fixture(params=["files", "s3"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    more = {}
    if request.param == "s3":
        key = tmp_path / "key"
        key.touch(mode=0o600)
        key.write_text(f"{object_store.KEY}\n{object_store.SECRET}\n")
        more = {"ANSFLOW_STORAGE_URL": object_store.url(), "ANSFLOW_STORAGE_KEY_FILE": str(key)}
    found = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true", **more)
    found.start_with_administrator()
    yield found
    found.stop()


def test_a_log_is_followed_searched_outlined_and_downloaded_to_the_last_byte(server: ServerProcess, count):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed.")
    go = server.folder / "go"
    project = server.api("POST", "projects/", {"name": "shop"})
    server.api("POST", f"projects/{project['id']}/secrets/", {"name": "TOKEN", "value": SECRET})
    source = SOURCE.replace("GO", str(go))
    pipeline = server.api("POST", "pipelines/", {"project": project["id"], "source": source})
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline["id"], "trigger_type": "manual"})
    path = f"cicd/executions/{one['id']}/"

    header = f"Authorization: Bearer {server.token}"
    url = f"{server.url}/api/v1/{path}logs/stream/?step=talk"
    text, ended = b"", {}
    with subprocess.Popen([curl, "-sN", "-H", header, url], stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        for line in viewer.stdout:
            if line.startswith(b"data: "):
                told = json.loads(line.removeprefix(b"data: "))
                text += told.get("text", "").encode()
                ended = told
                go.touch()  # it goes on when somebody has seen that it has begun
    assert viewer.returncode == 0

    until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
    log = server.get(f"/api/v1/{path}logs/download/?step=talk", Authorization=f"Bearer {server.token}")
    body = log.content
    assert body.startswith(b"::group::begin\none\n::endgroup::\n") and body.endswith(b"\n\xff\x00 end")
    assert SECRET.encode() not in body and b"\n***\nline 0 of many\n" in body
    digest = sha256(body)
    assert ended == {"length": len(body), "sha256": digest.hexdigest()}
    assert log.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert text == body.decode("utf-8", "replace").encode()

    found = server.api("GET", f"{path}logs/search/", q="NEEDLE")
    assert [(hit["step"], hit["line"], hit["text"]) for hit in found["results"]] == [("after", 1, "needle")]
    found = server.api("GET", f"{path}logs/search/", q="line 2999 ", around=1)
    (hit,) = found["results"]
    assert hit["after"] == ["::error file=a.c,line=3::broken"]
    outline = server.api("GET", f"{path}logs/outline/", step="talk")
    assert [group["title"] for group in outline["groups"]] == ["begin"]
    assert [(one["line"], one["message"]) for one in outline["annotations"]] == [(hit["line"] + 1, "broken")]
    lines = server.api("GET", f"{path}logs/", step="talk", first=hit["line"], last=hit["line"])
    assert lines == "line 2999 of many\n"

    asked = {"ANSFLOW_SERVER": server.url, "ANSFLOW_TOKEN": server.token, "TERM": "dumb"}
    done = run(server.data, "executions", "logs", str(one["id"]), "--search", "needle", **asked)
    assert (done.returncode, done.stdout) == (0, "after:1: needle\n"), done.stderr
    done = run(server.data, "executions", "logs", str(one["id"]), "--step", "talk", "--fold", **asked)
    assert done.stdout.startswith("▸ begin  (2 lines)\n***\n"), done.stdout[:300]
    count("bytes of logs followed with curl, downloaded and compared", len(body))


def test_whole_logs_are_packed_and_nothing_of_them_is_left_in_the_data_folder_with_s3(server: ServerProcess):
    project = server.api("POST", "projects/", {"name": "long"})
    source = "name: long\nsteps:\n  seq: {executor: host, run: seq 200000}\n"
    pipeline = server.api("POST", "pipelines/", {"project": project["id"], "source": source})
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline["id"], "trigger_type": "manual"})
    path = f"cicd/executions/{one['id']}/"
    until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
    folder = server.data / "server" / "logs"
    if "ANSFLOW_STORAGE_URL" not in server.env:
        until(lambda: [found.suffix for found in server.data.rglob("*.log*")] == [".zst"], "the log is packed")
    else:
        assert not folder.exists() or not list(folder.rglob("*"))
    lines = server.api("GET", f"{path}logs/", step="seq", first=199_999, last=200_001)
    assert lines == "199999\n200000\n"
    more = {name: value for name, value in server.env.items() if name.startswith("ANSFLOW_STORAGE")}
    told = json.loads(run(server.data, "check", "--json", **more).stdout)
    assert told["store"] == [], told
    if more:
        lost = {**more, "ANSFLOW_STORAGE_URL": "s3://tests/x?endpoint=http://127.0.0.1:1"}
        told = json.loads(run(server.data, "check", "--json", **lost).stdout)
        assert told["store"] == ["The object store does not answer as it should: GenericError."]
