"""`ansflow serve` as an operator knows it: started, asked, ended, and started again."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.server_process import PASSWORD, ServerProcess, run, until
from tests.servers import free_port

SLOW = """\
version: 1
name: slow
steps:
  wait:
    executor: host
    run: |
      echo begun
      until [ -e "$GO" ]; do sleep 0.05; done
      seq 1 2000
      echo "attempt $ANSFLOW_ATTEMPT"
    env: {GO: FILE}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("house"), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    server.start_with_administrator()
    yield server
    if server.is_running:
        server.stop(signal.SIGKILL)


@pytest.fixture
def server(house: ServerProcess) -> ServerProcess:
    """Running, whatever the test before has done to it."""
    if not house.is_running:
        house.start()
    return house


def test_a_script_makes_the_first_administrator(server: ServerProcess) -> None:
    assert server.sign_in("admin", PASSWORD) and server.sign_in("admin@example.com", PASSWORD)
    assert not any("first-admin" in line for line in server.said)


def test_an_administrator_who_is_made_from_a_terminal_has_its_language(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, says_ready="AnsFlow 已就绪：", LC_ALL="zh_CN.UTF-8")
    server.start_with_administrator()
    server.url = server.url.rpartition("：")[2]
    assert server.api("GET", "auth/users/me/")["language"] == "zh-hans"
    assert server.stop() == 0


def test_it_says_how_it_is(server: ServerProcess) -> None:
    assert server.get("/healthz").text == "ok\n"
    ready = server.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"ready": True, "checks": {"database": "ok", "engine": "ok", "disk": "ok"}},
    )
    assert server.api("GET", "auth/users/1/")["username"] == "admin"
    metrics = server.get("/metrics").text
    counted = '{method="GET",operation="/api/v1/auth/users/{user}/",status="200"} 1.0'
    until(lambda: counted in server.get("/metrics").text, "the request is counted, by the operation's own path")
    assert "requests_created" not in metrics
    assert "ansflow_database_up 1.0" in metrics and "ansflow_slots 4.0" in metrics
    assert 'ansflow_repairs_total{rule="lost worker"} 0.0' in metrics
    assert 'ansflow_chores_total{chore="heartbeat",outcome="failed"} 0.0' in metrics
    assert server.get("/metrics", **{"x-forwarded-for": "198.51.100.7"}).status_code == 403


def test_a_request_is_one_line_of_the_log(server: ServerProcess) -> None:
    answer = server.get("/api/v1/nowhere/?token=seen")
    assert answer.status_code == 404
    (line,) = until(lambda: [one for one in server.errors.read_text().splitlines() if "/nowhere/" in one], "its line")
    assert "GET /api/v1/nowhere/ 404 " in line and line.endswith(answer.headers["x-request-id"])


