"""The logs that somebody follows as a stream, behind one subscription to the bus.

Hints come from any thread. How long a log is, a hint says; whether it has ended, and what no hint has told, is read in
threads: of all logs in one look, after a hint of their execution, and unasked every LOOK. So a bus that is away costs
at most that, and a log that rests costs its share of one look.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Set
from threading import Lock
from typing import Any, NamedTuple, Protocol

from django.db import Error

from ansflow.core.errors import AnsFlowError
from ansflow.core.log_text import whole_letters
from ansflow.engine.ports import EventBus, Grown, Hint, Moved

Key = tuple[int, str, int]
InThread = Callable[..., Awaitable[Any]]

PIECE = 256 << 10  # bytes of a log in one event, at most
LOOK = 1.5  # seconds
SECONDS_BETWEEN_LOOKS = 0.1  # at logs whose executions move

log = logging.getLogger("ansflow.edge")


class Source(Protocol):
    """Each of these may block."""

    def length(self, key: Key) -> int: ...

    def ended(self, keys: Collection[Key]) -> Set[Key]:
        """Those to which nothing will be added. Their length asked for afterwards is the last one."""
        ...

    def read(self, key: Key, start: int, end: int) -> bytes: ...

    def digest(self, key: Key) -> str: ...


class Told(NamedTuple):
    """An event as it is sent, and where the log goes on behind it."""

    end: int
    event: bytes


class Tail:
    """One log that somebody follows: read and written as events once for everybody."""

    def __init__(self, key: Key, step_id: int, source: Source, in_thread: InThread) -> None:
        self.key = key
        self.step_id = step_id
        self.viewers = 0
        self.length = 0
        self.has_ended = False
        self._source = source
        self._in_thread = in_thread
        self._news = asyncio.Event()
        self._events: dict[tuple[int, int, bool], asyncio.Future[Told]] = {}

    def grew(self, length: int) -> None:
        if length > self.length and not self.has_ended:
            self.length = length
            self._tell()

    def end(self, length: int) -> None:
        self.length, self.has_ended = length, True
        self._tell()

    async def wait(self, offset: int, seconds: float) -> None:
        """Until there is more than `offset`, or the log has ended, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while self.length <= offset and not self.has_ended:
                    await self._news.wait()
        except TimeoutError:
            return

    async def event(self, offset: int) -> Told:
        """What follows `offset`. A character that has not come whole waits for its rest.

        Who asks while it is made shares it; then only those who are sending it keep it, or slow readers of many logs
        would fill the memory.
        """
        end = min(self.length, offset + PIECE)
        place = (offset, end, self.has_ended and end == self.length)
        making = self._events.get(place)
        if making is None:
            making = self._events[place] = asyncio.ensure_future(self._make(*place))
            making.add_done_callback(lambda _: self._events.pop(place, None))
        return await asyncio.shield(making)

    async def last_event(self) -> bytes:
        digest = await self._in_thread(self._source.digest, self.key)
        return event("end", {"length": self.length, "sha256": digest}, id=self.length)

    async def _make(self, offset: int, end: int, is_last: bool) -> Told:
        data: bytes = await self._in_thread(self._source.read, self.key, offset, end)
        if not is_last:
            data = whole_letters(data)
        end = offset + len(data)
        return Told(end, event("log_update", self._about(offset, end, data), id=end) if data else b"")

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

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Tails:
    """Every log of this process that is followed. All but `hear` and `close` is for the event loop."""

    def __init__(self, source: Source, bus: EventBus, in_thread: InThread) -> None:
        self._source = source
        self._bus = bus
        self._in_thread = in_thread
        self._tails: dict[Key, Tail] = {}  # never changed: replaced
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._lock = Lock()
        self._heard: dict[Key | int, int] = {}
        self._wanted: set[Key] = set()
        self._looking: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closed = False

    def join(self, key: Key, step_id: int) -> Tail:
        """To be left again."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._unsubscribe = self._bus.subscribe(self.hear)
        tail = self._tails.get(key)
        if tail is None:
            tail = Tail(key, step_id, self._source, self._in_thread)
            self._tails = {**self._tails, key: tail}
            self._want([key])
        if self._ticking is None:
            self._ticking = self._loop.create_task(self._tick())
        tail.viewers += 1
        return tail

    def leave(self, tail: Tail) -> None:
        tail.viewers -= 1
        if not tail.viewers:
            self._tails = {key: other for key, other in self._tails.items() if other is not tail}
        if not self._tails and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def close(self) -> None:
        self._closed = True
        self._unsubscribe()

    # ── hints, from any thread ───────────────────────────────────────────────────────────────────────────────────

    def hear(self, hint: Hint) -> None:
        """Hints about what nobody follows end here."""
        match hint:
            case Grown(execution, step, attempt, length):
                if (execution, step, attempt) in self._tails:
                    self._keep((execution, step, attempt), length)
            case Moved(execution, _):
                if any(key[0] == execution for key in self._tails):
                    self._keep(execution, 0)
            case _:
                self._keep(0, 0)

    def _keep(self, about: Key | int, length: int) -> None:
        with self._lock:
            is_first = not self._heard
            self._heard[about] = max(length, self._heard.get(about, 0))
        if is_first and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            heard, self._heard = self._heard, {}
        for about, length in heard.items():
            if isinstance(about, int):
                self._want([key for key in self._tails if about in (0, key[0])])
            elif tail := self._tails.get(about):
                tail.grew(length)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tick(self) -> None:
        while not self._closed:
            await asyncio.sleep(LOOK)
            self._want(self._tails)

    def _want(self, keys: Collection[Key]) -> None:
        self._wanted.update(keys)
        if self._wanted and self._looking is None and self._loop is not None:
            self._looking = self._loop.create_task(self._look())

    async def _look(self) -> None:
        try:
            while wanted := [key for key in self._wanted if key in self._tails and not self._tails[key].has_ended]:
                self._wanted.clear()
                await self._look_at(wanted)
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        except (AnsFlowError, Error, OSError):  # whoever cannot look now looks again soon
            if not self._closed:
                log.exception("log streams: could not look for what is new")
        finally:
            self._wanted.clear()
            self._looking = None

    async def _look_at(self, keys: Collection[Key]) -> None:
        found: Mapping[Key, tuple[int, bool]] = await self._in_thread(self._found, keys)
        for key, (length, ended) in found.items():
            if (tail := self._tails.get(key)) is None:
                continue
            if ended:
                tail.end(length)
            else:
                tail.grew(length)

    def _found(self, keys: Collection[Key]) -> Mapping[Key, tuple[int, bool]]:
        ended = self._source.ended(keys)
        return {key: (self._source.length(key), key in ended) for key in keys}


def event(name: str, data: Mapping[str, Any], *, id: int | None = None) -> bytes:
    head = "" if id is None else f"id: {id}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
