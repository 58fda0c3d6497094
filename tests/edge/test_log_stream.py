"""The log of a step as Server-Sent Events, over real sockets: whole, in order, and only for who may see it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Event
from typing import Any
from urllib.parse import parse_qs

import pytest

from ansflow.edge import log_stream, log_tails
from ansflow.edge.log_stream import LogStreams
from ansflow.edge.log_tails import Key
from ansflow.edge.threads import in_threads
from ansflow.engine.memory import MemoryBus
from ansflow.engine.memory_logs import MemoryLogs
from tests.edge.conftest import SECONDS, Asked, Open

PATH = "/api/v1/cicd/executions/7/logs/"
KEY = (7, "unit (python=3.12)", 2)
ASK = "?step=unit"


class Growing:
    """A log turned by hand, and an API that lets in who says `Bearer good`."""

    def __init__(self) -> None:
        self.logs = MemoryLogs()
        self.bus = MemoryBus()
        self.hints = True
        self.is_over = False
        self.reads = 0
        self.looks = 0
        self.looked = Event()
        self.refused = False

    def print(self, data: bytes) -> None:
        self.logs.append(*KEY, fence=1, offset=self.logs.length(*KEY), data=data)
        if self.hints:
            self.bus.grown(*KEY, self.logs.length(*KEY))

    def end(self) -> None:
        self.is_over = True
        if self.hints:
            self.bus.publish(KEY[0], 9)

    def length(self, key: Key) -> int:
        return self.logs.length(*key)

    def ended(self, keys: Collection[Key]) -> Set[Key]:
        self.looks += 1
        self.looked.set()
        return set(keys) if self.is_over else set()

    def read(self, key: Key, start: int, end: int) -> bytes:
        self.reads += 1
        return self.logs.read(*key, start=start, end=end)

    def digest(self, key: Key) -> str:
        return self.logs.digest(*key)

    def api(self, environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        if environ.get("HTTP_AUTHORIZATION") != "Bearer good" or self.refused:
            said = b'{"code": "not_authenticated", "message": "Sign in.", "details": {}}'
            start_response("401 Unauthorized", [("Content-Length", str(len(said)))])
            return [said]
        if not environ["PATH_INFO"].endswith("/stream/"):
            start_response("200 OK", [("Content-Length", "13")])
            return [b"the whole log"]
        assert parse_qs(environ["QUERY_STRING"]) == {"step": ["unit"]}
        facts = [("X-Log-Step", "unit%20%28python%3D3.12%29"), ("X-Log-Step-Id", "70"), ("X-Log-Attempt", "2")]
        start_response("200 OK", [("Content-Type", "text/event-stream"), *facts])
        return [b"retry: 1000\n\n"]


class Viewer:
    """A client that reads events, one after the other."""

    def __init__(self, edge: Asked, path: str = f"{PATH}stream/{ASK}", **headers: str) -> None:
        self.socket = edge.connect()
        said = {"Host": "localhost", "Authorization": "Bearer good", **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    def events(self) -> Iterator[tuple[str, str, Any]]:
        """(event, id, data), comments left out."""
        for block in self._blocks():
            fields = dict(line.partition(": ")[::2] for line in block.split("\n") if line)
            if "data" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])

    def _blocks(self) -> Iterator[str]:
        waiting = b""
        while size := int(self.file.readline() or b"0", 16):
            waiting += self.file.read(size)
            self.file.readline()
            *blocks, waiting = waiting.split(b"\n\n")
            yield from (block.decode() for block in blocks)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def growing() -> Growing:
    return Growing()


@pytest.fixture
def edge(growing: Growing, open_edge: Open) -> Iterator[Asked]:
    api = in_threads(growing.api)
    streams = LogStreams(api, growing, growing.bus)
    yield open_edge(app=api, pages=streams.routes, on_ending=streams.end)
    streams.close()


def whole(viewer: Viewer) -> tuple[bytes, Any]:
    """The log as the events have it, placed by their offsets; and the last event."""
    text = b""
    for name, id, data in viewer.events():
        if name == "end":
            viewer.close()
            return text, data
        assert (data["offset"], data["end"], int(id)) == (
            len(text),
            len(text) + len(data["text"].encode()),
            data["end"],
        )
        assert (data["execution_id"], data["step_id"], data["step"], data["attempt"]) == (7, 70, KEY[1], 2)
        text += data["text"].encode()
    raise AssertionError("The stream ended without an end.")


def test_a_line_comes_while_the_step_still_runs_and_the_end_with_its_digest(growing: Growing, edge: Asked):
    growing.print(b"one\n")
    viewer = Viewer(edge)
    events = viewer.events()
    assert next(events)[2]["text"] == "one\n"
    growing.print("zwei ü".encode()[:-1])
    assert next(events)[2]["text"] == "zwei "  # half a character waits for its rest
    growing.print("ü\n".encode()[1:])
    assert next(events)[2]["text"] == "ü\n"
    growing.end()
    name, id, data = next(events)
    assert (name, id) == ("end", "12")
    assert data == {"length": 12, "sha256": sha256("one\nzwei ü\n".encode()).hexdigest()}
    assert list(events) == []
    viewer.close()


def test_a_stream_follows_hints_and_costs_nothing_while_its_log_rests(
    growing: Growing, edge: Asked, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_tails, "LOOK", 3600.0)
    viewer = Viewer(edge)
    events = viewer.events()
    growing.print(b"one\n")
    assert next(events)[2]["text"] == "one\n"
    assert growing.looked.wait(SECONDS)
    looks, reads = growing.looks, growing.reads
    for other in range(100):
        growing.bus.grown(8, "unit", 1, other)
        growing.bus.publish(8, other)
    growing.print("ü".encode()[:1])
    growing.print("ü\n".encode()[1:])
    assert next(events)[2]["text"] == "ü\n"
    assert growing.looks == looks
    assert growing.reads <= reads + 2
    growing.end()
    assert [name for name, _, _ in events] == ["end"]
    viewer.close()


def test_what_no_hint_has_told_is_found_all_the_same(
    growing: Growing, edge: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(log_tails, "LOOK", 0.02)
    growing.hints = False
    viewer = Viewer(edge)
    events = viewer.events()
    growing.print(b"one\n")
    assert next(events)[2]["text"] == "one\n"
    with monkeypatch.context() as away:
        away.setattr(growing, "ended", _away)
        growing.print(b"two\n")
        while "could not look" not in caplog.text:
            growing.looked.wait(0.01)
    assert next(events)[2]["text"] == "two\n"  # a database that is away throws nobody out
    growing.end()
    assert [name for name, _, _ in events] == ["end"]
    viewer.close()


def _away(keys: Collection[Key]) -> Set[Key]:
    raise OSError("the database is away")


def test_last_event_id_goes_on_where_it_says_and_an_ended_log_asks_nobody_back(growing: Growing, edge: Asked):
    growing.print(b"0123456789")
    growing.end()
    viewer = Viewer(edge, Last_Event_ID="4")
    assert [event[2].get("text") for event in viewer.events()] == ["456789", None]
    viewer.close()
    again = Viewer(edge, Last_Event_ID="10")
    assert again.status == 204
    again.close()
    bad = Viewer(edge, Last_Event_ID="-1")
    assert bad.status == 400
    bad.close()


def test_who_may_not_see_it_gets_the_answer_of_the_api(growing: Growing, edge: Asked):
    answer = edge.get(f"{PATH}stream/{ASK}", authorization="Bearer bad")
    assert (answer.status, answer.json()["code"]) == (401, "not_authenticated")
    assert edge.get(f"{PATH}{ASK}", authorization="Bearer bad", accept="text/event-stream").status == 401


def test_who_loses_the_right_gets_no_more(growing: Growing, edge: Asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_stream, "SECONDS_TO_SHOW_LIFE", 0.0)
    growing.print(b"one\n")
    viewer = Viewer(edge)
    events = viewer.events()
    assert next(events)[2]["text"] == "one\n"
    growing.refused = True
    growing.print(b"secret\n")
    shown = [(name, data.get("text")) for name, _, data in events]
    assert shown[-1][0] == "refused" and len(shown) <= 2  # at most one that was on its way
    viewer.close()


def test_the_log_itself_is_a_stream_for_who_accepts_only_that(growing: Growing, edge: Asked):
    growing.print(b"one\n")
    growing.end()
    viewer = Viewer(edge, f"{PATH}{ASK}", Accept="text/event-stream")
    assert viewer.headers["content-type"].startswith("text/event-stream")
    assert whole(viewer)[0] == b"one\n"
    assert edge.get(f"{PATH}{ASK}", authorization="Bearer good").body == b"the whole log"


def test_strange_bytes_come_as_text_that_json_can_hold(growing: Growing, edge: Asked):
    growing.print(b"\xff\x00\x1b[2J\r\r\n\xed\xa0\x80 data: x\n\n: y")
    growing.end()
    viewer = Viewer(edge)
    text = next(viewer.events())[2]["text"]
    assert text == b"\xff\x00\x1b[2J\r\r\n\xed\xa0\x80 data: x\n\n: y".decode("utf-8", "replace")
    viewer.close()


def test_many_viewers_get_every_byte_and_the_log_is_read_once_for_all(growing: Growing, edge: Asked, count):
    viewers = [Viewer(edge) for _ in range(60)]
    wanted = b""
    with ThreadPoolExecutor(len(viewers)) as threads:
        reading = [threads.submit(whole, viewer) for viewer in viewers]
        for number in range(40):
            piece = b"line %d \xc3\xbc\n" % number * (1 + number * 37)
            growing.print(piece)
            wanted += piece
        growing.end()
        found = [one.result(SECONDS) for one in reading]
    assert all(text == wanted for text, _ in found)
    assert {end["sha256"] for _, end in found} == {sha256(wanted).hexdigest()}
    assert growing.reads < len(viewers) * (1 + len(wanted) // log_tails.PIECE)
    count("log streams: viewers whose bytes were all there, in order", len(found))


def test_a_viewer_that_does_not_read_costs_little_and_harms_nobody(growing: Growing, edge: Asked):
    stalled = Viewer(edge)
    for _ in range(20):
        growing.print(b"x" * 999_999 + b"\n")
    growing.end()
    text, _ = whole(Viewer(edge))
    assert len(text) == 20_000_000
    assert growing.reads < 1.7 * 20_000_000 / log_tails.PIECE  # what it has not taken was not read for it
    stalled.close()


def test_a_server_that_ends_lets_its_viewers_go(growing: Growing, open_edge: Open):
    streams = LogStreams(in_threads(growing.api), growing, growing.bus)
    edge = open_edge(app=in_threads(growing.api), pages=streams.routes, on_ending=streams.end)
    growing.print(b"one\n")
    viewer = Viewer(edge)
    events = viewer.events()
    next(events)
    edge.stop()
    assert list(events) == []  # a whole answer: the client comes back with the last id
    viewer.close()
    streams.close()


def test_curl_follows_it(growing: Growing, edge: Asked):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed.")
    growing.print(b"one\n")
    asked = [curl, "-sN", "-H", "Authorization: Bearer good", f"http://localhost:{edge.port}{PATH}stream/{ASK}"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        lines = iter(viewer.stdout.readline, b"")
        assert next(line for line in lines if line.startswith(b"data: ")).endswith(b'"text": "one\\n"}\n')
        growing.print(b"two\n")
        assert next(line for line in lines if line.startswith(b"data: ")).endswith(b'"text": "two\\n"}\n')
        growing.end()
        assert b"event: end\n" in list(lines)
    assert viewer.returncode == 0
