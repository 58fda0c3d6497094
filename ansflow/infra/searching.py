"""Searching what steps printed: as people see it, line by line, in bounded time.

The pattern runs in RE2, whose cost is linear in the text whatever the pattern, so that no pattern can hang a search; a
pattern that would need much memory is refused. What a search has no time for is left to the next page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

import re2  # type: ignore[import-untyped]

from ansflow.core.log_text import ESCAPE, collapsed, visible
from ansflow.core.patterns import BadPattern

BLOCK = 1 << 20
LONGEST_LINE = 4 << 20  # bytes that are looked at together; a longer line is searched in pieces that overlap
OVERLAP = 4 * 1024
SECONDS = 3.0
MEMORY = 2 << 20  # of a pattern
BEFORE, AROUND = 300, 1000  # bytes shown of a long line: before the match, and in all
MOST_MATCHES = 50  # shown of one line


class Log(Protocol):
    """What is searched: one log as long as it was when the search began."""

    @property
    def step(self) -> str: ...

    @property
    def attempt(self) -> int: ...

    @property
    def length(self) -> int: ...

    def read(self, start: int, end: int) -> bytes: ...

    def lines(self, first: int, last: int) -> list[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`regex`: `text` is a pattern as RE2 knows them."""

    text: str
    regex: bool = False
    case: bool = False
    around: int = 2
    limit: int = 100


class Place(NamedTuple):
    """Where the next page begins: the number of a log, and how many of its bytes and lines have been searched."""

    log: int
    offset: int = 0
    lines: int = 0


class Hit(NamedTuple):
    """`matches` are (start, end) in characters of `text`, which is a part of a long line: then `cut` is true."""

    step: str
    attempt: int
    line: int
    text: str
    matches: list[tuple[int, int]]
    cut: bool
    before: list[str]
    after: list[str]


class Found(NamedTuple):
    """`next` is None where everything has been searched."""

    hits: list[Hit]
    next: Place | None
    bytes: int


def search(logs: Sequence[Log], wanted: Wanted, *, after: Place | None = None, seconds: float = SECONDS) -> Found:
    """Raises BadPattern with a sentence. Goes through the logs in their order, from `after` on."""
    pattern, until = _compiled(wanted), monotonic() + seconds
    place = after or Place(0)
    hits: list[Hit] = []
    searched = 0
    for number in range(place.log, len(logs)):
        log = logs[number]
        start = place if number == place.log else Place(number)
        last = 0  # a line that is searched in pieces is found once
        for block in _blocks(log, start):
            searched += len(block.raw)
            seen = _as_seen(block.raw)
            for match in _matches(pattern, seen, block.line):
                if match.line == last:
                    continue
                last = match.line
                hits.append(_hit(log, wanted, pattern, match, whole=block.whole))
                if len(hits) >= wanted.limit:
                    done = _consumed(block, match.line)
                    return Found(hits, _next(logs, Place(number, *done)), searched)
            if monotonic() > until:
                return Found(hits, _next(logs, Place(number, block.end, block.next_line - 1)), searched)
    return Found(hits, None, searched)


class Block(NamedTuple):
    """Whole lines of a log, or a piece of one line (`whole` is false). `end` is the offset behind it."""

    raw: bytes
    offset: int
    line: int
    whole: bool = True
    overlap: int = 0

    @property
    def end(self) -> int:
        return self.offset + len(self.raw) - self.overlap

    @property
    def next_line(self) -> int:
        return self.line + self.raw.count(b"\n")


def _blocks(log: Log, place: Place) -> Iterator[Block]:
    offset, line = place.offset, place.lines + 1
    while offset < log.length:
        raw = log.read(offset, offset + BLOCK)
        while b"\n" not in raw[-BLOCK:] and len(raw) < LONGEST_LINE and offset + len(raw) < log.length:
            raw += log.read(offset + len(raw), offset + len(raw) + BLOCK)
        if not raw:
            return
        at_end = offset + len(raw) >= log.length
        whole = raw if at_end else raw[: raw.rfind(b"\n") + 1]
        block = Block(whole, offset, line) if whole else Block(raw, offset, line, whole=False, overlap=OVERLAP)
        yield block
        offset, line = block.end, block.next_line


def _as_seen(raw: bytes) -> bytes:
    """Without escape sequences, and of a progress bar its last state. Has as many lines as before."""
    if b"\r" in raw:
        raw = b"\n".join(map(collapsed, raw.replace(b"\r\n", b"\n").split(b"\n")))
    return ESCAPE.sub(b"", raw) if b"\x1b" in raw else raw


class Match(NamedTuple):
    """A line with a match, and where the first one begins in it."""

    line: int
    text: bytes
    at: int


def _matches(pattern: Any, seen: bytes, line: int) -> Iterator[Match]:
    """Each line once."""
    counted = at = 0
    while at <= len(seen) and (found := pattern.search(seen, at)) is not None:
        start = found.start()
        if start == len(seen) and (not seen or seen.endswith(b"\n")):
            return  # nothing stands behind the last newline
        line += seen.count(b"\n", counted, start)
        begin = seen.rfind(b"\n", 0, start) + 1
        end = seen.find(b"\n", start)
        end = len(seen) if end < 0 else end
        yield Match(line, seen[begin:end], start - begin)
        counted, at = end, end + 1


def _hit(log: Log, wanted: Wanted, pattern: Any, match: Match, *, whole: bool) -> Hit:
    text = match.text
    begin = _border(text, max(0, match.at - BEFORE))
    shown = text[begin : _border(text, min(len(text), begin + AROUND))]
    matches: list[tuple[int, int]] = []
    for found in pattern.finditer(shown):
        if found.end() > found.start() and len(matches) < MOST_MATCHES:
            start = len(visible(shown[: found.start()]))
            matches.append((start, start + len(visible(shown[found.start() : found.end()]))))
    before, after = _context(log, match.line, wanted.around)
    cut = not whole or len(shown) < len(text)
    return Hit(log.step, log.attempt, match.line, visible(shown), matches, cut, before, after)


def _context(log: Log, line: int, lines: int) -> tuple[list[str], list[str]]:
    if not lines:
        return [], []
    first = max(1, line - lines)
    found = [visible(text[:AROUND]) for text in log.lines(first, line + lines)]
    return found[: line - first], found[line - first + 1 :]


def _border(text: bytes, at: int) -> int:
    """The place itself, or a little before: not within a character."""
    while 0 < at < len(text) and text[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _consumed(block: Block, line: int) -> tuple[int, int]:
    """Bytes and lines up to the end of that line."""
    if not block.whole:
        return block.end, line - 1
    at = -1
    for _ in range(line - block.line + 1):
        at = block.raw.find(b"\n", at + 1)
        if at < 0:
            return block.end, line
    return block.offset + at + 1, line


def _next(logs: Sequence[Log], place: Place) -> Place | None:
    if place.offset < logs[place.log].length:
        return place
    return Place(place.log + 1) if place.log + 1 < len(logs) else None


def _compiled(wanted: Wanted) -> Any:
    options = re2.Options()
    options.case_sensitive = wanted.case
    options.max_mem = MEMORY
    options.never_nl = True
    options.log_errors = False
    written = wanted.text if wanted.regex else re2.escape(wanted.text)
    try:
        re2.compile(written.encode(), options)  # alone, so that what is said against it quotes nothing of ours
        return re2.compile(f"(?m){written}".encode(), options)
    except re2.error as error:
        said = str(error.args[0].decode() if isinstance(error.args[0], bytes) else error)
        raise BadPattern(f"This pattern is not known: {said}.") from None
