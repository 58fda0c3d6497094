"""Following an execution of a server: over its socket, or by asking where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from threading import Event as Signal
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from websockets.sync.server import ServerConnection, serve

from ansflow.cli.remote import live, watching
from ansflow.cli.remote.hosts import Host
from ansflow.cli.remote.live import Following, NoSockets
from ansflow.cli.remote.printed import MOST_HELD, Printed
from ansflow.cli.remote.server import NotSignedIn, Server
from ansflow.cli.remote.waits import Waits
from ansflow.cli.remote.watching import Watched
from ansflow.core.errors import ExternalError, NotFound

AT = "2026-01-01T00:00:00Z"


def step(seq: int, status: str, **more: Any) -> dict[str, Any]:
    data = {"key": "unit", "status": status, "attempt": 1, "log_bytes": 6, "worker": "w", **more}
    return {"seq": seq, "at": AT, "type": "step_update", "data": data}


def ended(seq: int) -> dict[str, Any]:
    return {"seq": seq, "at": AT, "type": "execution_update", "data": {"status": "success", "ended_at": AT}}


EVENTS = [step(1, "running"), step(2, "success"), ended(3)]


class Older(BaseHTTPRequestHandler):
    """A server that has executions, and no sockets."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        known: dict[str, Any] = {
            "/api/v1/cicd/executions/7/": {
                "id": 7,
                "pipeline_name": "shop",
                "step_executions": [{"key": "unit", "id": 1}],
            },
            "/api/v1/cicd/executions/7/logs/": "hello\n",
        }
        if place.path.endswith("/events/"):
            after = int(parse_qs(place.query)["after"][0])
            found = EVENTS[after : after + 1]  # one at a time
            known[place.path] = {"events": found, "seq": found[-1]["seq"] if found else after}
        answer = known.get(place.path)
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer or {"code": "not_found"}).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def older() -> Iterator[Server]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Older)
    thread = Thread(target=http.serve_forever)
    thread.start()
    server = Server(Host(f"http://127.0.0.1:{http.server_port}", "ansf_x"))
    yield server
    server._client.close()
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_server_without_sockets_is_asked_again_and_again_and_that_is_said(older):
    said: list[str] = []
    watched = Watched(older, 7, tell=said.append)
    assert [event.seq for event in watched.follow()] == [1, 2, 3]
    assert len(said) == 1
    assert "socket" in said[0]
    assert watched.read_log("unit", 1) == b"hello\n"


def test_who_watches_some_steps_is_done_when_these_have_ended(older):
    assert [event.seq for event in Watched(older, 7, steps=["unit"]).follow()] == [1, 2]
    assert [event.seq for event in Watched(older, 7, steps=["unit", "lint"]).follow()] == [1, 2, 3]


def test_a_server_that_is_away_for_a_moment_ends_no_viewer(older, monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0.0)
    tries: list[str] = []

    def away(path: str, **query: Any) -> bytes:
        tries.append(path)
        if len(tries) % 3:
            raise ExternalError("It cannot be reached.", permanent=False)
        return b"hello\n"

    watched = Watched(older, 7)
    monkeypatch.setattr(older, "read", away)
    events = watched.follow()
    next(events)
    assert (watched.read_log("unit", 1), len(tries)) == (b"", 1)  # it runs: there is a next time
    list(events)
    assert (watched.read_log("unit", 1), len(tries)) == (b"hello\n", 3)  # it has ended: there is none


def test_what_a_named_step_waits_for_is_what_the_server_says_last_of_it():
    past = {"step": "unit", "reason": "retry", "message": "It will be tried again."}
    now = {"step": "unit", "reason": "needs", "message": ""}
    whole = {"step": "", "reason": None, "message": "The execution has been asked to stop."}
    asked: list[str] = []

    def told(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url.query, "ascii"))
        return httpx2.Response(200, json={"decisions": [past, now, whole]})

    waits = Waits(
        Server(Host("http://127.0.0.1:1", "ansf_x"), httpx2.MockTransport(told)), "cicd/executions/7/", ["unit"]
    )
    assert waits() == {} and asked == [], "most steps wait for a moment only"
    waits._ask()
    assert (waits(), asked) == ({"unit": "waits for what it needs"}, ["step=unit"])


def test_what_a_library_says_ends_with_one_full_stop():
    def dies(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")

    server = Server(Host("http://127.0.0.1:1", "ansf_x"), httpx2.MockTransport(dies))
    with pytest.raises(ExternalError, match=r"response\.$") as told:
        server.get("cicd/executions/7/")
    assert ".." not in str(told.value)


Lives = list[Callable[[ServerConnection], None]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Lives], tuple[Server, list[str]]]]:
    """A server whose connections live one after the other as they are told to; and what was asked for each time."""
    monkeypatch.setattr(live, "FIRST_PAUSE", 0.01)
    ends: list[Callable[[], None]] = []

    def start(lives: Lives) -> tuple[Server, list[str]]:
        asked: list[str] = []

        def handle(connection: ServerConnection) -> None:
            assert connection.request is not None
            asked.append(connection.request.path)
            lives[min(len(asked), len(lives)) - 1](connection)

        server = serve(handle, "127.0.0.1", 0)
        thread = Thread(target=server.serve_forever)
        thread.start()

        def end() -> None:
            server.shutdown()
            thread.join()

        ends.append(end)
        return Server(Host(f"http://127.0.0.1:{server.socket.getsockname()[1]}", "ansf_x")), asked

    yield start
    for end in ends:
        end()


