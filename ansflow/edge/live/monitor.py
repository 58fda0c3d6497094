"""The room of everything: each viewer sees the executions of the projects that exist for him, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec

from ansflow.edge.live.feeds import Ask, Feed
from ansflow.edge.live.frames import Told, resync, text_frame
from ansflow.edge.live.room import SLOW
from ansflow.edge.live.source import Source
from ansflow.edge.live.viewers import Viewer

CHANGED = "What you may see has changed. A snapshot follows."


class Row(NamedTuple):
    """An execution of the picture, encoded once for all who may see it."""

    execution: int
    project: int
    seq: int
    text: bytes


class Monitor:
    """Only the event loop touches it. `feeds` are those of every execution that runs."""

    def __init__(self, feeds: Callable[[], Collection[Feed]], *, source: Source, ask: Ask) -> None:
        self.viewers: set[Viewer] = set()
        self._feeds = feeds
        self._source = source
        self._ask = ask
        self._painting: asyncio.Task[Sequence[Row]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, viewer: Viewer) -> None:
        self.viewers.add(viewer)
        viewer.line.on_free = lambda: self._go_on(viewer)
        await self._show(viewer)

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)

    def deliver(self, feed: Feed, frames: Sequence[Told]) -> None:
        joined = b"".join(one.frame for one in frames)
        for viewer in tuple(self.viewers):
            if viewer.seq is None or not viewer.sees(feed.project):
                continue
            if viewer.takes:
                viewer.line.write(joined)
            else:
                viewer.missed = True

    def look_again(self, viewer: Viewer) -> None:
        """Other projects than before exist for him."""
        self._begin_anew(viewer, "access", CHANGED)

    def _go_on(self, viewer: Viewer) -> None:
        if viewer.missed:
            self._begin_anew(viewer, "slow", SLOW)

    def _begin_anew(self, viewer: Viewer, reason: str, message: str) -> None:
        viewer.seq, viewer.missed = None, False
        viewer.line.write(resync(0, reason, message))
        task = asyncio.get_running_loop().create_task(self._show(viewer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show(self, viewer: Viewer) -> None:
        while True:
            rows = {row.execution: row for row in await self._rows() if viewer.sees(row.project)}
            later = self._since(viewer, {row.execution: row.seq for row in rows.values()})
            if later is not None:
                break
        texts = b",".join(row.text for row in rows.values())
        viewer.line.write(text_frame(b'{"type":"snapshot","seq":0,"data":{"executions":[' + texts + b"]}}"))
        viewer.line.write(b"".join(later))
        viewer.seq = 0

    def _since(self, viewer: Viewer, seqs: dict[int, int]) -> list[bytes] | None:
        """What came while the picture was made. None: too much of it; the picture is too old."""
        found: list[bytes] = []
        for feed in self._feeds():
            if not viewer.sees(feed.project) or (feed.has_ended and feed.execution not in seqs):
                continue
            seq = seqs.get(feed.execution, 0)
            if seq >= feed.ring.seq:
                continue
            if feed.ring.reaches(seq):
                found += feed.ring.after(seq, feed.ring.seq - seq)
            elif feed.execution in seqs:
                return None
        return found

    async def _rows(self) -> Sequence[Row]:
        if self._painting is None:
            self._painting = asyncio.get_running_loop().create_task(self._paint())
        return await asyncio.shield(self._painting)

    async def _paint(self) -> Sequence[Row]:
        try:
            rows: Sequence[Row] = await self._ask(self._read)
            return rows
        finally:
            self._painting = None

    def _read(self) -> Sequence[Row]:
        return [
            Row(one.execution, one.project, one.seq, msgspec.json.encode(one.row)) for one in self._source.pictures()
        ]
