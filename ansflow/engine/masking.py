"""Takes secrets out of a stream of bytes, wherever the stream happens to be cut.

What leaves a `MaskedStream` depends on the bytes alone, never on how they were cut: a worker that starts over on the
same spool gets the same log. Bytes are held back only while they may be the beginning of a secret.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import accumulate
from typing import Any, TypeVar, cast

from ansflow.core.redact import MASK, SHORTEST, patterns, require_maskable

Interval = tuple[int, int]
Value = TypeVar("Value")

ADD_MASK = b"::add-mask::"
MOST_ADDED = 100
LONGEST_COMMAND = 64 * 1024  # bytes of its line; the value of a longer one is not shown, and cannot be hidden
TOO_LONG = b"[ansflow] This value is not masked: its line has more than %d bytes.\n" % LONGEST_COMMAND
HEAD = 4  # bytes of a pattern that must be there before it is compared
DFA_BYTES = 256 * 1024  # of patterns; above, the smaller automaton, at half the speed

ESCAPE = re.compile(
    rb"(\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,2048}(?:\x07|\x1b\\)|[()][0-9A-Z]|[@-Z\\^_]))"
)
OPEN_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|\][^\x07\x1b]{0,2048}\x1b?|[()])?\Z")
LONGEST_ESCAPE = 2060


class Masker:
    """Knows what must not be shown. Safe to share between threads; a stream has a `MaskedStream` of its own."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        require_maskable(secrets or {})
        self._values = frozenset(value for value in (secrets or {}).values() if value)
        self._patterns = patterns(self._values)
        self.longest = max(map(len, self._patterns), default=0)
        self._all = _automaton(self._patterns)
        self._leftmost = _automaton(self._patterns, leftmost=True)
        self._heads = _automaton(sorted({pattern[:HEAD] for pattern in self._patterns}))

    def with_value(self, value: str) -> Masker:
        """Another masker that also hides this value."""
        return Masker({str(number): known for number, known in enumerate((*self._values, value))})

    def mask(self, text: str) -> str:
        """For messages, outputs and summaries: the whole text at once."""
        if not self._patterns:
            return text
        data = text.encode("utf-8", "surrogateescape")
        return _replaced(data, self.hidden(data)).decode("utf-8", "surrogateescape")

    def stream(self) -> MaskedStream:
        return MaskedStream(self)

    def hidden(self, data: bytes) -> list[Interval]:
        """Where secrets stand, in order; also those with escape sequences between their letters."""
        if self._all is None:
            return []
        found = self._matches(data)
        if b"\x1b" in data:
            plain = Plain(data)
            found += [(plain.place(start), plain.place(end - 1) + 1) for start, end in self._matches(plain.text)]
        return _united(found)

    def _matches(self, data: bytes) -> list[Interval]:
        """Every occurrence of every pattern.

        Leftmost matching runs ten times as fast, because it may skip ahead; what it passes over overlaps what it finds.
        So the rest is looked for only around its matches.
        """
        leftmost = self._leftmost.find_matches_as_indexes(data)
        around = [(max(0, start - self.longest), end + self.longest) for _, start, end in leftmost]
        return [
            (place + start, place + end)
            for place, stop in _united(around)
            for _, start, end in self._all.find_matches_as_indexes(data[place:stop], overlapping=True)
        ]

    def held(self, data: bytes) -> int:
        """From where on the end of the data may be the beginning of a secret; the length when it cannot."""
        if self._heads is None:
            return len(data)
        hold = self._beginning(data)
        tail_from = max(0, len(data) - LONGEST_ESCAPE - 32 * self.longest)
        if data.find(b"\x1b", tail_from) >= 0:
            hold = min(hold, tail_from + self._beginning_between_escapes(data[tail_from:]))
        return hold

    def _beginning_between_escapes(self, tail: bytes) -> int:
        unfinished = OPEN_ESCAPE.search(tail, max(0, len(tail) - LONGEST_ESCAPE))
        hold = unfinished.start() if unfinished else len(tail)
        plain = Plain(tail[:hold])
        beginning = self._beginning(plain.text)
        return plain.place(beginning) if beginning < len(plain.text) else hold

    def _beginning(self, data: bytes) -> int:
        start = max(0, len(data) - self.longest + 1)
        tail = data[start:]
        assert self._heads is not None
        candidates = [begin for _, begin, _ in self._heads.find_matches_as_indexes(tail, overlapping=True)]
        candidates += range(max(0, len(tail) - HEAD + 1), len(tail))
        return start + next((at for at in candidates if self._is_prefix(tail[at:])), len(tail))

    def _is_prefix(self, data: bytes) -> bool:
        at = bisect_left(self._patterns, data)
        return at < len(self._patterns) and self._patterns[at].startswith(data)


def masked(value: Value, masker: Masker) -> Value:
    """The same value with every text in it masked: also the names of failed tests and what a scanner quotes."""
    return cast(Value, _masked(value, masker.mask)) if masker.longest else value


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if type(value) is str:  # not a status or a reason, which are texts of ours
        return mask(value)
    if isinstance(value, tuple):
        return tuple(_masked(item, mask) for item in value)
    if isinstance(value, Mapping):
        return {mask(key) if type(key) is str else key: _masked(item, mask) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _masked(getattr(value, field.name), mask) for field in fields(value)})
    return value


