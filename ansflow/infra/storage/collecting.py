"""Removes content that no list of artifacts or caches names any more, and caches that have become old."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

EVERY = 24 * 3600.0  # seconds between two collections
YOUNG = 24 * 3600.0  # content younger than this may belong to a list that is still being written
CACHES_LAST = 30 * 24 * 3600.0  # seconds after which a cache is saved anew instead of restored

NAMED = re.compile(r'"sha256": "([0-9a-f]{64})"')


def collect(data: Path, *, now: float | None = None) -> int:
    """At most once a day; returns how many files went. One process at a time: its caller sees to that."""
    now = time.time() if now is None else now
    blobs, marker = data / "blobs", data / "blobs" / ".collected"
    if not blobs.is_dir() or (marker.exists() and now - marker.stat().st_mtime < EVERY):
        return 0
    for cache in (data / "caches").glob("*/*.json"):
        if now - cache.stat().st_mtime > CACHES_LAST:
            cache.unlink(missing_ok=True)
    named = set(_named(data))
    removed = 0
    for blob in blobs.glob("??/*"):
        with suppress(FileNotFoundError):
            if blob.name not in named and now - blob.stat().st_mtime > YOUNG:
                blob.unlink()
                removed += 1
    for draft in blobs.glob(".[0-9]*-*"):  # of a process that was killed while it kept a file
        with suppress(FileNotFoundError):
            if now - draft.stat().st_mtime > YOUNG:
                draft.unlink()
                removed += 1
    marker.touch()
    return removed


def _named(data: Path) -> Iterator[str]:
    for folder in ("artifacts", "caches"):
        for written in (data / folder).glob("*/*.json"):
            text = written.read_text()
            json.loads(text)  # raises: of a list that cannot be read nobody knows what it names
            yield from NAMED.findall(text)
