"""The numbered frames of one execution, as they come: read once and encoded once for everyone in this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ansflow.core.errors import AnsFlowError
from ansflow.edge.live.frames import Ring, Told, told
from ansflow.edge.live.source import Source

Ask = Callable[..., Awaitable[Any]]
"""`await ask(call, *arguments)`: carries out what may block, in a thread."""
Outlet = Callable[["Feed", Sequence[Told]], None]
Forerunner = Callable[[Sequence[Told]], Awaitable[None]]
"""What has to go before frames. It never raises, and comes to an end soon: everybody waits for it."""

log = logging.getLogger("ansflow.edge")


class Feed:
    """Only the event loop touches it. Hints that come while it reads become one more read, however many they are."""

    def __init__(self, execution: int, project: int, *, source: Source, ask: Ask, seq: int) -> None:
        self.execution = execution
        self.project = project
        self.ring = Ring(seq)
        self.outlets: list[Outlet] = []
        self.forerunners: list[Forerunner] = []
        self.has_ended = False
        self._heard = seq
        self._source = source
        self._ask = ask
        self._reading: asyncio.Task[None] | None = None

    def hear(self, seq: int) -> None:
        """Something up to that number may be new."""
        self._heard = max(self._heard, seq)
        if self._heard > self.ring.seq and self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def reach(self, seq: int) -> None:
        """Reads up to that number, if it has come so far."""
        while self.ring.seq < seq:
            self.hear(seq)
            before = self.ring.seq
            if self._reading is not None:
                await asyncio.shield(self._reading)
            if self.ring.seq == before:
                return

    async def _read(self) -> None:
        try:
            while self._heard > self.ring.seq:
                wanted = self._heard
                found: list[Told] = await self._ask(self._frames, self.ring.seq)
                if found:
                    for go_before in tuple(self.forerunners):
                        await go_before(found)
                    self._pass_on(found)
                elif self._heard == wanted:
                    self._heard = self.ring.seq  # a hint that was wrong, or early: whoever looks next looks again
        except AnsFlowError:  # what could not be read is read at the next look
            self._heard = self.ring.seq
            log.exception("the frames of execution %d could not be read", self.execution)
        finally:
            self._reading = None

    def _frames(self, after: int) -> list[Told]:
        return told(self._source.frames(self.execution, after))

    def _pass_on(self, found: Sequence[Told]) -> None:
        self.ring.add(found)
        last = found[-1]
        self.has_ended = not last.step and last.status not in ("pending", "running")
        for outlet in tuple(self.outlets):
            outlet(self, found)
