"""Logs in an S3-compatible store: parts of up to 1 MiB while they grow, one packed object when they are whole.

    logs/<execution>/<step>/<attempt>/fence                          who may write
    logs/<execution>/<step>/<attempt>/part-<offset>-<length>-<newlines>   compressed, and when its lines arrived;
                                                                     the name is its entry in the index
    logs/<execution>/<step>/<attempt>.log.zst                        takes their place (`storage.packed`)

What has been appended waits here until it makes a part, or for a second. The spool of the step is the truth: a process
that ends early loses nothing that the next one does not send again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from threading import Condition, RLock, Thread
from time import monotonic
from typing import TypeVar

from ansflow.core.errors import Conflict, ExternalError
from ansflow.core.log_times import LogTimes, first_begun
from ansflow.core.outline import Outline, Scanner
from ansflow.engine.ports import FENCED
from ansflow.infra.storage.logs import Key
from ansflow.infra.storage.noted import MOST_NOTES, Noted
from ansflow.infra.storage.objects import PART, Content, Objects, Part
from ansflow.infra.storage.packed import Packed, open_packed, pack
from ansflow.infra.storage.packing import Packing
from ansflow.infra.storage.recent import Recent

log = logging.getLogger(__name__)

SECONDS = 1.0  # after which what has come is put there, however little it is
LOOKS = 3
NOTHING = Content(b"", LogTimes())
Answer = TypeVar("Answer")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class ObjectLogs:
    """A LogStore. What waits when it ends, the next process sends again: the log has not been finished."""

    def __init__(self, objects: Objects, packing: Packing) -> None:
        self._objects = objects
        self._packing = packing
        self._open: dict[Key, _Growing] = {}
        self._packed: Recent[Key, Packed] = Recent(1000)
        self._scanners: Recent[Key, Scanner] = Recent(64)
        self._noted: Recent[Key, Noted] = Recent(MOST_NOTES, lambda noted: noted.weight)
        self._changed = Condition()
        self._ended = False
        self._thread: Thread | None = None

    def append(
        self,
        execution: int,
        step: str,
        attempt: int,
        *,
        fence: int,
        offset: int,
        data: bytes,
        at: datetime | None = None,
    ) -> int:
        key = (execution, step, attempt)
        with self._changed:
            growing = self._open.get(key)
        if growing is None:
            if (packed := self._find_packed(key)) is not None:
                if fence < packed.fence:
                    raise _fenced(fence, packed.fence)
                if offset + len(data) <= packed.length:
                    return packed.length
                self._unpack(key, packed)
            growing = _Growing(self._objects, _place(key))
            with self._changed:
                growing = self._open.setdefault(key, growing)
                self._put_in_time()
        length = growing.append(fence, offset, data, at)
        with self._changed:
            self._changed.notify()
        return length

    def length(self, execution: int, step: str, attempt: int) -> int:
        found = self._find((execution, step, attempt))
        return found.length if found else 0

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes:
        return self._asked((execution, step, attempt), lambda found: found.read(start, end)) or b""

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        if last < first:
            return []
        return self._asked((execution, step, attempt), lambda found: found.lines(max(1, first), last)) or []

    def times(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> LogTimes:
        key = (execution, step, attempt)

        def asked(found: _Parts | Packed) -> LogTimes:
            if isinstance(found, _Parts):
                return found.times(first, last).between(first, last)
            noted = self._noted.find(key, Noted)
            times = noted.in_packed(found, first, last)
            self._noted.keep(key, noted)
            return times

        return self._asked(key, asked) or LogTimes()

    def count(self, execution: int, step: str, attempt: int) -> int:
        return self._asked((execution, step, attempt), lambda found: found.count()) or 0

    def outline(self, execution: int, step: str, attempt: int) -> Outline:
        key = (execution, step, attempt)

        def outlined(found: _Parts | Packed) -> Outline:
            if isinstance(found, Packed):
                return found.outline()
            scanner = self._scanners.find(key, Scanner)
            with scanner.lock:
                for piece in found.pieces(scanner.fed):
                    scanner.feed(piece)
                return scanner.outline()

        return self._asked(key, outlined) or Scanner().outline()

    def digest(self, execution: int, step: str, attempt: int) -> str:
        def digested(found: _Parts | Packed) -> str:
            if isinstance(found, Packed):
                return found.sha256
            digest = sha256()
            for piece in found.pieces(0):
                digest.update(piece)
            return digest.hexdigest()

        return self._asked((execution, step, attempt), digested) or sha256().hexdigest()

    def close(self, execution: int, step: str, attempt: int) -> None:
        with self._changed:
            growing = self._open.pop((execution, step, attempt), None)
        if growing is not None:
            growing.put()

    def finish(self, execution: int, step: str, attempt: int) -> None:
        key = (execution, step, attempt)
        self.close(*key)
        self._packing.later(lambda: self.pack(key))

    def remove(self, execution: int) -> None:
        with self._changed:
            for key in [key for key in self._open if key[0] == execution]:
                del self._open[key]
        for known in (self._packed, self._scanners, self._noted):
            known.forget(lambda key: key[0] == execution)
        self._objects.remove(f"logs/{execution}")

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(SECONDS)

    # ── packing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def pack(self, key: Key) -> bool:
        """Whether it took the place of the parts; not when somebody writes on, or has packed it already."""
        parts = _Parts(self._objects, _place(key))
        # In this order: whoever packs puts the whole before it takes parts away, so that all of them were listed here.
        if not parts.length or self._objects.size(f"{_place(key)}.log.zst") is not None:
            return False
        fence, times = self._objects.fence(_place(key)), LogTimes()
        self._objects.put(f"{_place(key)}.log.zst", pack(parts.pieces(0, times), fence=fence, times=times))
        with self._changed:
            if key in self._open:
                return False
        self._objects.remove(_place(key))
        self._scanners.forget(lambda known: known == key)
        return True

    def _unpack(self, key: Key, packed: Packed) -> None:
        """Somebody has more to add after all. Until the last step the packed log is the one that is read."""
        place = _place(key)
        self._objects.remove(place)
        self._objects.put(f"{place}/fence", [str(packed.fence).encode()])
        times, line = packed.times(), 1
        for start in range(0, packed.length, PART):
            data = packed.read(start, start + PART)
            newlines = data.count(b"\n")
            self._objects.put_part(place, start, Content(data, times.between(line, line + newlines)))
            line += newlines
        self._objects.delete([f"{place}.log.zst"])
        self._packed.forget(lambda known: known == key)

    def _asked(self, key: Key, ask: Callable[[_Parts | Packed], Answer]) -> Answer | None:
        """None where there is no log. Another process may pack it between two requests: then it is looked for anew."""
        for _ in range(LOOKS):
            found = self._find(key)
            if found is None:
                return None
            try:
                return ask(found)
            except FileNotFoundError:
                self._packed.forget(lambda known: known == key)
        raise ExternalError("A log changes its form while it is read; ask again.", permanent=False)

    def _find(self, key: Key) -> _Parts | Packed | None:
        with self._changed:
            growing = self._open.get(key)
        if growing is not None:
            return growing.seen()
        packed = self._find_packed(key)
        if packed is not None:
            return packed
        parts = _Parts(self._objects, _place(key))
        return parts if parts.length else self._find_packed(key)  # packed between the two looks

    def _find_packed(self, key: Key) -> Packed | None:
        if (known := self._packed.get(key)) is not None:
            return known
        path = f"{_place(key)}.log.zst"
        size = self._objects.size(path)
        if size is None:
            return None
        return self._packed.keep(key, open_packed(size, lambda start, length: self._objects.read(path, start, length)))

    # ── what has waited long enough ──────────────────────────────────────────────────────────────────────────────

    def _put_in_time(self) -> None:
        if self._thread is None and not self._ended:
            self._thread = Thread(target=self._keep_putting, name="logs to the store", daemon=True)
            self._thread.start()

    def _keep_putting(self) -> None:
        while not self._ended:
            with self._changed:
                waiting = [growing for growing in self._open.values() if growing.since]
                due = [growing for growing in waiting if growing.since + SECONDS <= monotonic()]
                if not due and not self._ended:
                    soonest = min((growing.since + SECONDS - monotonic() for growing in waiting), default=None)
                    self._changed.wait(soonest)
            for growing in due:
                try:
                    growing.put()
                except (ExternalError, Conflict) as error:  # what waits is kept: whoever appends next hears of it
                    log.warning("A log waits for its store: %s", error)


class _Parts:
    """A log that lies in parts. Reading gets those that are wanted."""

    def __init__(
        self,
        objects: Objects,
        place: str,
        parts: Iterable[Part] | None = None,
        rest: Content = NOTHING,
    ) -> None:
        self._objects = objects
        self._place = place
        self._parts = list(parts if parts is not None else objects.parts(place))
        self._rest, self._rest_times = rest  # what waits behind the parts
        last = self._parts[-1] if self._parts else Part("", 0, 0, 0)
        self._put = last.offset + last.length
        self.length = self._put + len(self._rest)

    def read(self, start: int, end: int | None = None) -> bytes:
        end = self.length if end is None else min(end, self.length)
        return b"".join(self._slices(start, end))

    def pieces(self, start: int, times: LogTimes | None = None) -> Iterator[bytes]:
        """`times` gets those of what has been read."""
        yield from self._slices(start, self.length, times)

    def times(self, first: int, last: int) -> LogTimes:
        found, line = LogTimes(), 1
        for part in self._parts:
            if line <= last and line + part.newlines >= first:
                found.extend(self._objects.read_part(self._place, part).times)
            line += part.newlines
        found.extend(self._rest_times)
        return found

    def lines(self, first: int, last: int) -> list[bytes]:
        """From the part on in which the first one begins."""
        number, start = 1, 0
        for part in self._parts:
            if number + part.newlines >= first:
                break
            number, start = number + part.newlines, part.offset + part.length
        found: list[bytes] = []
        rest: list[bytes] = []
        for piece in self.pieces(start):
            head, *more = piece.split(b"\n")
            rest.append(head)
            for line in more:
                if number >= first:
                    found.append(b"".join(rest))
                number, rest = number + 1, [line]
                if number > last:
                    return found
        if any(rest) and number >= first:
            found.append(b"".join(rest))
        return found

    def count(self) -> int:
        newlines = sum(part.newlines for part in self._parts) + self._rest.count(b"\n")
        return newlines + (self.length > 0 and self.read(self.length - 1) != b"\n")

    def _slices(self, start: int, end: int, times: LogTimes | None = None) -> Iterator[bytes]:
        for part in self._parts:
            if part.offset + part.length > start and part.offset < end:
                whole = self._objects.read_part(self._place, part)
                if times is not None:
                    times.extend(whole.times)
                yield whole.data[max(0, start - part.offset) : end - part.offset]
        if end > self._put and start < self.length:
            yield self._rest[max(0, start - self._put) : end - self._put]


class _Growing:
    """One log and its writer."""

    def __init__(self, objects: Objects, place: str) -> None:
        self._objects = objects
        self._place = place
        self._parts = objects.parts(place)
        self._fence = objects.fence(place)
        self._put_length = self._parts[-1].offset + self._parts[-1].length if self._parts else 0
        self._waiting = bytearray()
        self._newlines_put = self._newlines = sum(part.newlines for part in self._parts)
        self._is_border = not self._parts
        self._is_known = not self._parts  # how the last part ends
        self._times = LogTimes()  # of what waits
        self._lock = RLock()
        self.since = 0.0  # when the first of what waits came; 0: nothing waits

    def append(self, fence: int, offset: int, data: bytes, at: datetime | None) -> int:
        with self._lock:
            if fence < self._fence:
                raise _fenced(fence, self._fence)
            if fence > self._fence:
                self._objects.put(f"{self._place}/fence", [str(fence).encode()])
                self._fence = fence
            length = self._put_length + len(self._waiting)
            if offset > length:
                raise Conflict(f"The log has {length} bytes; send from there, not from {offset}.", code="gap")
            if offset + len(data) > length:
                self._note(data, length - offset, at)
                self._waiting += data[length - offset :]
            if self._waiting and not self.since:
                self.since = monotonic()
            while len(self._waiting) >= PART:
                self._put_one(bytes(self._waiting[:PART]))
            return self._put_length + len(self._waiting)

    def put(self) -> None:
        with self._lock:
            if self._waiting:
                self._put_one(bytes(self._waiting))

    def seen(self) -> _Parts:
        with self._lock:
            times = self._times.between(0, self._newlines + 1)
            return _Parts(self._objects, self._place, self._parts, Content(bytes(self._waiting), times))

    def _note(self, data: bytes, start: int, at: datetime | None) -> None:
        if not self._is_known:
            self._go_on()
        line = first_begun(data, start, newlines=self._newlines, is_border=self._is_border)
        if line and at is not None:
            self._times.note(line, at)
        self._newlines += data.count(b"\n", start)
        self._is_border = data.endswith(b"\n")

    def _go_on(self) -> None:
        """Where another writer, or a former life of this one, has put parts."""
        last = self._objects.read_part(self._place, self._parts[-1])
        self._is_border, self._is_known = last.data.endswith(b"\n"), True
        self._times = last.times.between(self._newlines_put + 1, self._newlines_put + 1)

    def _put_one(self, data: bytes) -> None:
        newer = self._objects.fence(self._place)
        if newer > self._fence:
            raise _fenced(self._fence, newer)
        line, last = self._newlines_put + 1, self._newlines_put + 1 + data.count(b"\n")
        content = Content(data, self._times.between(line, last))
        self._parts.append(self._objects.put_part(self._place, self._put_length, content))
        self._put_length += len(data)
        self._newlines_put, self._times = last - 1, self._times.between(last, self._newlines + 1)
        del self._waiting[: len(data)]
        self.since = monotonic() if self._waiting else 0.0


def _place(key: Key) -> str:
    """Names of steps that say something else in a path are replaced by a digest."""
    execution, step, attempt = key
    name = (
        step if PLAIN.fullmatch(step) and not step.startswith("x-") else f"x-{sha256(step.encode()).hexdigest()[:32]}"
    )
    return f"logs/{execution}/{name}/{attempt}"


def _fenced(fence: int, newer: int) -> Conflict:
    return Conflict(f"Fence {fence} is older than {newer}: another worker writes here.", code=FENCED)
