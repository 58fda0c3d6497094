"""Real servers on loopback that take messages and remember them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer` decides over status, body and headers; it sees the request, as the real service does."""

    host: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], tuple[int, bytes, dict[str, str]]] = lambda request: (200, b"ok", {})

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

    def outbound(self) -> Outbound:
        return Outbound([self.host])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body)
            received.requests.append(request)
            status, answer, headers = received.answer(request)
            self.send_response(status)
            for name, value in {"content-length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def message() -> Message:
    return Message(
        subject="shop-api failed",
        text="unit failed: Exited with code 1: 3 of 120 tests failed.\n  test_prices[<EUR>] & *more*",
        status="failed",
        url="https://ci.example/executions/42",
        facts={"Branch": "feature/[x](http://evil.example)", "Commit": "0123456789ab", "Author": "安 <an@example>"},
        payload={"execution": 42},
    )
