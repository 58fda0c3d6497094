"""Viewers who do not read, read a byte at a time, or are gone without a word: they slow nobody, and hold no memory."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.e2e.live.clients import Websockets
from tests.redis_server import Wire
from tests.stage import Stage

SILENT, CRAWLING, GONE = 40, 20, 40
CHANGES = 400
ASKED_EVERY = 10  # changes
MOST_GROWTH = 64 << 20  # bytes of the whole server
PATIENCE = 120.0


class Raw:
    """A socket that reads only what it is told to, into a window as small as the system gives."""

    def __init__(self, house: Stage, path: str, port: int = 0) -> None:
        own = int(house.server.url.rpartition(":")[2])
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(("127.0.0.1", port or own))
        lines = [
            *(f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{own}", "Upgrade: websocket", "Connection: Upgrade"),
            *("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"),
            *(f"{name}: {value}" for name, value in house.headers.items()),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._left = b""
        while b"\r\n\r\n" not in self._left:
            self._left += self._socket.recv(1)
        assert self._left.startswith(b"HTTP/1.1 101"), self._left

    def crawl(self) -> None:
        self._left += self._socket.recv(1)

    def frames(self) -> Iterator[dict[str, Any]]:
        """From now on as fast as they come."""
        self._left = self._left.partition(b"\r\n\r\n")[2]
        while True:
            first, length = self._take(2)
            if length == 126:
                length = int.from_bytes(self._take(2), "big")
            elif length == 127:
                length = int.from_bytes(self._take(8), "big")
            body = self._take(length)
            if first & 15 == 1:
                yield dict(json.loads(body))

    def close(self) -> None:
        self._socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._left) < size:
            data = self._socket.recv(1 << 16)
            assert data, "the server has ended the connection"
            self._left += data
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def test_who_does_not_read_slows_nobody_and_finds_everything_later(
    house: Stage, count: Callable[[str, int], None]
) -> None:
    execution = house.execution(CHANGES)
    path, begin = house.path(execution), house.events(execution)[-1]
    with ExitStack() as ending:

        def opened(port: int = 0) -> Raw:
            made = Raw(house, path, port)
            ending.callback(made.close)
            return made

        wire = Wire(int(house.server.url.rpartition(":")[2]))
        ending.callback(wire.close)
        silent = [opened() for _ in range(SILENT)]
        crawling = [opened() for _ in range(CRAWLING)]
        for _ in range(GONE):
            opened(wire.port)
        wire.cut()
        crawlers = Crawlers(crawling)
        ending.callback(crawlers.close)
        before = memory(house.server.pid)

        healthy = ending.enter_context(Websockets(house.address + path, house.headers))
        assert healthy.frame()["type"] == "snapshot"
        answered, seen = 0, []
        for number in range(CHANGES):
            last = house.change(execution)
            seen.append(healthy.frame()["seq"])
            if number % ASKED_EVERY == 0:
                answered += house.server.api("GET", f"cicd/executions/{execution}/")["id"] == execution
        grown = memory(house.server.pid) - before
        assert seen == list(range(begin + 1, last + 1))
        assert answered == CHANGES // ASKED_EVERY
        assert grown < MOST_GROWTH

        crawlers.close()
        for one in (*silent, *crawling):
            found = numbers(one, last)
            assert found == list(range(begin, last + 1))
    count("live, slow readers: changes seen at once by a healthy viewer", len(seen))
    count("live, slow readers: requests answered meanwhile", answered)
    count("live, slow readers: viewers who did not read, crawled or were gone", SILENT + CRAWLING + GONE)
    count("live, slow readers: of these found everything when they read again", SILENT + CRAWLING)
    count("live, slow readers: KiB by which the server has grown", max(0, grown) >> 10)


class Crawlers:
    """Read a byte each, in turns, for as long as it lasts."""

    def __init__(self, readers: list[Raw]) -> None:
        self._readers = readers
        self._ending = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._ending.wait(0.001):
                for reader in self._readers:
                    reader.crawl()


def numbers(reader: Raw, last: int) -> list[int]:
    """The numbers that it finds, up to that one; begins anew with each snapshot."""
    found: list[int] = []
    for frame in reader.frames():
        if frame["type"] == "snapshot":
            found = []
        if frame["type"] != "resync":
            found.append(frame["seq"])
        if found and found[-1] >= last:
            break
    return found


def memory(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