def test_a_second_server_on_the_same_folder_is_refused(server: ServerProcess) -> None:
    done = run(server.data, "serve", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: Another server (process {server.pid}) runs on {server.data}. Stop it first")
    assert server.get("/healthz").status_code == 200


def test_a_port_that_is_taken_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    done = run(tmp_path / "other", "serve", "--port", server.url.rpartition(":")[2])
    assert done.returncode == 5
    assert "Address already in use" in done.stderr and "--port" in done.stderr


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_that_does_not_answer_is_told_in_one_sentence(
    kind: str, house: ServerProcess, tmp_path: Path
) -> None:
    shutil.copytree(house.data / "keys", tmp_path / "keys")
    url = f"{kind}://ansflow:hunter2@127.0.0.1:{free_port()}/ansflow"
    for words in (("serve", "--port", "0"), ("user", "list"), ("migrate",)):
        done = run(tmp_path, *words, ANSFLOW_DATABASE_URL=url)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert done.stderr.startswith("Error: The database cannot be reached: ") and "hunter2" not in done.stderr


def test_ctrl_c_ends_it_and_a_start_needs_no_flags_any_more(server: ServerProcess) -> None:
    assert server.stop(signal.SIGINT) == 0
    assert server.said[-2].startswith("Ending") and server.said[-1] == "Ended."
    server.start()
    assert server.sign_in("admin", PASSWORD)


def test_a_server_that_is_killed_again_and_again_leaves_no_log_of_the_database_that_only_grows(
    server: ServerProcess,
) -> None:
    """Each life is too short for a checkpoint of its own."""
    for number in range(2):
        name = f"life-{number}"
        server.api("POST", "projects/", {"name": name})
        server.stop(signal.SIGKILL)
        assert name not in _in_the_file(server)
        server.start()
        assert name in _in_the_file(server)


def _in_the_file(server: ServerProcess) -> list[str]:
    """The projects, without what stands in the write-ahead log."""
    file = server.folder / "data" / "ansflow.sqlite3"
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as only:
        return [name for (name,) in only.execute("SELECT name FROM projects_project")]


def test_a_step_that_runs_outlives_the_server_and_is_taken_over(server: ServerProcess) -> None:
    go = server.folder / "go"
    go.unlink(missing_ok=True)
    project = server.api("POST", "projects/", {"name": "adopted"})
    source = SLOW.replace("FILE", str(go))
    pipeline = server.api("POST", "pipelines/", {"project": project["id"], "source": source})
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline["id"], "trigger_type": "manual"})
    path = f"cicd/executions/{one['id']}/"
    until(lambda: "begun" in server.api("GET", f"{path}logs/", step="wait", attempt=1, start=0), "the step runs")

    assert server.stop(signal.SIGTERM) == 0
    assert server.said[-1] == "Ended."
    go.touch()  # the step ends while no server is there
    server.start()

    ended = until(lambda: _ended(server, path), "the execution ends")
    (step,) = ended["step_executions"]
    assert (ended["status"], step["status"], step["attempt"]) == ("success", "success", 1)
    log = server.api("GET", f"{path}logs/", step="wait", attempt=1, start=0)
    assert log == "".join(f"{line}\n" for line in ["begun", *range(1, 2001), "attempt 1"])


def _ended(server: ServerProcess, path: str) -> dict[str, object] | None:
    found: dict[str, object] = server.api("GET", path)
    return found if found["ended_at"] else None


# ── the first start ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_link_of_a_first_start_makes_one_administrator(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    server.start()
    link = server.wait_for("Make the first administrator").rpartition(" ")[2]
    assert httpx2.get(link).status_code == 200
    form = {"username": "ann", "email": "ann@example.com", "password": PASSWORD, "again": PASSWORD}
    assert httpx2.post(link, data={**form, "password": "short", "again": "short"}, timeout=60).status_code == 400
    assert httpx2.post(link, data=form, headers={"Accept-Language": "zh-CN"}, timeout=60).status_code == 200
    assert httpx2.get(link).status_code == 404
    me = server.api("GET", "auth/users/me/", token=server.sign_in("ann", PASSWORD))
    assert (me["is_admin"], me["language"]) == (True, "zh-hans")
    assert server.stop() == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data" / "keys").iterdir()}
    assert modes == {"session": 0o600, "signing.pem": 0o600, "ring": 0o600}


@pytest.fixture(scope="module")
def keys(house: ServerProcess) -> Path:
    """Those of an installation in use."""
    return house.data / "keys"


def _open(folder: Path) -> None:
    (folder / "ring").chmod(0o644)


def _weaken(folder: Path) -> None:
    (folder / "session").write_text("changeme" * 8)


def _lose_one(folder: Path) -> None:
    (folder / "signing.pem").unlink()


def _lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_open, r"/ring can be read by other users\. Close it with: chmod go-rwx /"),
        (_weaken, r"The key in \S+/session is weak"),
        (_lose_one, r"/signing\.pem is gone\. Bring back the keys from a backup\."),
        (_lose_all, r"There is a database, but its keys are gone from "),
    ],
)
def test_no_server_starts_with_keys_that_are_weak_open_or_gone(
    keys: Path, tmp_path: Path, harm: object, sentence: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(keys, data / "keys")
    (data / "ansflow.sqlite3").touch()
    assert callable(harm)
    harm(data / "keys")
    done = run(data, "serve", "--port", "0")
    assert (done.returncode, done.stdout) == (5, "")
    assert re.search(sentence, done.stderr), done.stderr


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    file.chmod(0o644)
    flags = ("--admin-email", "ann@example.com", "--admin-password-file", str(file))
    done = run(tmp_path / "data", "serve", "--port", "0", *flags)
    assert done.returncode == 5
    assert f"{file} can be read by other users" in done.stderr