class MaskedStream:
    """One log on its way. `feed` gives what may be shown so far, `finish` the rest.

    A line `::add-mask::VALUE` hides VALUE from that line on, also behind `::stop-commands::`: text that may not be
    trusted can hide something by it, and show nothing.
    """

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self._kept = b""  # not yet shown
        self._covered = 0  # so many bytes of it stand behind a mask that has been shown
        self._line = b""  # a last line that may turn out to be a command
        self._at_line_start = True
        self._too_long = False  # within the line of a command that is too long
        self._added = 0

    def feed(self, data: bytes) -> bytes:
        if self._too_long:
            data = self._after_command(data)
        data = self._line + data
        hold = _last_command(data, self._at_line_start)
        shown = b"".join(self._obeyed(data[:hold])) if ADD_MASK in data else self._show(data[:hold])
        self._line = data[hold:]
        if data:
            self._at_line_start = bool(self._line) or data.endswith(b"\n")
        if len(self._line) > LONGEST_COMMAND:
            shown += self._show(TOO_LONG + ADD_MASK + MASK)
            self._line, self._too_long, self._at_line_start = b"", True, False
        return shown

    def _after_command(self, data: bytes) -> bytes:
        _, newline, rest = data.partition(b"\n")
        self._too_long = not newline
        return newline + rest

    def finish(self) -> bytes:
        shown = b"".join(self._obeyed(self._line))
        rest, covered = self._kept, self._covered
        self._line, self._kept, self._covered = b"", b"", 0
        return shown + _replaced(rest, self._hidden(rest, covered), covered)

    def _obeyed(self, data: bytes) -> Iterator[bytes]:
        """Each command takes effect before the text behind it is shown; its own value is never shown."""
        at_line_start = self._at_line_start
        for line in re.split(rb"(?m)^(?=::add-mask::)", data):
            if at_line_start and line.startswith(ADD_MASK):
                value, newline, rest = line.removeprefix(ADD_MASK).partition(b"\n")
                yield self._show(self._obey(value) + ADD_MASK + MASK + newline)
                yield self._show(rest)
            else:
                yield self._show(line)
            at_line_start = at_line_start or bool(line)

    def _obey(self, value: bytes) -> bytes:
        """Hides the value from now on. Gives what has to be said about it."""
        if len(ADD_MASK) + len(value) > LONGEST_COMMAND:
            return TOO_LONG
        text = value.strip().decode("utf-8", "surrogateescape")
        if len(text) < SHORTEST:
            return b"[ansflow] This value is not masked: it has fewer than %d characters.\n" % SHORTEST
        if self._added >= MOST_ADDED:
            return b"[ansflow] This value is not masked: one step may add %d.\n" % MOST_ADDED
        self._added += 1
        self.masker = self.masker.with_value(text)
        return b""

    def _show(self, data: bytes) -> bytes:
        if not self._kept and not self.masker.longest:
            return data
        data = self._kept + data
        hidden = self._hidden(data, self._covered)
        hold = self.masker.held(data)
        hidden = [(start, end) for start, end in hidden if start < hold]
        shown = _replaced(data[:hold], [(start, min(end, hold)) for start, end in hidden], self._covered)
        last = hidden[-1][1] if hidden else 0
        self._covered = max(0, last - hold) if hold else self._covered
        self._kept = data[hold:]
        return shown

    def _hidden(self, data: bytes, covered: int) -> list[Interval]:
        hidden = self.masker.hidden(data)
        return _united([(0, covered), *hidden]) if covered else hidden


class Plain:
    """Text without its escape sequences, and where each of its bytes stood before."""

    def __init__(self, data: bytes) -> None:
        self._parts = ESCAPE.split(data)  # text, escape, text, escape, … text
        self.text = b"".join(self._parts[::2])
        self._starts: list[int] = []
        self._places: list[int] = []

    def place(self, index: int) -> int:
        if not self._starts:  # only text with a secret in it needs to know
            self._starts = list(accumulate(map(len, self._parts[:-1:2]), initial=0))
            self._places = list(accumulate(map(len, self._parts[:-1]), initial=0))[::2]
        piece = bisect_right(self._starts, index) - 1
        return self._places[piece] + index - self._starts[piece]


def _automaton(words: Iterable[bytes], *, leftmost: bool = False) -> Any:
    words = list(words)
    if not words:
        return None
    from ahocorasick_rs import (  # noqa: PLC0415 — a run without secrets does without
        BytesAhoCorasick,
        Implementation,
        MatchKind,
    )

    small = sum(map(len, words)) <= DFA_BYTES
    return BytesAhoCorasick(
        words,
        implementation=Implementation.DFA if small else Implementation.ContiguousNFA,
        matchkind=MatchKind.LeftmostLongest if leftmost else MatchKind.Standard,
    )


def _united(intervals: Iterable[Interval]) -> list[Interval]:
    """Overlapping intervals become one; those that only touch stay two."""
    united: list[Interval] = []
    for start, end in sorted(intervals):
        if united and start < united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _replaced(data: bytes, hidden: list[Interval], covered: int = 0) -> bytes:
    """The data with a mask for each interval; the one that begins within the covered bytes has been shown before."""
    if not hidden:
        return data
    pieces, at = [], 0
    for start, end in hidden:
        pieces += [data[at:start], b"" if covered and start == 0 else MASK]
        at = end
    return b"".join((*pieces, data[at:]))


def _last_command(data: bytes, at_line_start: bool) -> int:
    """Where an unfinished last line begins that is a command, or may become one; the length when it is not."""
    start = data.rfind(b"\n") + 1
    if start == 0 and not at_line_start:
        return len(data)
    line = data[start : start + len(ADD_MASK)]
    return start if line and (line == ADD_MASK or ADD_MASK.startswith(line)) else len(data)
