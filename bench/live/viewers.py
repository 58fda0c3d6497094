"""Many viewers in one process: `python -m bench.live.viewers`, with a job as JSON in the first line of its input.

{"url": "http://127.0.0.1:8000", "path": "/ws/executions/1/", "headers": {…}, "count": 1000}

Says {"open": n} once all are open. Then for each line of input, {"until": {"last": 100, "seconds": 30}}: waits until
each has got the frame of that number, or the time is over, and says what came since the line before:
{"frames": n, "bytes": n, "gaps": n, "doubled": n, "behind": n, "lost": n, "arrived": {number: [moment, …]}}.
Sockets are read as cheaply as Python can: of a frame only its number is looked at.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from array import array
from typing import Any
from urllib.parse import urlsplit

import uvloop

AT_ONCE = 100  # handshakes
NUMBER = b'"seq":'
SNAPSHOT = b'"snapshot"'
PATIENCE = 300.0


class Viewer(asyncio.Protocol):
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.left = b""
        self.last = 0
        self.open = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.crowd.handshake)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self.left + data if self.left else data
        at = 0
        if not self.open.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.left = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(ConnectionError(data[:200].decode(errors="replace")))
                return
            self.open.set_result(None)
            at = end + 4
        size = len(data)
        while at + 2 <= size:
            length, body = data[at + 1], at + 2
            if length == 126:
                length, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            end = body + length
            if end > size:
                break
            self._frame(data[at] & 15, data, body, end, now)
            at = end
        self.left = data[at:]

    def _frame(self, kind: int, data: bytes, body: int, end: int, now: float) -> None:
        if kind == 9:
            self.transport.write(bytes((0x8A, 0x80 | (end - body))) + bytes(4) + data[body:end])
            return
        found = data.find(NUMBER, body, end)
        if kind != 1 or found < 0:
            return
        found += len(NUMBER)
        stop = data.find(b",", found, end)
        number = int(data[found : stop if stop > 0 else end].rstrip(b"} "))
        if data.find(SNAPSHOT, body, body + 40) > 0:
            self.last = number
            return
        self.crowd.note(self, number, now, end - body)

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.lost += 1
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed before it was open"))


class Crowd:
    def __init__(self, job: dict[str, Any]) -> None:
        parts = urlsplit(job["url"])
        self.host, self.port = parts.hostname, parts.port
        headers = {"Host": parts.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        headers |= {"Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()} | job.get("headers", {})
        lines = [f"GET {job['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.handshake = "\r\n".join(lines).encode()
        self.viewers: list[Viewer] = []
        self.lost = 0
        self.begin()

    def begin(self) -> None:
        self.numbers, self.moments = array("q"), array("d")
        self.bytes = self.gaps = self.doubled = 0

    def note(self, viewer: Viewer, number: int, now: float, size: int) -> None:
        if viewer.last:
            if number <= viewer.last:
                self.doubled += 1
            elif number != viewer.last + 1:
                self.gaps += 1
        viewer.last = max(number, viewer.last)
        self.numbers.append(number)
        self.moments.append(now)
        self.bytes += size

    async def open(self, count: int) -> None:
        loop, turns = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with turns:
                viewer = Viewer(self)
                await loop.create_connection(lambda: viewer, self.host, self.port)
                await asyncio.wait_for(viewer.open, PATIENCE)
                self.viewers.append(viewer)

        await asyncio.gather(*(one() for _ in range(count)))

    async def until(self, last: int, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(viewer.last < last for viewer in self.viewers):
            await asyncio.sleep(0.05)
        arrived: dict[int, list[float]] = {}
        for number, moment in zip(self.numbers, self.moments, strict=True):
            arrived.setdefault(number, []).append(round(moment, 6))
        behind = sum(viewer.last < last for viewer in self.viewers)
        told = {"frames": len(self.numbers), "bytes": self.bytes, "gaps": self.gaps, "doubled": self.doubled}
        self.begin()
        return told | {"behind": behind, "lost": self.lost, "arrived": arrived}


async def main() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    job = json.loads(await lines.readline())
    crowd = Crowd(job)
    await crowd.open(job["count"])
    print(json.dumps({"open": len(crowd.viewers)}), flush=True)
    while line := await lines.readline():
        wanted = json.loads(line)["until"]
        print(json.dumps(await crowd.until(wanted["last"], wanted["seconds"])), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
