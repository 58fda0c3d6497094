"""The others' servers: `python servers.py KIND`. Says its port, then does what `driving` describes.

Each is what its own documentation shows, with the settings that serve it best here: no compression, no pings.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.live.driving import drive, message, say

Publish = Callable[[str], None]
BACKLOG = 1024


def listen() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listening.setblocking(False)
    return listening


def serve(publish: Publish, listening: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Says the port, and publishes on the loop whatever the input asks for."""
    number = 0

    def once() -> int:
        nonlocal number
        number += 1
        loop.call_soon_threadsafe(publish, message(number))
        return number

    Thread(target=drive, args=(once,), daemon=True).start()
    say({"port": listening.getsockname()[1]})


# ── the limit: an encoded frame, written to every transport ──────────────────────────────────────────────────────


class Raw(asyncio.Protocol):
    opened: set[asyncio.Transport] = set()
    transport: asyncio.Transport
    asked = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.asked += data
        if self.transport in self.opened or b"\r\n\r\n" not in self.asked:
            return
        key = next(line for line in self.asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        digest = hashlib.sha1(key.split(b":")[1].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.transport.write(answer + b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n")
        self.opened.add(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.opened.discard(self.transport)


async def raw() -> None:
    listening = listen()
    loop = asyncio.get_running_loop()
    await loop.create_server(Raw, sock=listening, backlog=BACKLOG)

    def publish(text: str) -> None:
        body = text.encode()
        frame = bytes((0x81, 126)) + len(body).to_bytes(2, "big") + body
        for transport in Raw.opened:
            transport.write(frame)

    serve(publish, listening, loop)
    await asyncio.Event().wait()


# ── picows: what can be had in Python with a parser in C ─────────────────────────────────────────────────────────


async def picows() -> None:
    from picows import WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

    opened: set[WSTransport] = set()

    class Viewer(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            opened.add(transport)

        def on_ws_disconnected(self, transport: WSTransport) -> None:
            opened.discard(transport)

    def factory(request: WSUpgradeRequest) -> WSListener:
        return Viewer()

    listening = listen()
    await ws_create_server(factory, sock=listening, backlog=BACKLOG)

    def publish(text: str) -> None:
        body = text.encode()
        for transport in opened:
            transport.send(WSMsgType.TEXT, body)

    serve(publish, listening, asyncio.get_running_loop())
    await asyncio.Event().wait()


# ── websockets ───────────────────────────────────────────────────────────────────────────────────────────────────


async def websockets() -> None:
    from websockets.asyncio.server import ServerConnection, broadcast
    from websockets.asyncio.server import serve as websockets_serve

    opened: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        opened.add(connection)
        try:
            await connection.wait_closed()
        finally:
            opened.discard(connection)

    listening = listen()
    async with websockets_serve(handler, sock=listening, compression=None, ping_interval=None, backlog=BACKLOG):
        serve(lambda text: broadcast(opened, text), listening, asyncio.get_running_loop())
        await asyncio.Event().wait()


# ── Starlette and Channels, on uvicorn ───────────────────────────────────────────────────────────────────────────


async def uvicorn(application: Any, publish: Publish) -> None:
    from uvicorn import Config, Server

    listening = listen()
    config = Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        backlog=BACKLOG,
    )
    serve(publish, listening, asyncio.get_running_loop())
    await Server(config).serve(sockets=[listening])


async def starlette() -> None:
    """The loop of the tutorials: await each send in turn."""
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    opened: set[WebSocket] = set()

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        opened.add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            opened.discard(socket)

    messages: asyncio.Queue[str] = asyncio.Queue()

    async def send() -> None:
        while True:
            text = await messages.get()
            for one in list(opened):
                await one.send_text(text)

    sending = asyncio.create_task(send())
    await uvicorn(Starlette(routes=[WebSocketRoute("/{path:path}", endpoint)]), messages.put_nowait)
    sending.cancel()


async def channels() -> None:
    from django.conf import settings

    layer = {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 100_000}}
    settings.configure(CHANNEL_LAYERS={"default": layer}, SECRET_KEY="of-a-benchmark")
    import django

    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.layers import get_channel_layer

    class Viewer(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.channel_layer.group_add("viewers", self.channel_name)
            await self.accept()

        async def told(self, event: dict[str, str]) -> None:
            await self.send(text_data=event["text"])

    messages: asyncio.Queue[str] = asyncio.Queue()

    async def send() -> None:
        layer = get_channel_layer()
        while True:
            await layer.group_send("viewers", {"type": "told", "text": await messages.get()})

    sending = asyncio.create_task(send())
    await uvicorn(Viewer.as_asgi(), messages.put_nowait)
    sending.cancel()


KINDS = {"raw": raw, "picows": picows, "websockets": websockets, "starlette": starlette, "channels": channels}

if __name__ == "__main__":
    import uvloop

    uvloop.run(KINDS[sys.argv[1]]())
