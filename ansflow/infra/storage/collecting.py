"""Removes content that nothing names any more, and caches that have become old."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator

from ansflow.infra.storage import artifacts, caches
from ansflow.infra.storage.blobs import Blobs
from ansflow.infra.storage.lists import Lists

EVERY = 24 * 3600.0  # seconds between two collections
YOUNG = 24 * 3600.0  # content younger than this may belong to a list that is still being written
CACHES_LAST = 30 * 24 * 3600.0  # seconds after which a cache is saved anew instead of restored

NAMED = re.compile(r'"sha256": "([0-9a-f]{64})"')
MARKER = "collected"
BEGUN = "collecting"


def collect(lists: Lists, blobs: Blobs, *, more: Iterable[str] = (), now: float | None = None) -> int:
    """At most once a day; returns how many contents went. One process at a time: its caller sees to that.

    `more` are the digests of what is named elsewhere than in lists. They are asked for before anything is removed.
    How old something is, the clock says that dates it; `now` stands for that.
    """
    if _is_done(lists, time.time() if now is None else now):
        return 0
    if now is None:
        now = _time_of(lists)
        if _is_done(lists, now):
            return 0
    for cache in lists.listed(caches.PLACE):
        if now - cache.at > CACHES_LAST:
            lists.drop(cache.path)
    named = {*_named(lists), *more}
    before = now - YOUNG
    old = [sha256 for sha256, at in blobs.listed() if at < before and sha256 not in named]
    removed = sum(blobs.drop(sha256, before=before) for sha256 in old) + blobs.drop_drafts(before=before)
    lists.write(MARKER, "last", {"removed": removed})
    return removed


def _is_done(lists: Lists, now: float) -> bool:
    """A mark in the future is one of a clock that was wrong."""
    return any(0 <= now - marker.at < EVERY for marker in lists.listed(MARKER))


def _time_of(lists: Lists) -> float:
    """By the clock of the store, which dates what is written now. This machine's may be years ahead."""
    lists.write(BEGUN, "last", {})
    return max(marker.at for marker in lists.listed(BEGUN))


def _named(lists: Lists) -> Iterator[str]:
    for place in (artifacts.PLACE, caches.PLACE):
        for listed in lists.listed(place):
            if text := lists.text(listed.path):
                json.loads(text)  # raises: of a list that cannot be read nobody knows what it names
                yield from NAMED.findall(text)
