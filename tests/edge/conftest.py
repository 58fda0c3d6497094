"""An edge on a port of its own, in front of an application of the test's, asked over raw sockets."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest
from starlette.types import ASGIApp

from ansflow.edge.app import edge
from ansflow.edge.door import Rules
from ansflow.edge.health import Check, Health
from ansflow.edge.measures import Measures
from ansflow.edge.server import Server, listen
from ansflow.edge.threads import in_threads

SECONDS = 60.0  # after which a test that waits has failed


class Answer:
    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin1").split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def json(self) -> Any:
        return json.loads(self.body)


class Asked:
    """The edge, as a client sees it."""

    def __init__(self, port: int, measures: Measures, stop: Callable[[], None]) -> None:
        self.port = port
        self.measures = measures
        self.stop = stop  # and wait until it has

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def raw(self, request: bytes) -> Answer:
        with self.connect() as sock:
            sock.sendall(request)
            return Answer(read_all(sock))

    def get(self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        said = {"Host": f"localhost:{self.port}", "Connection": "close"}
        said |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        if body:
            said["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
        return self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)


def read_all(sock: socket.socket) -> bytes:
    found = bytearray()
    while piece := sock.recv(65536):
        found += piece
    return bytes(found)


def echo(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """What Django would see of a request."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    told = json.dumps({**seen, "length": len(body), "scheme": environ["wsgi.url_scheme"]}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(told)))])
    return [told]


Open = Callable[..., Asked]


@pytest.fixture
def open_edge(tmp_path: Path) -> Iterator[Open]:
    ends: list[Callable[[], None]] = []

    def make(
        behind: Callable[..., Any] = echo, *, checks: Mapping[str, Check] | None = None, token: str = "",
        behind_proxy: bool = False, pages: Any = (), app: ASGIApp | None = None, sockets: ASGIApp | None = None,
        pings: Mapping[str, float] | None = None,
        on_ending: Callable[[], None] = lambda: None, **rules: Any,
    ) -> Asked:  # fmt: skip
        known: dict[str, Any] = {
            "hosts": ["localhost", "127.0.0.1", ".example.com"],
            "proxies": [],
            "max_body": 1 << 20,
        }
        measures, ready = Measures(), Event()
        health = Health(checks or {}, measures, token=token, behind_proxy=behind_proxy)
        application = edge(
            app or in_threads(behind), Rules(folder=tmp_path, **{**known, **rules}),
            health=health, measures=measures, pages=pages, sockets=sockets,
        )  # fmt: skip
        listening = listen("127.0.0.1", 0)
        server = Server(application, on_ready=ready.set, on_ending=on_ending, **(pings or {}))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()

        def end() -> None:
            if thread.is_alive():
                server.stop()
            thread.join(SECONDS)
            listening.close()

        ends.append(end)
        assert ready.wait(SECONDS)
        return Asked(listening.getsockname()[1], measures, end)

    yield make
    for end in ends:
        end()


@pytest.fixture
def next_line() -> Iterator[Callable[[], logging.LogRecord]]:
    """The next line of the access log: it is written when the answer has left, so a client may be ahead of it."""
    found: SimpleQueue[logging.LogRecord] = SimpleQueue()
    handler = logging.Handler()
    handler.emit = found.put  # type: ignore[method-assign]
    log = logging.getLogger("ansflow.requests")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield lambda: found.get(timeout=SECONDS)
    log.removeHandler(handler)
    log.setLevel(level)
