"""What a step prints, at its viewers: the delay of a line, CPU per delivery, memory per socket, and bytes a second.

A step prints the time, line by line; each viewer has asked for its log. The delay is from there to the viewer's
process, so it holds everything between: shim, masking, store, hint, read, encoding, kernel.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from websockets.sync.client import connect

from tests.server_process import ServerProcess, until

LINES = 100
MEGABYTES = 64
PATIENCE = 300.0
PRINT = """import sys, time
for _ in range({lines}):
    time.sleep({pause})
    print("at", time.time(), "x" * 170, flush=True)
"""
END = re.compile(rb'"end":(\d+)')
SUBSCRIBE = b'{"type":"subscribe","data":{"logs":true}}'


class Lines(NamedTuple):
    """Seconds and bytes of one run; `cpu` is that of a delivery, `idle` the part of a core that the viewers cost."""

    p50: float
    p99: float
    cpu: float
    memory: float
    idle: float


class Bytes(NamedTuple):
    """A second: until the step has ended with its whole log in the store, and until a viewer has all of it."""

    stored: float
    shown: float


class Viewer(asyncio.Protocol):
    """Reads no more of a frame than the times in it: what is measured is the server."""

    def __init__(self, request: bytes, delays: list[float]) -> None:
        self.request, self.delays, self.seen = request, delays, 0
        self.upgraded = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.upgraded.done():
            mask = bytes(4)
            self.transport.write(b"\x81" + bytes([0x80 | len(SUBSCRIBE)]) + mask + SUBSCRIBE)  # type: ignore[attr-defined]
            self.upgraded.set_result(data.startswith(b"HTTP/1.1 101"))
        for part in data.split(b"at 1")[1:]:
            self.delays.append(now - float(b"1" + part.split(b" ", 1)[0]))
            self.seen += 1


def cpu(pid: int) -> float:
    """Seconds, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes that are this process' own."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("Private_", "Swap:")))


async def _viewed(server: ServerProcess, folder: Path, sockets: int, rate: float) -> Lines:
    project = server.api("POST", "projects/", {"name": folder.name})["id"]
    (folder / "print.py").write_text(PRINT.format(lines=LINES, pause=1 / rate))
    go, command = folder / "go", f"{sys.executable} {folder}/print.py"
    source = f"steps: {{print: {{executor: host, run: 'while [ ! -e {go} ]; do sleep 0.1; done; {command}'}}}}"
    made = server.api("POST", "pipelines/", {"project": project, "name": "bench", "source": source})
    execution = server.api("POST", "cicd/executions/", {"pipeline_id": made["id"]})["id"]
    token = server.api("POST", "auth/tokens/", {"name": "bench", "scopes": ["read"]})["token"]
    request = (
        f"GET /ws/executions/{execution}/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    until(lambda: server.api("GET", f"cicd/executions/{execution}/")["status"] == "running", "it runs")
    loop, port = asyncio.get_running_loop(), int(server.url.rpartition(":")[2])
    before, delays, viewers = memory(server.pid), [], []
    for _ in range(sockets):
        _, viewer = await loop.create_connection(lambda: Viewer(request, delays), "127.0.0.1", port)
        viewers.append(viewer)
    assert all(await asyncio.gather(*(viewer.upgraded for viewer in viewers)))
    await asyncio.sleep(3)
    held = (memory(server.pid) - before) / sockets
    began, used = time.monotonic(), cpu(server.pid)
    await asyncio.sleep(3)
    idle = (cpu(server.pid) - used) / 3
    used, began = cpu(server.pid), time.monotonic()
    go.touch()
    while any(viewer.seen < LINES for viewer in viewers):
        await asyncio.sleep(0.2)
        assert time.monotonic() - began < LINES / rate + 120
    used, taken = cpu(server.pid) - used, time.monotonic() - began
    delays.sort()
    p50, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.99))
    per = (used - idle * taken) / len(delays)
    for viewer in viewers:
        viewer.transport.abort()
    return Lines(p50=p50, p99=p99, cpu=per, memory=held, idle=idle)


def _streamed(server: ServerProcess, folder: Path) -> Bytes:
    """A step that prints as fast as it can, to one viewer."""
    line = b"[  1234] compiling module_977.c with -O2 -Wall -fPIC ... ok, and now the next one of them\n"
    size = MEGABYTES << 20
    (folder / "output").write_bytes((line * (size // len(line) + 1))[:size])
    go = folder / "go-on"
    command = f"while [ ! -e {go} ]; do sleep 0.1; done; cat {folder / 'output'}"
    source = f"steps: {{print: {{executor: host, run: '{command}'}}}}"
    project = server.api("POST", "projects/", {"name": "bytes"})["id"]
    made = server.api("POST", "pipelines/", {"project": project, "name": "bytes", "source": source})
    path = f"cicd/executions/{server.api('POST', 'cicd/executions/', {'pipeline_id': made['id']})['id']}/"
    until(lambda: server.api("GET", path)["status"] == "running", "it runs")
    url = server.url.replace("http", "ws", 1) + path.replace("cicd", "/ws")
    ended: list[float] = []
    with connect(url, additional_headers={"Authorization": f"Bearer {server.token}"}, max_size=None) as viewer:
        viewer.recv(PATIENCE)
        viewer.send(SUBSCRIBE.decode())
        began, seen = time.monotonic(), 0
        go.touch()
        while seen < size or not ended:
            frame = viewer.recv(PATIENCE, decode=False)
            if b'"log_update"' in frame[:200] and (found := END.search(frame)):
                seen = int(found[1])
                arrived = time.monotonic()
            elif b'"success"' in frame:
                ended.append(time.monotonic())
    return Bytes(stored=size / (ended[0] - began), shown=size / (arrived - began))


def measure_lines(sizes: Sequence[tuple[int, float]], rounds: int) -> tuple[dict[int, Lines], Bytes]:
    """Of one server; the best of so many rounds."""
    lines: dict[int, Lines] = {}
    streams: list[Bytes] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="ansflow-bench-lines-") as name:
            server = ServerProcess(Path(name), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
            server.start_with_administrator()
            try:
                streams.append(_streamed(server, Path(name)))
                for sockets, rate in sizes:
                    folder = Path(name, f"lines-{sockets}")
                    folder.mkdir()
                    found = asyncio.run(_viewed(server, folder, sockets, rate))
                    before = lines.get(sockets, found)
                    lines[sockets] = Lines(*map(min, zip(before, found, strict=True)))
            finally:
                server.stop()
    return lines, Bytes(*map(max, zip(*streams, strict=True)))
