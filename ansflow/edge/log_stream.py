"""The log of a step as it grows, as Server-Sent Events: `curl -N` is a viewer.

Who may see it, the API says: the same request goes to it first, and again and again while the stream lasts. What is
read, is read in threads, once for all who stand at the same place (`log_tails`); a client that reads slowly is sent
less at a time.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ansflow.edge.log_tails import Source, Tail, Tails, event
from ansflow.engine.ports import EventBus

PATH = "/api/v1/cicd/executions/{id:int}/logs/"
THREADS = 4
SECONDS_TO_SHOW_LIFE = 15.0  # of silence, after which a comment is sent; and between two looks at who may see it
OFFSET = re.compile(r"[0-9]{1,18}")


class Granted(NamedTuple):
    """What the API answered. Where it is not 200, the answer is passed on as it is."""

    status: int
    headers: Mapping[str, str]
    messages: list[Message]

    @property
    def about(self) -> tuple[int, int]:
        """Number of the step execution, and attempt."""
        return int(self.headers["x-log-step-id"]), int(self.headers["x-log-attempt"])


class LogStreams:
    """An ASGI application for `routes`; `behind` is the API, which also gets whatever is no stream."""

    def __init__(self, behind: ASGIApp, source: Source, bus: EventBus) -> None:
        self._behind = behind
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="log streams")
        self._tails = Tails(source, bus, self._in_thread)
        self._ending = asyncio.Event()

    @property
    def routes(self) -> list[Route]:
        return [Route(PATH, self), Route(f"{PATH}stream/", self)]

    def end(self) -> None:
        """Ends every stream, on the event loop: the server is about to close, and clients come back."""
        self._ending.set()

    def close(self) -> None:
        self._tails.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
        is_stream = scope["path"].endswith("/stream/") or "text/event-stream" in headers.get("accept", "")
        if scope["method"] != "GET" or not is_stream:
            await self._behind(scope, receive, send)
            return
        granted = await self._ask(scope)
        if granted.status != 200:
            for message in granted.messages:
                await send(message)
            return
        offset = headers.get("last-event-id", "")
        if offset and not OFFSET.fullmatch(offset):
            await _refuse(send, "Last-Event-ID is an offset in the log, as the events have it.")
            return
        await self._follow(scope, receive, send, granted, offset)

    async def _follow(self, scope: Scope, receive: Receive, send: Send, granted: Granted, begin: str) -> None:
        step_id, attempt = granted.about
        key = (scope["path_params"]["id"], unquote(granted.headers["x-log-step"]), attempt)
        tail = self._tails.join(key, step_id)
        try:
            stream = Stream(tail, send, scope["state"].get("drained"), lambda: self._ask(scope))
            await _until(self._ending, receive, stream.run(begin))
        finally:
            self._tails.leave(tail)

    async def _ask(self, scope: Scope) -> Granted:
        path = re.sub(r"/logs/(stream/)?$", "/logs/stream/", scope["path"])
        dropped = (b"range", b"if-none-match", b"content-length", b"accept")
        headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
        asked = {**scope, "path": path, "raw_path": path.encode(), "headers": headers}
        answered: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            answered.append(message)

        await self._behind(asked, receive, send)
        start = answered[0]
        found = {name.decode("latin1").lower(): value.decode("latin1") for name, value in start["headers"]}
        return Granted(start["status"], found, answered)

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)


class Stream:
    """One client."""

    def __init__(
        self,
        tail: Tail,
        send: Send,
        drained: Callable[[], Awaitable[None]] | None,
        ask: Callable[[], Awaitable[Granted]],
    ) -> None:
        self._tail = tail
        self._send = send
        self._drained = drained
        self._ask = ask
        self._asked_at = monotonic()
        self._seen = 0  # length at which there was no more than the beginning of a character

    async def run(self, begin: str) -> None:
        await self._tail.wait(int(begin or 0) - 1, SECONDS_TO_SHOW_LIFE)
        offset = min(int(begin or 0), self._tail.length)
        if begin and self._tail.has_ended and offset == self._tail.length:
            await self._send({"type": "http.response.start", "status": 204, "headers": []})  # a browser comes no more
            await self._send({"type": "http.response.body", "body": b""})
            return
        await self._begin()
        while not (self._tail.has_ended and offset >= self._tail.length):
            offset = await self._go_on(offset)
            if not await self._may_go_on():
                break
        else:
            await self._write(await self._tail.last_event())
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # nginx passes on at once
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(b"retry: 1000\n\n")

    async def _go_on(self, offset: int) -> int:
        beyond = max(offset, self._seen)
        await self._tail.wait(beyond, SECONDS_TO_SHOW_LIFE)
        length = self._tail.length
        if length <= beyond and not self._tail.has_ended:
            await self._write(b": still here\n\n")
            return offset
        if length <= offset:
            return offset
        end, told = await self._tail.event(offset)
        if told:
            await self._write(told)
        else:
            self._seen = length
        return end

    async def _may_go_on(self) -> bool:
        """Roles change, and tokens run out."""
        if monotonic() - self._asked_at < SECONDS_TO_SHOW_LIFE:
            return True
        self._asked_at = monotonic()
        granted = await self._ask()
        if granted.status == 200:
            return True
        await self._write(event("refused", {"status": granted.status}))
        return False

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self._drained is not None:
            await self._drained()


async def _until(ending: asyncio.Event, receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Ends the work when the client has gone, or everything ends."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.ensure_future(one) for one in (gone(), ending.wait())}
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait({working, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, *tasks):
            task.cancel()
        await asyncio.gather(working, *tasks, return_exceptions=True)


async def _refuse(send: Send, message: str) -> None:
    body = json.dumps({"code": "invalid", "message": message, "details": {}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
