"""Viewers of one running execution, over real sockets of a real server: delay, CPU per delivery, memory per socket.

python -m bench.live 1000 10 150        # so many sockets, lines a second, and lines

A step prints the time, line by line; each viewer has asked for its log. The delay is from there to the viewer's
process, so it holds everything between: shim, masking, store, hint, read, encoding, kernel.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.server_process import ServerProcess, until

PRINT = """import sys, time
for _ in range({lines}):
    time.sleep({pause})
    print("at", time.time(), "x" * 170, flush=True)
"""
SUBSCRIBE = b'{"type":"subscribe","data":{"logs":true}}'


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


async def measure(server: ServerProcess, folder: Path, sockets: int, rate: int, lines: int) -> None:
    project = server.api("POST", "projects/", {"name": folder.name})["id"]
    (folder / "print.py").write_text(PRINT.format(lines=lines, pause=1 / rate))
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
    used, began = cpu(server.pid), time.monotonic()
    go.touch()
    while any(viewer.seen < lines for viewer in viewers):
        await asyncio.sleep(0.2)
        assert time.monotonic() - began < lines / rate + 120
    used = cpu(server.pid) - used
    delays.sort()
    p50, p99 = (delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    per = used / len(delays) * 1e6  # with all else that the server did meanwhile
    print(
        f"{sockets:>6,} sockets  {rate:>4} lines/s  {len(delays):>9,} deliveries  p50 {p50:.1f} ms  p99 {p99:.1f} ms"
        f"  {per:.1f} µs CPU each  {held / 1024:.1f} KiB per socket"
    )


def main() -> None:
    sockets, rate, lines = map(int, [*sys.argv[1:], *("1000", "10", "150")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as name:
        server = ServerProcess(Path(name), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
        server.start_with_administrator()
        try:
            asyncio.run(measure(server, Path(name), sockets, rate, lines))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
