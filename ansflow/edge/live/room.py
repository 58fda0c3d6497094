"""The room of one execution: everyone in it sees the same frames, from the number he has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ansflow.edge.live.feeds import Ask, Feed
from ansflow.edge.live.frames import Told, resync, snapshot, told
from ansflow.edge.live.logs import Logs
from ansflow.edge.live.source import Shown, Source
from ansflow.edge.live.viewers import Viewer

AT_ONCE = 64  # frames between two looks whether a viewer still keeps up
MOST_REPLAYED = 10_000  # frames that are looked up for who was away; for more, a snapshot is the shorter way
OLDEST_PICTURE = 50  # frames after which a new picture is made for who comes
SLOW = "You were too slow: what you have not read is left out. A snapshot follows."
GAP = "The frames that you have not seen are not to be had any more. A snapshot follows."


class Room:
    """Only the event loop touches it."""

    def __init__(self, feed: Feed, *, source: Source, ask: Ask) -> None:
        self.feed = feed
        self.viewers: set[Viewer] = set()
        self.logs = Logs(feed.execution, source=source, ask=ask, viewers=self.viewers)
        self._source = source
        self._ask = ask
        self._picture: tuple[int, bytes] | None = None
        self._painting: asyncio.Task[tuple[int, bytes]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        feed.outlets.append(self._deliver)
        feed.forerunners.append(self.logs.finish)

    def close(self) -> None:
        self.feed.outlets.remove(self._deliver)
        self.feed.forerunners.remove(self.logs.finish)

    async def join(self, viewer: Viewer, after: int | None) -> None:
        """Frames after that number, or a snapshot and what follows upon it."""
        self.viewers.add(viewer)
        viewer.line.on_free = lambda: self._go_on(viewer)
        if after is None:
            await self._show(viewer)
        elif not await self._replay(viewer, after):
            viewer.line.write(resync(self.feed.ring.seq, "gap", GAP, execution_id=self.feed.execution))
            await self._show(viewer)

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        viewer.places.clear()
        self.logs.forget()

    # ── what comes ───────────────────────────────────────────────────────────────────────────────────────────────

    def _deliver(self, feed: Feed, frames: Sequence[Told]) -> None:
        """One piece of bytes for everyone who has what came before."""
        before, last = frames[0].seq - 1, frames[-1].seq
        joined = b"".join(one.frame for one in frames)
        for viewer in tuple(self.viewers):
            if viewer.seq == before and viewer.takes:
                viewer.line.write(joined)
                viewer.seq = last
            else:
                self._catch_up(viewer)
        self.logs.told(frames)

    def _go_on(self, viewer: Viewer) -> None:
        self._catch_up(viewer)
        self.logs.go_on(viewer)

    def _catch_up(self, viewer: Viewer) -> None:
        """What the ring has for him, as long as he takes it; where it has too little, he begins anew."""
        ring = self.feed.ring
        while viewer.seq is not None and viewer.seq < ring.seq and viewer.takes:
            if not ring.reaches(viewer.seq):
                viewer.seq = None
                viewer.line.write(resync(ring.seq, "slow", SLOW, execution_id=self.feed.execution))
                self._again(viewer)
                return
            some = ring.after(viewer.seq, AT_ONCE)
            viewer.line.write(b"".join(some))
            viewer.seq += len(some)

    def _again(self, viewer: Viewer) -> None:
        task = asyncio.get_running_loop().create_task(self._show(viewer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ── what was before ──────────────────────────────────────────────────────────────────────────────────────────

    async def _replay(self, viewer: Viewer, after: int) -> bool:
        """False: there is a gap that cannot be filled."""
        ring = self.feed.ring
        if after > ring.seq:
            await self.feed.reach(after)  # another process may have been ahead of this one
        if after > ring.seq or ring.seq - after > MOST_REPLAYED:
            return False
        while not ring.reaches(after):
            frames = [one for one in await self._ask(self._frames, after) if one.seq <= ring.seq]
            if not frames or frames[0].seq != after + 1:
                return False
            viewer.line.write(b"".join(one.frame for one in frames))
            after = frames[-1].seq
            await viewer.line.drained()
        viewer.seq = after
        self._catch_up(viewer)
        return True

    async def _show(self, viewer: Viewer) -> None:
        seq, frame = await self._shown()
        viewer.line.write(frame)
        viewer.seq = seq
        self._catch_up(viewer)

    async def _shown(self) -> tuple[int, bytes]:
        """A picture from which on the ring has every frame. Those who come at once share it."""
        ring = self.feed.ring
        while True:
            known = self._picture
            if known is not None and ring.reaches(known[0]) and ring.seq - known[0] <= OLDEST_PICTURE:
                return known
            if self._painting is None:
                self._painting = asyncio.get_running_loop().create_task(self._paint())
            found = await asyncio.shield(self._painting)
            if ring.reaches(found[0]):
                return found

    async def _paint(self) -> tuple[int, bytes]:
        try:
            self._picture = await self._ask(self._read_picture)
            await self.feed.reach(self._picture[0])
            return self._picture
        finally:
            self._painting = None

    # ── in threads ───────────────────────────────────────────────────────────────────────────────────────────────

    def _frames(self, after: int) -> list[Told]:
        return told(self._source.frames(self.feed.execution, after))

    def _read_picture(self) -> tuple[int, bytes]:
        shown: Shown = self._source.picture(self.feed.execution)
        return shown.seq, snapshot(shown.seq, shown.row)
