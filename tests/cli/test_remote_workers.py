"""`ansflow workers`, in front of a server's answers as the API gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Ansflow, Done


def worker(name: str, **known: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": name,
        "host": None,
        "state": "online",
        "queues": ["default", "gpu"],
        "slots": 8,
        "running": 0,
        "steps": [],
        "executor": "sandbox",
        "version": "0.1.0",
        "load": None,
        "started_at": "2026-01-01T00:00:00Z",
        "seen_at": "2026-01-01T00:00:00Z",
        "silent_seconds": 2.0,
        "commands": [],
        **known,
    }


def queue(name: str, **known: Any) -> dict[str, Any]:
    known = {
        "waiting": 0,
        "oldest_at": None,
        "oldest_seconds": None,
        "running": 0,
        "reason": "",
        "message": "",
        **known,
    }
    return {"name": name, "slots": 8, "workers": ["w1"], **known}


STEP = {"execution": 12, "number": 4, "pipeline_name": "shop", "project_name": "web", "step": "unit", "name": ""}
GPU = "No worker serves the queue gpu (served: default): start one that does."
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "/api/v1/workers/": [
        worker("w1", load=0.25, running=3, steps=[{**STEP, "started_at": None}]),
        worker("w2", id=8, state="lost", silent_seconds=75.0),
        worker("w2", id=9, state="draining", running=2),
        worker("odd\x1b[31m", id=10, state="resting", queues=[]),
    ],
    "/api/v1/workers/queues/": [
        queue("default", running=3, waiting=2, oldest_seconds=90.0),
        queue("gpu", waiting=1, oldest_seconds=3.0, workers=[], slots=0, reason="no_worker", message=GPU),
    ],
}


@pytest.fixture
def asked() -> list[str]:
    """What the server was told, as it came."""
    return []


@pytest.fixture
def workers(ansflow: Ansflow, asked: list[str]) -> Iterator[Callable[..., Done]]:
    class Known(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            name = parse_qs(place.query).get("name")
            found = [one for one in ANSWERS[place.path] if name is None or one["name"] == name[0]]
            self._answer({"count": len(found), "next": None, "previous": None, "results": found})

        def do_POST(self) -> None:
            asked.append(self.path)
            number = int(self.path.split("/")[4])
            self._answer(next(one for one in ANSWERS["/api/v1/workers/"] if one["id"] == number))

        def _answer(self, body: Any) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Known)
    Thread(target=server.serve_forever, daemon=True).start()
    env = {"ANSFLOW_SERVER": f"http://127.0.0.1:{server.server_port}", "ANSFLOW_TOKEN": "ansf_given", "COLUMNS": "120"}
    yield lambda *words, **more: ansflow("workers", *words, env={**env, **more})
    server.shutdown()
    server.server_close()


def test_workers_are_listed_with_what_they_run(workers: Callable[..., Done]) -> None:
    done = workers("list")
    assert (done.code, done.err) == (0, "")
    assert [" ".join(line.split()) for line in done.out.splitlines()] == [
        "● online w1 3/8 slots default,gpu load 0.25 0.1.0 2.0s ago shop #4 unit, 2 of projects that you may not see",
        "■ lost w2 0/8 slots default,gpu 0.1.0 1m 15s ago",
        "◐ draining w2 2/8 slots default,gpu 0.1.0 2.0s ago 2 of projects that you may not see",
        "resting odd 0/8 slots every queue 0.1.0 2.0s ago",
    ]
    assert json.loads(workers("list", "--json").out) == ANSWERS["/api/v1/workers/"]


def test_a_list_is_cut_where_the_terminal_ends_and_whole_in_a_pipe(workers: Callable[..., Done]) -> None:
    unseen = "2 of projects that you may not see"
    assert unseen in workers("list", COLUMNS="").out
    assert unseen not in workers("list", COLUMNS="60").out


def test_queues_are_listed_with_why_steps_wait_in_vain(workers: Callable[..., Done]) -> None:
    done = workers("queues", COLUMNS="60")
    assert [" ".join(line.split()) for line in done.out.splitlines()] == [
        "default 2 waiting the first for 1m 30s 3/8 slots w1",
        "gpu 1 waiting the first for 3.0s 0/0 slots",
        f"! {GPU}",
    ]
    chinese = workers("queues", LC_ALL="zh_CN.UTF-8").out
    assert "! 没有执行节点服务队列 gpu（已服务：default）：请启动一个。" in chinese
    assert json.loads(workers("queues", "--json").out) == ANSWERS["/api/v1/workers/queues/"]


def test_of_several_lives_of_a_worker_the_last_is_told(workers: Callable[..., Done], asked: list[str]) -> None:
    done = workers("drain", "w2")
    assert (done.code, done.out) == (0, "w2 takes nothing new from its next heartbeat on. 2 steps still run.\n")
    assert workers("stop", "w2").out == "w2 takes nothing new, and ends when nothing runs. 2 steps still run.\n"
    assert workers("resume", "w2").out == "w2 takes steps again from its next heartbeat on.\n"
    assert json.loads(workers("resume", "w2", "--json").out)["id"] == 9
    assert asked == [f"/api/v1/workers/9/{verb}/" for verb in ("drain", "stop", "resume", "resume")]


def test_a_worker_that_nobody_knows_is_not_told_anything(workers: Callable[..., Done], asked: list[str]) -> None:
    done = workers("drain", "w3")
    assert (done.code, asked) == (1, [])
    assert done.err == "Error: There is no worker w3. `ansflow workers list` shows them all.\n"