def say(*frames: dict[str, Any], code: int | None = None) -> Callable[[ServerConnection], None]:
    def life(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(json.dumps(frame))
        if code is not None:
            connection.close(code)
        else:
            connection.socket.shutdown(SHUT_RDWR)  # without a word

    return life


def taken(following: Following, number: int) -> list[int]:
    frames = following.frames()
    found = [next(frames)["seq"] for _ in range(number)]
    following.leave()
    return found


def test_a_connection_that_breaks_is_taken_up_where_it_broke(served):
    server, asked = served([say(EVENTS[0]), say(EVENTS[0], EVENTS[1], code=1012), say(EVENTS[2])])
    assert taken(Following(server, 7), 3) == [1, 2, 3]
    assert asked == [f"/ws/executions/7/?after={after}" for after in (0, 1, 2)]


def test_logs_go_on_where_they_were(served):
    piece = {"type": "log_update", "data": {"key": "unit", "attempt": 1, "offset": 0, "end": 2, "text": "a\n"}}
    more = {
        "type": "log_update",
        "data": {"key": "unit", "attempt": 1, "offset": 2, "end": 4, "base64": "/wo=", "text": ""},
    }
    wanted: list[Any] = []

    def again(connection: ServerConnection) -> None:
        wanted.append(json.loads(connection.recv())["data"])
        say(more, EVENTS[1])(connection)

    def first(connection: ServerConnection) -> None:
        wanted.append(json.loads(connection.recv())["data"])
        say(piece, EVENTS[0])(connection)

    heard: list[Any] = []
    server, _ = served([first, again])
    assert taken(Following(server, 7, on_log=lambda *what: heard.append(what), steps=["unit"]), 2) == [1, 2]
    assert heard == [("unit", 1, 0, b"a\n"), ("unit", 1, 2, b"\xff\n")]
    assert wanted == [
        {"logs": True, "steps": ["unit"]},
        {"logs": {"unit": {"attempt": 1, "offset": 2}}, "steps": ["unit"]},
    ]


@pytest.mark.parametrize(("code", "error"), [(4401, NotSignedIn), (4404, NotFound)])
def test_who_has_to_leave_is_told_why(served, code, error):
    server, _ = served([say(EVENTS[0], code=code)])
    frames = Following(server, 7).frames()
    assert next(frames)["seq"] == 1
    with pytest.raises(error):
        next(frames)


def test_no_sockets_is_not_taken_for_a_broken_connection(older):
    with pytest.raises(NoSockets):
        next(Following(older, 7).frames())


def test_a_watch_that_nothing_interrupts_asks_for_no_log_beside_its_socket(served, monkeypatch):
    def piece(start: int, text: str) -> dict[str, Any]:
        data = {"key": "unit", "attempt": 1, "offset": start, "end": start + len(text), "text": text}
        return {"type": "log_update", "data": data}

    pieces = [piece(0, "one\n"), piece(4, "two\n"), piece(8, "three\n")]
    shown = [Signal() for _ in pieces]

    def life(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(json.dumps(step(1, "running")))
        for number, one in enumerate(pieces):
            connection.send(json.dumps(one))
            assert shown[number].wait(30)
        say(step(2, "success", log_bytes=14), ended(3))(connection)

    server, _ = served([life])
    first = {"id": 7, "pipeline_name": "shop", "step_executions": [{"key": "unit", "id": 1}]}
    asked: list[str] = []
    monkeypatch.setattr(server, "get", lambda path, **query: first)
    monkeypatch.setattr(server, "read", lambda path, **query: asked.append(path) or b"")
    watched = Watched(server, 7)
    thread = Thread(target=lambda: list(watched.follow()))
    thread.start()
    printed = b""
    try:
        for number, one in enumerate(pieces):
            while len(printed) < one["data"]["end"] and not asked:
                printed += watched.read_log("unit", 1, len(printed))
            shown[number].set()
    finally:
        for signal in shown:
            signal.set()
        thread.join()
    printed += watched.read_log("unit", 1, len(printed))
    assert (printed, asked) == (b"one\ntwo\nthree\n", [])


# ── what has been printed ────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_shown_is_forgotten_and_what_is_not_here_is_asked_for():
    printed = Printed()
    assert printed.read("unit", 1, 0) == b""
    printed.add("unit", 1, 0, b"one\n")
    printed.add("unit", 1, 4, b"two\n")
    assert printed.read("unit", 1, 4) == b"two\n"
    assert printed.read("unit", 1, 0) is None
    assert printed.read("unit", 1, 8) == b""


def test_what_comes_after_something_was_shown_is_there_too():
    printed = Printed()
    printed.add("unit", 1, 0, b"abc")
    assert printed.read("unit", 1, 0) == b"abc"
    assert printed.read("unit", 1, 3) == b""
    printed.add("unit", 1, 3, b"de")
    assert printed.read("unit", 1, 3) == b"de"
    assert printed.read("unit", 1, 5) == b""
    printed.ended("unit", 1, 5)
    assert printed.read("unit", 1, 5) == b""


def test_a_log_that_is_not_whole_when_its_attempt_ends_is_asked_for():
    printed = Printed()
    printed.add("unit", 1, 0, b"one\n")
    printed.ended("unit", 1, 8)
    assert printed.read("unit", 1, 0) is None
    printed.add("unit", 1, 4, b"two\n")
    assert printed.read("unit", 1, 0) == b"one\ntwo\n"
    printed.ended("lint", 1, 0)
    assert printed.read("lint", 1, 0) == b""


def test_who_shows_less_than_is_printed_asks_for_it():
    printed = Printed()
    for number in range(5):
        printed.add("unit", 1, number << 20, b"x" * (1 << 20))
    assert printed.read("unit", 1, 0) is None
    assert printed.read("unit", 1, 5 << 20) == b""
    assert MOST_HELD == 4 << 20
