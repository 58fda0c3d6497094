"""Bodies wait here and not in a thread: a client that sends or reads slowly costs memory or disk, and no worker.

A request is handed on when it has arrived; an answer is taken from its thread as fast as that makes it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import IO, Any

from starlette.types import Message, Receive, Send

IN_MEMORY = 1 << 20  # bytes of a body; what is longer goes to the disk
PIECE = 64 << 10
SECONDS_FOR_BODY = 60.0
SECONDS_TO_DISCARD = 5.0  # that a client whose request was refused gets to send the rest, and so to read why
SECONDS_FOR_PIECE = 60.0  # in which a client must have read so much of an answer that the next piece fits


class TooLong(Exception):
    """The body of a request is longer than the limit."""


class TooSlow(Exception):
    """The body of a request has not arrived in time."""


class Gone(Exception):
    """The client has closed the connection."""


class Arrived:
    """The body of a request, whole."""

    def __init__(self, folder: Path, receive: Receive) -> None:
        self.length = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115 — closed by `close`
        self._receive = receive
        self._given = False

    async def read(self, most: int) -> None:
        """Raises TooLong, TooSlow or Gone."""
        try:
            async with asyncio.timeout(SECONDS_FOR_BODY):
                while await self._read_piece(most):
                    pass
        except TimeoutError:
            raise TooSlow from None
        self._file.seek(0)

    async def discard(self) -> None:
        """Lets the client send on for a while. One that is cut off in the middle never reads its answer."""
        try:
            async with asyncio.timeout(SECONDS_TO_DISCARD):
                while (message := await self._receive())["type"] == "http.request" and message.get("more_body", False):
                    pass
        except TimeoutError:
            return

    async def _read_piece(self, most: int) -> bool:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body = message.get("body", b"")
        self.length += len(body)
        if self.length > most:
            raise TooLong
        self._file.write(body)
        return bool(message.get("more_body", False))

    async def receive(self) -> Message:
        """What an application calls to read it; afterwards it waits for the client to go away."""
        if self._given:
            return await self._receive()
        piece = self._file.read(PIECE)
        self._given = self._file.tell() >= self.length
        return {"type": "http.request", "body": piece, "more_body": not self._given}

    def close(self) -> None:
        self._file.close()


class Leaving:
    """An answer on its way to a client: `send` takes it at once, `deliver` passes it on as fast as the client reads."""

    def __init__(self, folder: Path, send: Send, abort: Callable[[], None]) -> None:
        self._send = send
        self._abort = abort
        self._folder = folder
        self._start: Message | None = None
        self._waiting = bytearray()
        self._file: IO[bytes] | None = None  # what did not fit into `_waiting`, and everything after it
        self._written = self._read = 0
        self._whole = False
        self._dropped = False
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self.status = 0
        self.bytes = 0

    async def send(self, message: Message) -> None:
        """Never fails: the thread that makes the answer would wait for ever for somebody who takes the rest of it."""
        if message["type"] == "http.response.start":
            self._start = message
            self.status = message["status"]
        else:
            try:
                self._keep(message.get("body", b""))
            except OSError:  # the disk is full
                self._drop()
            self._whole = not message.get("more_body", False)
        self._news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._whole = True
        self._news.set()

    async def drained(self) -> None:
        """Returns when the client has taken what there is: for answers that are made as fast as they are read."""
        while self._left() and not self._dropped:
            self._taken.clear()
            await self._taken.wait()

    async def deliver(self) -> None:
        """Returns when everything has been passed on. Drops a connection that takes nothing for too long."""
        try:
            while not self._whole or self._left():
                await self._news.wait()
                self._news.clear()
                await self._deliver_what_is_there()
        except TimeoutError:
            self._abort()
        finally:
            self._forget()

    async def _deliver_what_is_there(self) -> None:
        if self._start is not None and (self._left() or self._whole):
            start, self._start = self._start, None
            await self._send(start)
        if self._start is not None:
            return
        while self._left():
            piece = self._take()
            last = self._whole and not self._left()
            async with asyncio.timeout(SECONDS_FOR_PIECE):
                await self._send({"type": "http.response.body", "body": piece, "more_body": not last})
            self.bytes += len(piece)
            self._taken.set()
            if last:
                return
        if self._whole:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _drop(self) -> None:
        self._abort()
        self._forget()

    def _forget(self) -> None:
        """Nobody reads any more: what is there, and what may still come, is for nobody."""
        self._dropped = True
        self._taken.set()
        self._waiting.clear()
        if self._file is not None:
            self._file.close()
        self._file, self._read, self._written = None, 0, 0

    def _keep(self, body: bytes) -> None:
        if self._dropped:
            return
        if self._file is None and len(self._waiting) + len(body) <= IN_MEMORY:
            self._waiting += body
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 — closed by `deliver`
        self._file.seek(self._written)
        self._written += self._file.write(body)

    def _left(self) -> bool:
        return bool(self._waiting) or self._read < self._written

    def _take(self) -> bytes:
        if self._waiting:
            piece = bytes(self._waiting[:PIECE])
            del self._waiting[:PIECE]
            return piece
        assert self._file is not None
        self._file.seek(self._read)
        piece = self._file.read(PIECE)
        self._read += len(piece)
        if self._read == self._written:  # the client has caught up: memory is enough again
            self._file.close()
            self._file, self._read, self._written = None, 0, 0
        return piece


def with_length(scope: MutableMapping[str, Any], length: int) -> None:
    """Says how long the body is, whatever way it came."""
    kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")]
    scope["headers"] = [*kept, (b"content-length", str(length).encode())]
