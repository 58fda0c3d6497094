"""Content and lists in an S3-compatible store: `blobs/<two digits>/<SHA-256>`, `artifacts/…`, `caches/…`."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ansflow.infra.storage.blobs import CHUNK, is_gone
from ansflow.infra.storage.lists import Listed
from ansflow.infra.storage.names import file_name
from ansflow.infra.storage.objects import Objects

FRESH = 12 * 3600.0
"""Seconds after which content that is there is put once more: it must not look old while a new list comes to name it.
Half of what the collection counts as young (`storage.collecting`)."""
TRIES = 3
BLOBS = "blobs"


class _Changed(Exception):
    """The file is another one than a moment ago."""


class ObjectBlobs:
    """`Blobs`. The name must be known before the first byte is sent, so a large file is read twice."""

    at_once = 16

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, source: int) -> tuple[str, int]:
        for _ in range(TRIES):
            digest, size = hashlib.sha256(), 0
            while chunk := os.pread(source, CHUNK, size):
                digest.update(chunk)
                size += len(chunk)
            sha256 = digest.hexdigest()
            path = _path(sha256)
            found = self._objects.listed_one(path)
            if found is not None and found.at > time.time() - FRESH:
                return sha256, size
            try:
                self._objects.put(path, _exactly(source, sha256, size))
            except _Changed:
                continue
            return sha256, size
        raise OSError(errno.EBUSY, "It changes while it is kept")

    def read(self, sha256: str) -> Iterator[bytes]:
        found = self._objects.stream(_path(sha256))
        if found is None:
            raise is_gone(sha256)
        return found

    def listed(self) -> Iterator[tuple[str, float]]:
        for found in self._objects.listed(BLOBS):
            yield found.path.rpartition("/")[2], found.at

    def drop(self, sha256: str, *, before: float) -> bool:
        found = self._objects.listed_one(_path(sha256))
        if found is None or found.at >= before:
            return False
        self._objects.delete([found.path])
        return True

    def drop_drafts(self, *, before: float) -> int:
        """What breaks off is never an object."""
        return 0


class ObjectLists:
    """`Lists`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def write(self, place: str, name: str, value: object) -> None:
        self._objects.put(_list(place, name), [_json(value)])

    def write_first(self, place: str, name: str, value: object) -> bool:
        return self._objects.put_first(_list(place, name), _json(value))

    def read(self, place: str, name: str) -> Any:
        text = self.text(_list(place, name))
        return json.loads(text) if text else None

    def listed(self, place: str) -> Sequence[Listed]:
        found = [Listed(one.path, one.at) for one in self._objects.listed(place) if one.path.endswith(".json")]
        return sorted(found)

    def text(self, path: str, most: int | None = None) -> str:
        if most is not None:
            return self._objects.begin(path, most).decode("utf-8", "ignore")
        return b"".join(self._objects.stream(path) or ()).decode()

    def remove(self, place: str, name: str = "") -> None:
        if name:
            self._objects.delete([_list(place, name)])
        else:
            self._objects.remove(place)

    def drop(self, path: str) -> None:
        self._objects.delete([path])


def _exactly(source: int, sha256: str, size: int) -> Iterator[bytes]:
    """The same bytes as before; the last piece is given out only once that is certain. Raises _Changed."""
    digest, at = hashlib.sha256(), 0
    while at < size:
        chunk = os.pread(source, min(CHUNK, size - at), at)
        digest.update(chunk)
        at += len(chunk)
        if not chunk or (at == size and digest.hexdigest() != sha256):
            raise _Changed
        yield chunk


def _path(sha256: str) -> str:
    return f"{BLOBS}/{sha256[:2]}/{sha256}"


def _list(place: str, name: str) -> str:
    return f"{place}/{file_name(name)}.json"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
