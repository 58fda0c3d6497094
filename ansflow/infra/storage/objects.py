"""The few requests to an S3-compatible store that everything kept in it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import obstore
from backports import zstd
from obstore.exceptions import AlreadyExistsError, BaseError

from ansflow.core.errors import ExternalError
from ansflow.core.log_times import LogTimes
from ansflow.infra.storage.packed import LEVEL, SKIPPABLE, skipped
from ansflow.infra.storage.recent import Recent

PART = 1 << 20
LARGE = 8 << 20  # bytes of an object that is sent in several requests
NAME = re.compile(r"part-(\d{20})-(\d+)-(\d+)")
Found = TypeVar("Found")


class Part(NamedTuple):
    """`newlines` are those in it."""

    name: str
    offset: int
    length: int
    newlines: int


class Content(NamedTuple):
    """Of a part of a log. `times` are those of the lines in it, the one that began before it among them."""

    data: bytes
    times: LogTimes


class Known(NamedTuple):
    """An object that is there; `at` is when it was put (seconds since 1970)."""

    path: str
    size: int
    at: float


class Objects:
    """The few requests that are needed. Raises ExternalError where the store does not do them."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._recent: Recent[tuple[str, Part], Content] = Recent(16)

    def probe(self) -> None:
        """Puts something, reads it, and takes it away again."""
        self.put("probe", [b"here"])
        self.read("probe", 0, 4)
        self.delete(["probe"])

    def put(self, path: str, pieces: Iterable[bytes]) -> None:
        pieces = iter(pieces)
        begin = _begin(pieces)
        if len(begin) < LARGE:
            self._asked(lambda: obstore.put(self._store, path, begin, use_multipart=False))
        else:
            whole = chain([begin], pieces)
            self._asked(lambda: obstore.put(self._store, path, whole, chunk_size=LARGE, max_concurrency=2))

    def put_first(self, path: str, data: bytes) -> bool:
        """False where there is one already. Of several writers at once, one wins."""
        try:
            self._asked(lambda: obstore.put(self._store, path, data, mode="create", use_multipart=False))
        except AlreadyExistsError:
            return False
        return True

    def put_part(self, place: str, offset: int, content: Content) -> Part:
        """The times follow in a frame that whoever reads Zstandard skips."""
        data, newlines = content.data, content.data.count(b"\n")
        part = Part(f"part-{offset:020}-{len(data)}-{newlines}", offset, len(data), newlines)
        self.put(f"{place}/{part.name}", [zstd.compress(data, LEVEL), skipped(content.times.written())])
        return part

    def read_part(self, place: str, part: Part) -> Content:
        if (known := self._recent.get((place, part))) is not None:
            return known
        path = f"{place}/{part.name}"
        found = self._asked(lambda: bytes(obstore.get(self._store, path).bytes()))
        frame = zstd.ZstdDecompressor()
        data = frame.decompress(found)
        times = LogTimes.read(frame.unused_data[SKIPPABLE.size :])
        return self._recent.keep((place, part), Content(data, times))

    def parts(self, place: str) -> list[Part]:
        """In order, up to the first gap. What overlaps was sent twice: the one that was first is taken."""
        found = [
            Part(match[0], int(match[1]), int(match[2]), int(match[3]))
            for path in self.names(place)
            if (match := NAME.fullmatch(path.rpartition("/")[2]))
        ]
        whole: list[Part] = []
        for part in sorted(found, key=lambda part: (part.offset, -part.length)):
            if part.offset == (whole[-1].offset + whole[-1].length if whole else 0):
                whole.append(part)
        return whole

    def fence(self, place: str) -> int:
        try:
            return int(self._asked(lambda: bytes(obstore.get(self._store, f"{place}/fence").bytes())))
        except FileNotFoundError:
            return 0

    def read(self, path: str, start: int, length: int) -> bytes:
        if not length:
            return b""
        return self._asked(lambda: bytes(obstore.get_range(self._store, path, start=start, length=length)))

    def stream(self, path: str) -> Iterator[bytes] | None:
        """Piece by piece, each asked for again where it does not come; None where there is no such object."""
        try:
            found = self._asked(lambda: obstore.get(self._store, path))
            size = int(found.meta["size"])
            if size <= LARGE:
                return iter([self._asked(lambda: bytes(found.bytes()))])
        except FileNotFoundError:
            return None
        return (self.read(path, start, min(LARGE, size - start)) for start in range(0, size, LARGE))

    def begin(self, path: str, most: int) -> bytes:
        """At most so many bytes; none where there is no such object."""
        found = self.listed_one(path)
        return self.read(path, 0, min(most, found.size)) if found else b""

    def size(self, path: str) -> int | None:
        found = self.listed_one(path)
        return None if found is None else found.size

    def listed_one(self, path: str) -> Known | None:
        try:
            return _known(self._asked(lambda: obstore.head(self._store, path)))
        except FileNotFoundError:
            return None

    def listed(self, place: str) -> Iterator[Known]:
        """Everything below a place, in no order."""
        listing = iter(obstore.list(self._store, place))
        while (some := self._asked(lambda: next(listing, None))) is not None:
            yield from map(_known, some)

    def names(self, place: str) -> list[str]:
        return [found.path for found in self.listed(place)]

    def remove(self, place: str) -> None:
        self.delete(self.names(place))
        self._recent.forget(lambda known: known[0].startswith(place))

    def delete(self, paths: list[str]) -> None:
        for start in range(0, len(paths), 500):
            some = paths[start : start + 500]
            try:
                self._asked(lambda some=some: obstore.delete(self._store, some))  # type: ignore[misc]
            except FileNotFoundError:
                continue

    def _asked(self, request: Callable[[], Found]) -> Found:
        try:
            return request()
        except (FileNotFoundError, AlreadyExistsError):
            raise
        except (BaseError, OSError) as error:
            message = f"The object store does not answer as it should: {type(error).__name__}."
            raise ExternalError(message, permanent=False) from error


def _known(found: Any) -> Known:
    return Known(found["path"], int(found["size"]), found["last_modified"].timestamp())


def _begin(pieces: Iterator[bytes]) -> bytes:
    """All of it, where that is not much."""
    begin = bytearray()
    for piece in pieces:
        begin += piece
        if len(begin) >= LARGE:
            break
    return bytes(begin)
