"""The log of a step as it grows, as Server-Sent Events: `curl -N` is a viewer.

Who may see it, the API says: the same request goes to it first, and again and again while the stream lasts. What is
read, is read in threads, once for all who stand at the same place; a client that reads slowly is sent less at a time.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Key = tuple[int, str, int]

PATH = "/api/v1/cicd/executions/{id:int}/logs/"
THREADS = 4
PIECE = 256 << 10  # bytes of a log in one event, at most
SECONDS_BETWEEN_LOOKS = 0.1  # at a log that grows
SECONDS_BETWEEN_LOOKS_AT_REST = 0.25
SECONDS_TO_REST = 2.0
SECONDS_TO_END = 0.5  # of silence, after which it is asked whether the log has ended, and again
SECONDS_TO_SHOW_LIFE = 15.0  # of silence, after which a comment is sent; and between two looks at who may see it
OFFSET = re.compile(r"[0-9]{1,18}")
MOST_KEPT = 64  # events of one log, for others at the same place


class Source(Protocol):
    """Each of these may block."""

    def length(self, key: Key) -> int: ...

    def has_ended(self, key: Key) -> bool:
        """Nothing will be added. Its length asked for afterwards is the last one."""
        ...

    def read(self, key: Key, start: int, end: int) -> bytes: ...

    def digest(self, key: Key) -> str: ...


class Granted(NamedTuple):
    """What the API answered. Where it is not 200, the answer is passed on as it is."""

    status: int
    headers: Mapping[str, str]
    messages: list[Message]

    @property
    def about(self) -> tuple[int, int]:
        """Number of the step execution, and attempt."""
        return int(self.headers["x-log-step-id"]), int(self.headers["x-log-attempt"])


class Told(NamedTuple):
    """An event as it is sent, and where the log goes on behind it."""

    end: int
    event: bytes


class LogStreams:
    """An ASGI application for `routes`; `behind` is the API, which also gets whatever is no stream."""

    def __init__(self, behind: ASGIApp, source: Source) -> None:
        self._behind = behind
        self._source = source
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="log streams")
        self._tails: dict[Key, Tail] = {}
        self._ending = asyncio.Event()

    @property
    def routes(self) -> list[Route]:
        return [Route(PATH, self), Route(f"{PATH}stream/", self)]

    def end(self) -> None:
        """Ends every stream, on the event loop: the server is about to close, and clients come back."""
        self._ending.set()

    def close(self) -> None:
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
        tail = self._tails.setdefault(key, Tail(key, step_id, self._source, self._in_thread))
        tail.viewers += 1
        try:
            stream = Stream(tail, send, scope["state"].get("drained"), lambda: self._ask(scope))
            await _until(self._ending, receive, stream.run(begin))
        finally:
            tail.viewers -= 1
            if not tail.viewers:
                tail.close()
                self._tails.pop(key, None)

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


InThread = Callable[..., Awaitable[Any]]


class Tail:
    """One log that somebody follows: looked at, read and written as events once for everybody."""

    def __init__(self, key: Key, step_id: int, source: Source, in_thread: InThread) -> None:
        self.key = key
        self.step_id = step_id
        self.viewers = 0
        self.length = 0
        self.has_ended = False
        self._source = source
        self._in_thread = in_thread
        self._news = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self._events: dict[tuple[int, int, bool], asyncio.Future[Told]] = {}

    async def wait(self, offset: int, seconds: float) -> None:
        """Until there is more than `offset`, or the log has ended, or the time is over."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())
        if self._looking.done():
            self._looking.result()
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait_for(lambda: self.length > offset or self.has_ended)
            except TimeoutError:
                return

    async def event(self, offset: int) -> Told:
        """What follows `offset`. A character that has not come whole waits for its rest."""
        end = min(self.length, offset + PIECE)
        place = (offset, end, self.has_ended and end == self.length)
        making = self._events.get(place)
        if making is None:
            making = self._events[place] = asyncio.ensure_future(self._make(*place))
            while len(self._events) > MOST_KEPT:
                del self._events[next(iter(self._events))]
        try:
            return await asyncio.shield(making)
        except Exception:
            self._events.pop(place, None)
            raise

    async def _make(self, offset: int, end: int, is_last: bool) -> Told:
        data: bytes = await self._in_thread(self._source.read, self.key, offset, end)
        if not is_last:
            data = data[: whole_characters(data)]
        end = offset + len(data)
        return Told(end, _event("log_update", self._about(offset, end, data), id=end) if data else b"")

    async def last_event(self) -> bytes:
        digest = await self._in_thread(self._source.digest, self.key)
        return _event("end", {"length": self.length, "sha256": digest}, id=self.length)

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        grew, asked = monotonic(), 0.0
        while not self.has_ended:
            length, ended = await self._in_thread(self._source.length, self.key), False
            if length > self.length:
                grew = monotonic()
            if not asked or monotonic() - max(grew, asked) >= SECONDS_TO_END:
                asked = monotonic()
                ended = await self._in_thread(self._source.has_ended, self.key)
                length = await self._in_thread(self._source.length, self.key) if ended else length
            async with self._news:
                self.length, self.has_ended = max(self.length, length), ended
                self._news.notify_all()
            at_rest = monotonic() - grew > SECONDS_TO_REST
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS_AT_REST if at_rest else SECONDS_BETWEEN_LOOKS)

    def _about(self, offset: int, end: int, data: bytes) -> dict[str, Any]:
        execution, step, attempt = self.key
        return {
            "execution_id": execution,
            "step_id": self.step_id,
            "step": step,
            "attempt": attempt,
            "offset": offset,
            "end": end,
            "text": data.decode("utf-8", "replace"),
        }


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
        before = self._tail.length
        await self._tail.wait(offset, SECONDS_TO_SHOW_LIFE)
        if self._tail.length <= offset:
            if not self._tail.has_ended:
                await self._write(b": still here\n\n")
            return offset
        end, event = await self._tail.event(offset)
        if event:
            await self._write(event)
        elif self._tail.length == before:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)  # half a character: its rest makes the log longer
        return end

    async def _may_go_on(self) -> bool:
        """Roles change, and tokens run out."""
        if monotonic() - self._asked_at < SECONDS_TO_SHOW_LIFE:
            return True
        self._asked_at = monotonic()
        granted = await self._ask()
        if granted.status == 200:
            return True
        await self._write(_event("refused", {"status": granted.status}))
        return False

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self._drained is not None:
            await self._drained()


def whole_characters(data: bytes) -> int:
    """How many bytes there are before a last character of UTF-8 that has not come whole."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if wanted > back and byte < 0xF8 else len(data)
        if byte < 0x80:
            break
    return len(data)


def _event(name: str, data: Mapping[str, Any], *, id: int | None = None) -> bytes:
    head = "" if id is None else f"id: {id}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


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
