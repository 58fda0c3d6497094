"""Every room of this process behind one subscription to the bus.

Hints come from any thread and are put together until the event loop has time for them; what they are about is read in
threads. Every LOOK the hub looks for itself, in a few questions however many rooms there are: so a bus that is away
costs at most that, and so does a role that has been taken away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from django.db import Error

from ansflow.core.errors import AnsFlowError, ExternalError
from ansflow.edge.live.feeds import Feed
from ansflow.edge.live.monitor import Monitor
from ansflow.edge.live.room import Room
from ansflow.edge.live.source import Source, Verdict
from ansflow.edge.live.viewers import Viewer
from ansflow.engine.ports import EventBus, Grown, Hint, Moved
from ansflow.engine.stumbling import stumbling

LOOK = 1.5  # seconds
LINGER = 30.0  # seconds that an empty room is kept: who lost his connection comes back to what he knows
THREADS = 4
ENDED = 4401, "what you signed in with has ended"
UNSEEN = 4404, "this does not exist for you any more"

Value = TypeVar("Value")

log = logging.getLogger("ansflow.edge")


class Counts(NamedTuple):
    viewers: int
    rooms: int


class Hub:
    """Begins with the first who comes, on his event loop; `close` is for whoever made it, when that loop has ended."""

    def __init__(
        self, source: Source, bus: EventBus, *, settled: Callable[[Callable[[], Any]], Any] | None = None
    ) -> None:
        """`settled(call)` carries out a call in a thread, and leaves that thread's connections in order."""
        self.source = source
        self._feeds: dict[int, Feed] = {}
        self.monitor = Monitor(self._feeds.values, source=source, ask=self.ask)
        self._bus = bus
        self._settled = settled or (lambda call: call())
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ansflow-live")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._rooms: dict[int, Room] = {}
        self._empty_since: dict[int, float] = {}
        self._opening = asyncio.Lock()
        self._early: dict[int, int] = {}
        self._attends = False  # to every execution: somebody watches them all
        self._newest = 0
        self._ticking: asyncio.Task[None] | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._hints: dict[Any, int] = {}
        self._lock = Lock()

    async def ask(self, call: Callable[..., Value], *arguments: Any) -> Value:
        """Carries out what may block, in a thread. Raises ExternalError where nothing could be read now."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._settled, lambda: call(*arguments))
        except (Error, OSError) as error:
            raise ExternalError("What is shown live cannot be read at the moment.", permanent=False) from error

    async def room(self, execution: int, project: int) -> Room:
        """To be joined at once: an empty room is closed some time."""
        self._open()
        async with self._opening:
            if execution not in self._rooms:
                feed = self._feeds.get(execution) or await self._feed(execution, project)
                self._rooms[execution] = Room(feed, source=self.source, ask=self.ask)
                self._empty_since.pop(execution, None)
        return self._rooms[execution]

    async def attend(self) -> None:
        """From now on every execution is listened to."""
        self._open()
        async with self._opening:
            if not self._attends:
                self._newest = await self.ask(self.source.newest)
                self._attends = True
                await self._look_for_more()

    @property
    def counts(self) -> Counts:
        viewers = sum(len(room.viewers) for room in tuple(self._rooms.values()))
        return Counts(viewers + len(self.monitor.viewers), len(self._rooms))

    def close(self) -> None:
        self._closed = True
        self._unsubscribe()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # ── hints, from any thread ───────────────────────────────────────────────────────────────────────────────────

    def hear(self, hint: Hint) -> None:
        """Hints about what nobody watches end here."""
        match hint:
            case Moved(execution, seq):
                if execution in self._feeds or execution in self._early or self._attends:
                    self._keep(execution, seq)
            case Grown(execution, step, attempt, length):
                if execution in self._rooms:
                    self._keep((execution, step, attempt), length)
            case _:
                self._keep(None, 0)

    def _keep(self, about: Any, number: int) -> None:
        with self._lock:
            is_first = not self._hints
            self._hints[about] = max(number, self._hints.get(about, 0))
        if is_first and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            hints, self._hints = self._hints, {}
        for about, number in hints.items():
            if about is None:
                self._spawn(self._look())
            elif isinstance(about, int):
                self._moved(about, number)
            elif room := self._rooms.get(about[0]):
                room.logs.grown(about[1], about[2], number)

    def _moved(self, execution: int, seq: int) -> None:
        feed = self._feeds.get(execution)
        if feed is not None:
            feed.hear(seq)
        elif execution in self._early:
            self._early[execution] = max(seq, self._early[execution])
        elif self._attends and execution > self._newest:
            self._spawn(self._look_for_more())

    # ── feeds ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _feed(self, execution: int, project: int) -> Feed:
        self._early[execution] = 0
        try:
            seqs = await self.ask(self.source.positions, [execution])
        finally:
            heard = self._early.pop(execution)
        return self._add_feed(execution, project, seq=seqs.get(execution, 0), heard=heard)

    def _add_feed(self, execution: int, project: int, *, seq: int, heard: int) -> Feed:
        feed = self._feeds.get(execution)
        if feed is None:
            feed = self._feeds[execution] = Feed(execution, project, source=self.source, ask=self.ask, seq=seq)
            feed.outlets.append(self.monitor.deliver)
        feed.hear(heard)
        return feed

    async def _look_for_more(self) -> None:
        """Executions that have begun."""
        before = self._newest
        for execution, (project, seq) in (await self.ask(self.source.running_since, before)).items():
            self._newest = max(self._newest, execution)
            self._add_feed(execution, project, seq=0 if execution > before else seq, heard=seq)

    # ── looking for itself ───────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._unsubscribe = self._bus.subscribe(self.hear)
        if self._ticking is None:
            self._ticking = self._loop.create_task(self._tick())

    async def _tick(self) -> None:
        """As long as anyone is there, or has just been."""
        try:
            while not self._closed:
                await asyncio.sleep(LOOK)
                await self._turn()
                if not self._rooms and not self._attends and not self._opening.locked():
                    return
        finally:
            self._ticking = None

    async def _turn(self) -> None:
        ends = await asyncio.gather(self._look(), self._judge(), return_exceptions=True)
        told = partial(stumbling, "live: a turn of looking stumbled", log=log.name)  # it would have been the last one
        for end in ends:
            with told():
                if end is not None:
                    raise end
        with told():
            self._sweep()

    async def _look(self) -> None:
        try:
            growing = [feed.execution for feed in self._feeds.values() if not feed.has_ended]
            for execution, seq in (await self.ask(self.source.positions, growing)).items() if growing else ():
                self._moved(execution, seq)
            if self._attends:
                await self._look_for_more()
            for room in [room for room in self._rooms.values() if room.viewers]:
                await room.logs.look()
        except AnsFlowError:  # whoever cannot look now looks again soon
            self._complain("live: could not look for what is new")

    async def _judge(self) -> None:
        """Everybody who is there is asked for anew, all at once."""
        rooms = {(viewer.credential, room.feed.project) for room in self._rooms.values() for viewer in room.viewers}
        asked = rooms | {(viewer.credential, 0) for viewer in self.monitor.viewers}
        if not asked:
            return
        try:
            verdicts = await self.ask(self.source.judge, asked)
        except AnsFlowError:  # a database that is away throws nobody out
            self._complain("live: could not look who may still watch")
            return
        for room in self._rooms.values():
            for viewer in tuple(room.viewers):
                _apply(viewer, verdicts.get((viewer.credential, room.feed.project)))
        for viewer in tuple(self.monitor.viewers):
            verdict = verdicts.get((viewer.credential, 0))
            if verdict is not None and not verdict.stands:
                viewer.line.end(*ENDED)
            elif verdict is not None and viewer.sight != verdict.sight:
                viewer.sight = verdict.sight
                self.monitor.look_again(viewer)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for execution, room in tuple(self._rooms.items()):
            if room.viewers:
                self._empty_since.pop(execution, None)
            elif now - self._empty_since.setdefault(execution, now) > LINGER:
                room.close()
                del self._rooms[execution], self._empty_since[execution]
        if self.monitor.viewers:
            self._empty_since.pop(0, None)
        elif self._attends and now - self._empty_since.setdefault(0, now) > LINGER:
            self._attends = False
        for execution, feed in tuple(self._feeds.items()):
            if execution not in self._rooms and (feed.has_ended or not self._attends):
                del self._feeds[execution]

    def _complain(self, sentence: str) -> None:
        if not self._closed:
            log.exception(sentence)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _apply(viewer: Viewer, verdict: Verdict | None) -> None:
    """To somebody in the room of an execution. None: he came while the others were asked for."""
    if verdict is None:
        return
    if not verdict.stands:
        viewer.line.end(*ENDED)
    elif not verdict.may_see:
        viewer.line.end(*UNSEEN)
    else:
        viewer.may_read = verdict.may_read
        if not verdict.may_read and (viewer.places or viewer.every_log):
            viewer.stop_reading()
