"""Sockets of a real server: what one sees is what the API says, for as long as one may."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.server_process import ANSFLOW, PASSWORD, PATIENCE, ServerProcess, environment, until

SOURCE = """
steps:
  build:
    executor: host
    run: |
      echo one
      while [ ! -e "$GO" ]; do sleep 0.05; done
      echo two
    env: {GO: "PLACE/go"}
  test: {executor: host, needs: build, run: 'echo tested; exit 3', retry: {max: 1, delay: 1s}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("live"), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    made.start_with_administrator()
    yield made
    if made.is_running:
        made.stop()


class Shop:
    """A project with a pipeline whose step `build` waits for `go()`."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.project = server.api("POST", "projects/", {"name": folder.name})["id"]
        source = SOURCE.replace("PLACE", str(folder))
        made = server.api("POST", "pipelines/", {"project": self.project, "name": "build", "source": source})
        self.pipeline = made["id"]

    def begin(self) -> int:
        made: int = self.server.api("POST", "cicd/executions/", {"pipeline_id": self.pipeline})["id"]
        return made

    def go(self) -> None:
        (self.folder / "go").touch()

    def get(self, execution: int) -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"cicd/executions/{execution}/")
        return found

    def end(self, execution: int) -> dict[str, Any]:
        self.go()
        return until(lambda: (found := self.get(execution))["ended_at"] and found, "the execution ends")

    def person(self, name: str, role: str) -> tuple[str, int]:
        """A token of a new user, who is a member with that role; and the number of the membership."""
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self.server.api("POST", "auth/users/", body)
        path = f"projects/{self.project}/members/"
        member = self.server.api("POST", path, {"user": name, "role": role})["id"]
        return self.server.sign_in(name, PASSWORD), member


@pytest.fixture
def shop(server: ServerProcess, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(server, tmp_path)
    yield made
    made.go()


@contextmanager
def opened(server: ServerProcess, path: str, token: str = "", **more: Any) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = server.url.replace("http://", "ws://") + path
    with connect(
        url, additional_headers=headers | more.pop("headers", {}), open_timeout=PATIENCE, **more
    ) as connection:
        yield connection


def following(connection: ClientConnection) -> Iterator[dict[str, Any]]:
    """Frames, up to the one that ends the execution."""
    while True:
        frame: dict[str, Any] = json.loads(connection.recv(timeout=PATIENCE))
        yield frame
        if frame["type"] == "execution_update" and frame["data"]["ended_at"]:
            return


def closed(connection: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as found:
        while True:
            connection.recv(timeout=PATIENCE)
    return found.value.rcvd.code if found.value.rcvd else 0


def status(server: ServerProcess, path: str, token: str = "", **more: Any) -> int:
    with pytest.raises(InvalidStatus) as refused, opened(server, path, token, **more):
        pass
    return refused.value.response.status_code


def laid_over(picture: dict[str, Any], frame: dict[str, Any]) -> None:
    """What a browser does with a frame: its fields replace those that were known."""
    data = frame["data"]
    if frame["type"] == "step_update":
        step = next(one for one in picture["step_executions"] if one["id"] == data["step_id"])
        step.update({name: value for name, value in data.items() if name in step and name != "id"})
    elif frame["type"] == "execution_update":
        picture.update({name: value for name, value in data.items() if name in picture})
    else:
        return
    picture["seq"] = frame["seq"]


def facts(frame: dict[str, Any]) -> dict[str, Any]:
    """Without what is as of the moment at which it was read."""
    return frame | {"data": frame["data"] | {"counts": None, "log_bytes": None, "gate": None}}


def test_a_snapshot_with_the_frames_laid_over_it_is_what_the_api_says(server, shop):
    execution = shop.begin()
    with opened(server, f"/ws/executions/{execution}/", server.token) as connection:
        picture = json.loads(connection.recv(timeout=PATIENCE))["data"]
        shop.go()
        for frame in following(connection):
            laid_over(picture, frame)
    assert picture == shop.get(execution)
    assert picture["status"] == "failed"


def test_the_frames_of_the_socket_are_the_events_of_the_api(server, shop):
    execution = shop.begin()
    shop.end(execution)
    with opened(server, f"/ws/executions/{execution}/?after=0", server.token) as connection:
        frames = list(following(connection))
    assert frames == server.api("GET", f"cicd/executions/{execution}/events/")["events"]


def test_real_frames_have_the_fields_of_the_contract(server, shop):
    stream = json.loads((Path(__file__).parents[2] / "contract" / "events" / "a-run-to-its-end.json").read_text())
    known = {frame["type"]: set(frame["data"]) for frame in stream["frames"]}
    execution = shop.begin()
    with opened(server, f"/ws/executions/{execution}/", server.token) as connection:
        connection.send(json.dumps({"type": "subscribe", "data": {"logs": True}}))
        shop.go()
        for frame in following(connection):
            assert set(frame["data"]) == known[frame["type"]]


def test_a_line_is_seen_while_its_step_still_runs(server, shop):
    execution = shop.begin()
    with opened(server, f"/ws/executions/{execution}/", server.token) as connection:
        connection.send(json.dumps({"type": "subscribe", "data": {"logs": True}}))
        while (frame := json.loads(connection.recv(timeout=PATIENCE)))["type"] != "log_update":
            pass
        assert frame["data"]["text"] == "one\n"
        assert shop.get(execution)["status"] == "running"
    shop.end(execution)


def test_whoever_loses_the_role_has_to_leave_within_five_seconds(server, shop):
    execution = shop.begin()
    token, member = shop.person("leaving", "reporter")
    with opened(server, f"/ws/executions/{execution}/", token) as connection:
        connection.recv(timeout=PATIENCE)
        server.api("DELETE", f"projects/{shop.project}/members/{member}/")
        assert closed(connection) == 4404
    assert status(server, f"/ws/executions/{execution}/", token) == 404
    shop.end(execution)


def test_a_token_that_is_revoked_ends_its_sockets_and_its_tickets(server, shop):
    execution = shop.begin()
    made = server.api("POST", "auth/tokens/", {"name": "ci", "scopes": ["read"]})
    ticket = server.api("POST", "auth/tickets/", token=made["token"])["ticket"]
    with opened(server, f"/ws/executions/{execution}/", made["token"]) as one:
        one.recv(timeout=PATIENCE)
        server.api("DELETE", f"auth/tokens/{made['id']}/")
        assert closed(one) == 4401
    assert status(server, f"/ws/executions/{execution}/?ticket={ticket}") == 401
    shop.end(execution)


def test_signing_out_ends_the_sockets_of_the_session(server, shop):
    execution = shop.begin()
    token, _ = shop.person("going", "reporter")
    with opened(server, f"/ws/executions/{execution}/", token) as connection:
        connection.recv(timeout=PATIENCE)
        server.api("POST", "auth/logout/", token=token)
        assert closed(connection) == 4401
    shop.end(execution)


def test_a_ticket_opens_one_socket(server, shop):
    execution = shop.begin()
    path = f"/ws/executions/{execution}/?ticket={server.api('POST', 'auth/tickets/')['ticket']}"
    with opened(server, path, origin=server.url) as connection:
        assert json.loads(connection.recv(timeout=PATIENCE))["type"] == "snapshot"
    assert status(server, path) == 401
    assert status(server, f"/ws/executions/{execution}/?ticket={'x' * 43}") == 401
    assert path.rpartition("=")[2] not in server.errors.read_text()
    shop.end(execution)


def test_of_many_who_come_with_the_same_ticket_one_gets_in(server, shop, count):
    path = f"/ws/monitor/?ticket={server.api('POST', 'auth/tickets/')['ticket']}"
    inside: list[int] = []

    def come() -> None:
        try:
            with opened(server, path) as connection:
                connection.recv(timeout=PATIENCE)
                inside.append(101)
        except InvalidStatus as refused:
            inside.append(refused.response.status_code)

    threads = [Thread(target=come) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(inside) == [101] + [401] * 19
    count("sockets that came with one ticket", 20)


def test_a_browser_s_session_opens_sockets_for_pages_of_this_server_only(server, shop):
    execution = shop.begin()
    with httpx2.Client(base_url=f"{server.url}/api/v1/", timeout=PATIENCE) as browser:
        csrf = browser.get("auth/session/").json()["csrf_token"]
        body = {"username": "admin", "password": PASSWORD}
        answer = browser.post("auth/session/", json=body, headers={"X-CSRFToken": csrf, "Origin": server.url})
        assert answer.status_code == 200, answer.text
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    path = f"/ws/executions/{execution}/"
    with opened(server, path, headers=cookie, origin=server.url) as connection:
        assert json.loads(connection.recv(timeout=PATIENCE))["type"] == "snapshot"
    port = server.url.rpartition(":")[2]
    foreign = [
        "null",
        "http://evil.example",
        f"http://evil.example:{port}",
        "http://127.0.0.1:1",
        f"https://127.0.0.1:{port}",
    ]
    for origin in [None, *foreign]:
        assert status(server, path, headers=cookie, origin=origin) == 403, origin
    shop.end(execution)


def test_another_tenant_s_or_a_private_project_s_execution_is_not_there(server, shop, tmp_path_factory):
    execution = shop.begin()
    other = Shop(server, tmp_path_factory.mktemp("other"))
    token, _ = other.person("stranger", "owner")
    assert status(server, f"/ws/executions/{execution}/", token) == 404
    assert status(server, "/ws/executions/999999/", token) == 404
    assert status(server, f"/ws/executions/{execution}/") == 401
    shop.end(execution)


def test_the_monitor_shows_what_begins_while_one_looks(server, shop):
    with opened(server, f"/ws/monitor/?project={shop.project}", server.token) as connection:
        assert json.loads(connection.recv(timeout=PATIENCE))["data"]["executions"] == []
        execution = shop.begin()
        shop.go()
        frames = list(following(connection))
    told = server.api("GET", f"cicd/executions/{execution}/events/")["events"]
    assert [facts(frame) for frame in frames] == [facts(event) for event in told]


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────


def command(server: ServerProcess, *words: str) -> subprocess.Popen[str]:
    env = environment(server.data, ANSFLOW_SERVER=server.url, ANSFLOW_TOKEN=server.token)
    return subprocess.Popen(
        [ANSFLOW, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def test_logs_are_followed_from_their_beginning_to_the_end_of_the_execution(server, shop):
    execution = shop.begin()
    with command(server, "executions", "logs", str(execution), "--follow") as following_logs:
        assert following_logs.stdout is not None and following_logs.stderr is not None
        assert following_logs.stdout.readline() == "[build] one\n"
        shop.go()
        rest, errors = following_logs.stdout.read(), following_logs.stderr.read()
    assert rest == "[build] two\n[test] tested\n[test] tested\n"
    assert (following_logs.returncode, errors) == (0, "")


def test_watching_goes_on_over_a_restart_of_the_server(tmp_path):
    server = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    server.start_with_administrator()
    server.env["ANSFLOW_PORT"] = server.url.rpartition(":")[2]
    shop = Shop(server, tmp_path)
    execution = shop.begin()
    made = server.api("POST", "auth/tokens/", {"name": "cli", "scopes": ["read"]})
    server._token = made["token"]
    with command(server, "executions", "watch", str(execution)) as watching:
        assert watching.stdout is not None and watching.stderr is not None
        while "one" not in watching.stdout.readline():
            pass
        server.stop()
        server.start()
        shop.go()
        rest, errors = watching.stdout.read(), watching.stderr.read()
    server.stop()
    assert "[build] two\n" in rest
    assert rest.count("two") == 1, rest
    assert (watching.returncode, errors) == (1, "")
