"""A WebSocket as uvicorn speaks it, with what rooms need: frames that were encoded once go straight to the transport,
and whoever does not read, or does not answer, holds neither memory nor a connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

MOST_WAITING = 64 << 10  # bytes that wait for a reader in this process; above, a room lets him be
MOST_IN_KERNEL = 64 << 10  # and in the kernel, which doubles it: what is sent there cannot be taken back
SECONDS_TO_CLOSE = 5.0  # that a client gets to answer the close, before the connection is dropped
PINGS_PER_SECOND = 20


def _nothing() -> None:
    """Until a room listens."""


class Inbox:
    """What asyncio's queue does, for one reader, in a tenth of its memory: it is empty nearly always."""

    __slots__ = ("_messages", "_waiting")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._messages:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        self._waiting = None
        return self._messages.pop(0)

    def empty(self) -> bool:
        return not self._messages


class Line(WebSocketsSansIOProtocol):
    """`free` says whether the client keeps up; `on_free` is called when it does so again."""

    def __init__(self, config: Any, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """`config` is a `server.Config`: its sockets are not among the connections that `server_state` counts."""
        super().__init__(config=config, server_state=config.sockets, app_state=app_state)
        self.queue = Inbox()  # type: ignore[assignment]
        self.free = True
        self.on_free: Callable[[], None] = _nothing
        self.sent_bytes = 0
        self._pings = 0
        self._pings_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=MOST_WAITING)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_IN_KERNEL)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # the request is one that a socket can begin with
            self.scope["state"]["line"] = self

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._forget_the_request()
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # refused: uvicorn would complain that nobody was let in

    def _forget_the_request(self) -> None:
        """Its headers have been read, and are a good part of what a silent viewer costs."""
        del self.request, self.response
        self.scope["headers"] = []

    @property
    def is_open(self) -> bool:
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def write(self, frames: bytes) -> None:
        """Whole frames, as `live.frames` makes them. To be asked first: `free`."""
        if self.is_open:
            self.sent_bytes += len(frames)
            self.transport.write(frames)

    async def drained(self) -> None:
        """Until the client has taken enough to be written to again, or is gone."""
        await self.writable.wait()

    def end(self, code: int, reason: str) -> None:
        """Closes with that word, and drops the connection of a client that does not take it."""
        if not self.is_open:
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(SECONDS_TO_CLOSE, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.free = False

    def resume_writing(self) -> None:
        super().resume_writing()
        self.free = True
        self.on_free()

    def handle_ping(self) -> None:
        now = self.loop.time()
        if now - self._pings_since >= 1.0:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > PINGS_PER_SECOND:
            self.end(1008, "too many pings")
        elif self.free:
            super().handle_ping()
        else:
            self.conn.data_to_send()  # who does not read gets no answers to store

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(SECONDS_TO_CLOSE, self.transport.abort)  # what is left unsent will never be read

    def shutdown(self) -> None:
        super().shutdown()
        if not self.free:
            self.transport.abort()
