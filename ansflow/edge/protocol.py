"""HTTP/1.1 as uvicorn speaks it, with limits on what a client may send before a request is complete."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADER_BYTES = 32 << 10
SECONDS_FOR_HEADERS = 20.0
MOST_HEADERS = 100


class LimitedProtocol(HttpToolsProtocol):
    """Closes a connection whose head is too long, or takes too long, without a word: no application has seen it."""

    _head_bytes = 0
    _in_head = True
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._patience is None:
                self._wait_for_head()
        super().data_received(data)
        if self._in_head and self._head_bytes > MOST_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        state: dict[str, Any] = self.scope["state"]
        state["abort"] = self._abort

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS and not self.transport.is_closing():
            self.send_400_response("The request has too many headers.")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._stop_waiting()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.cycle is not None:
            super().on_message_complete()
        self._in_head = True

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(SECONDS_FOR_HEADERS, self._abort)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _abort(self) -> None:
        """Drops what has not been sent yet: whoever does not read must not keep it in memory."""
        self.transport.abort()
