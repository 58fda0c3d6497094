"""Logs as they grow, for the viewers of one room who have asked for them. Placed by offset, so nothing is numbered.

Whoever is at the end of a log shares one read and one encoding with all others who are; whoever comes late, or is slow,
reads in pieces of his own until he is there too.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from ansflow.core.errors import AnsFlowError
from ansflow.core.log_text import LONGEST_LETTER, whole_letters
from ansflow.edge.live.feeds import Ask
from ansflow.edge.live.frames import Told, encoded
from ansflow.edge.live.source import Printing, Source
from ansflow.edge.live.viewers import Place, Viewer

PIECE = 32 << 10  # bytes of a log in one frame
SECONDS_FOR_THE_REST = 0.05  # that frames wait for the last pieces of logs which end with them

log = logging.getLogger("ansflow.edge")


class Piece(NamedTuple):
    end: int
    frame: bytes


class Tail:
    """The log of one attempt. `length` is what has been heard of it; nothing comes after `ended`.

    `is_over`: its attempt has ended, and how long it came to be is still to be asked.
    """

    def __init__(self, step: str, step_id: int, attempt: int) -> None:
        self.step = step
        self.step_id = step_id
        self.attempt = attempt
        self.length = 0
        self.is_over = False
        self.ended = False
        self.sending: asyncio.Task[None] | None = None


class Logs:
    def __init__(self, execution: int, *, source: Source, ask: Ask, viewers: Collection[Viewer]) -> None:
        self._execution = execution
        self._source = source
        self._ask = ask
        self._viewers = viewers
        self._tails: dict[tuple[str, int], Tail] = {}
        self._newest: dict[str, int] = {}
        self._step_ids: dict[str, int] = {}

    async def follow(
        self, viewer: Viewer, steps: Collection[str] | None, begin: Mapping[str, Place] | None
    ) -> list[str]:
        """Instead of what he followed before. Steps None: every one, also those that begin later. `begin` None: none.

        A step that `begin` does not name is read from the beginning of its newest attempt; the attempt that comes after
        that may be waited for. Returns the names of steps, and of attempts, that are not there.
        """
        viewer.places, viewer.every_log = {}, False
        if begin is None:
            return []
        found: Mapping[str, Printing] = await self._ask(self._source.printing, self._execution, steps)
        if not viewer.may_read:  # his role has gone meanwhile; while he followed nothing, nobody has told him
            viewer.stop_reading()
            return []
        for key, printing in found.items():
            self._learn(key, printing)
        viewer.every_log = steps is None
        places = {key: begin.get(key) or Place(found[key].attempt, 0) for key in found}
        viewer.places = {key: place for key, place in places.items() if place.attempt <= found[key].attempt + 1}
        self.forget()  # what he followed before: or whoever asks again and again would fill the memory
        self.go_on(viewer)
        far = [f"{key}, attempt {places[key].attempt}" for key in places if key not in viewer.places]
        return [*(key for key in steps or begin if key not in found), *far]

    def grown(self, step: str, attempt: int, length: int) -> None:
        tail = self._tails.get((step, attempt))
        if tail is not None and length > tail.length:
            tail.length = length
            self._send(tail)

    async def finish(self, frames: Iterable[Told]) -> None:
        """Before these frames are told: whoever keeps up has all of a log when he hears that its step has ended.

        A log is whole before that is on record. Who is far behind gets the rest afterwards, as he gets everything.
        """
        keys = [(frame.step, frame.attempt) for frame in frames if frame.step and frame.status != "running"]
        ending = [tail for key in keys if (tail := self._tails.get(key)) is not None and not tail.ended]
        if not ending:
            return
        with suppress(AnsFlowError, TimeoutError):  # then it is asked for again when the frames are told
            async with asyncio.timeout(SECONDS_FOR_THE_REST):
                lengths = await self._ask(self._lengths, [(tail.step, tail.attempt) for tail in ending])
                for tail, length in zip(ending, lengths, strict=True):
                    self.grown(tail.step, tail.attempt, length)
                if sending := [tail.sending for tail in ending if tail.sending is not None]:
                    await asyncio.wait(sending)

    def told(self, frames: Iterable[Told]) -> None:
        """Attempts begin and end with the frames of their steps."""
        for frame in frames:
            if frame.step and frame.attempt and self._step_ids:
                self._note(frame)

    def go_on(self, viewer: Viewer) -> None:
        """He can take more than before."""
        for key in viewer.places:
            self._send_to(viewer, key)

    async def look(self) -> None:
        """For itself, at the logs that grow: a hint may have been lost."""
        growing = [tail for tail in self._tails.values() if not tail.ended]
        if growing:
            keys = [(tail.step, tail.attempt) for tail in growing]
            for tail, length in zip(growing, await self._ask(self._lengths, keys), strict=True):
                self.grown(tail.step, tail.attempt, length)
                if tail.is_over:
                    self._end(tail)

    def forget(self) -> None:
        """What nobody follows any more."""
        wanted = {(key, place.attempt) for viewer in self._viewers for key, place in viewer.places.items()}
        for key in [key for key in self._tails if key not in wanted]:
            del self._tails[key]

    # ── what is known of the logs ────────────────────────────────────────────────────────────────────────────────

    def _learn(self, key: str, printing: Printing) -> None:
        self._step_ids[key] = printing.step_id
        self._newest[key] = max(printing.attempt, self._newest.get(key, 0))
        if printing.attempt:
            tail = self._tail(key, printing.attempt)
            tail.length = max(tail.length, printing.length)
            tail.ended = tail.ended or printing.ended

    def _note(self, frame: Told) -> None:
        if frame.attempt > self._newest.get(frame.step, 0):
            self._newest[frame.step] = frame.attempt
            self._begin_everywhere(frame.step, frame.attempt)
        if frame.status != "running":
            tail = self._tails.get((frame.step, frame.attempt))
            if tail is not None and not tail.ended:
                self._end(tail)

    def _begin_everywhere(self, step: str, attempt: int) -> None:
        for viewer in self._viewers:
            if viewer.every_log and step not in viewer.places:
                viewer.places[step] = Place(attempt, 0)
            self._send_to(viewer, step)

    def _end(self, tail: Tail) -> None:
        """Its last bytes may not have been heard of. Where nobody can say, the next look asks again."""
        tail.is_over = True

        async def end() -> None:
            try:
                length = await self._ask(self._source.length, self._execution, tail.step, tail.attempt)
            except AnsFlowError:
                log.warning("the end of the log of %s in execution %d is not known yet", tail.step, self._execution)
                return
            tail.length, tail.ended = max(tail.length, length), True
            self._send(tail)

        _spawn(end())

    def _tail(self, step: str, attempt: int) -> Tail:
        tail = self._tails.get((step, attempt))
        if tail is None:
            tail = self._tails[step, attempt] = Tail(step, self._step_ids.get(step, 0), attempt)
            if attempt < self._newest.get(step, 0):
                self._end(tail)
        return tail

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _send_to(self, viewer: Viewer, key: str) -> None:
        place = viewer.places.get(key)
        if place is None:
            return
        if not place.attempt:
            place.attempt = min(1, self._newest.get(key, 0))
        if place.attempt:
            self._send(self._tail(key, place.attempt))

    def _send(self, tail: Tail) -> None:
        if tail.sending is None:
            tail.sending = _spawn(self._send_all(tail))

    async def _send_all(self, tail: Tail) -> None:
        """Piece by piece to everyone who waits for one, those at the same place together."""
        try:
            while groups := self._waiting(tail):
                known, sent = (tail.length, tail.ended), False
                for offset, viewers in groups.items():
                    sent = await self._send_piece(tail, offset, viewers) or sent
                if not sent and known == (tail.length, tail.ended):
                    return  # the rest is half a letter
        except AnsFlowError:  # what could not be read is read when the log has grown, or at a look
            log.exception("the log of %s in execution %d could not be read", tail.step, self._execution)
        finally:
            tail.sending = None
            self._move_on(tail)

    def _waiting(self, tail: Tail) -> Mapping[int, list[Viewer]]:
        groups: dict[int, list[Viewer]] = defaultdict(list)
        for viewer in self._viewers:
            place = viewer.places.get(tail.step)
            if place and place.attempt == tail.attempt and place.offset < tail.length and viewer.takes:
                groups[place.offset].append(viewer)
        return groups

    async def _send_piece(self, tail: Tail, offset: int, viewers: Iterable[Viewer]) -> bool:
        piece: Piece | None = await self._ask(self._piece, tail, offset, tail.length, tail.ended)
        if piece is None:
            return False
        for viewer in viewers:
            place = viewer.places.get(tail.step)
            if place and (place.attempt, place.offset) == (tail.attempt, offset) and viewer.takes:
                viewer.line.write(piece.frame)
                place.offset = piece.end
        return True

    def _move_on(self, tail: Tail) -> None:
        """Whoever has all of an attempt that has ended goes on with the next one."""
        if not tail.ended or tail.attempt >= self._newest.get(tail.step, 0):
            return
        for viewer in self._viewers:
            place = viewer.places.get(tail.step)
            if place and place.attempt == tail.attempt and place.offset >= tail.length:
                place.attempt, place.offset = tail.attempt + 1, 0
                self._send_to(viewer, tail.step)

    # ── in threads ───────────────────────────────────────────────────────────────────────────────────────────────

    def _lengths(self, keys: Collection[tuple[str, int]]) -> list[int]:
        return [self._source.length(self._execution, step, attempt) for step, attempt in keys]

    def _piece(self, tail: Tail, offset: int, length: int, ended: bool) -> Piece | None:
        """Borders are the same for everyone who reads, wherever he began: so they soon read together. What is left of a
        piece that ended within a letter is no piece of its own."""
        end = min(length, ((offset + LONGEST_LETTER) // PIECE + 1) * PIECE)
        data = self._source.read(self._execution, tail.step, tail.attempt, start=offset, end=end)
        if not (ended and offset + len(data) >= length):
            data = whole_letters(data)
        if not data:
            return None
        about = {
            "execution_id": self._execution,
            "step_id": tail.step_id,
            "key": tail.step,
            "attempt": tail.attempt,
            "offset": offset,
            "end": offset + len(data),
            **as_text(data),
        }
        return Piece(offset + len(data), encoded({"type": "log_update", "data": about}))


def as_text(data: bytes) -> Mapping[str, Any]:
    """`text` to show; and the bytes as they came, in Base64, where they are not the text's UTF-8."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": data.decode("utf-8", "replace"), "base64": base64.b64encode(data).decode()}


_running: set[asyncio.Task[None]] = set()


def _spawn(work: Any) -> asyncio.Task[None]:
    """The loop itself keeps no task alive."""
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task
