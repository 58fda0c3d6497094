"""What a log says about itself: groups that a viewer folds, and annotations that it shows above.

Understood are the commands of three CI tools, at the beginning of a line: `::group::TITLE` … `::endgroup::` and
`::error file=F,line=N,col=N,title=T::MESSAGE` (also `warning`, `notice`) with `::stop-commands::TOKEN`; headings
`--- TITLE`, `+++ TITLE` (open) and `~~~ TITLE` (quiet); `section_start:TIME:NAME` … `section_end:TIME:NAME`.

A `Scanner` is fed with the bytes of a log as they come, cut anywhere, and can be asked for the outline at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Lock

from ansflow.core.log_text import visible

MOST = 10_000
"""Groups, and annotations, that are kept of one log; how many more there were is counted."""
DEEPEST = 20
LONGEST_HEAD = 8 * 1024
"""Bytes of a line that are looked at."""
LEVELS = ("error", "warning", "notice")

MARK = re.compile(rb"\n(?=(?:\x1b\[[0-9;]*[mK])*(?:::|--- |\+\+\+ |~~~ |section_))")
COLOURS = re.compile(rb"(?:\x1b\[[0-9;]*[mK])*")
COMMAND = re.compile(rb"::([A-Za-z0-9_-]{1,200})(?: ([^\r\n]*?))?::([^\r\n]*)")
SECTION = re.compile(rb"section_(start|end):\d{1,20}:([A-Za-z0-9_.-]{1,200})(\[[^\]\r\n]{0,200}\])?")
HEADING = re.compile(rb"(---|\+\+\+|~~~) +([^\r\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines `line` (the one with the title) to `end`; 0: it has not ended. `level` counts from 0.

    `kind` is group, heading, quiet or section. `open`: not to be folded unasked.
    """

    line: int
    end: int = 0
    title: str
    kind: str
    level: int
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """`line` is that of the log; where it points to in the sources is `file` and what belongs to it, 0 for unknown."""

    line: int
    level: str
    message: str
    title: str = ""
    file: str = ""
    file_line: int = 0
    file_end_line: int = 0
    column: int = 0
    end_column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`omitted` are groups and annotations beyond `MOST` of each."""

    lines: int = 0
    groups: tuple[Group, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    omitted: int = 0


@dataclass(slots=True)
class Scanner:
    """Costs one search for line beginnings that look like a mark; everything else is done for those alone."""

    fed: int = 0  # bytes
    lock: Lock = field(default_factory=Lock, compare=False)  # for whoever shares one
    _lines: int = 0  # newlines before `_rest`
    _rest: bytes = b""  # of the last line, which has not ended: its head
    _open_line: bool = False
    _groups: list[Group] = field(default_factory=list)
    _annotations: list[Annotation] = field(default_factory=list)
    _stack: list[tuple[int, str]] = field(default_factory=list)  # of open groups: place in `_groups`, and their name
    _stopped: bytes = b""
    _omitted: int = 0

    def feed(self, data: bytes) -> None:
        self.fed += len(data)
        newline = data.find(b"\n")
        head = data if newline < 0 else data[:newline]
        self._rest += head[: max(0, LONGEST_HEAD - len(self._rest))]
        self._open_line = self._open_line or bool(head)
        if newline < 0:
            return
        self._look(self._lines + 1, self._rest)
        self._lines += 1
        last = data.rfind(b"\n") + 1
        self._look_through(data, newline, last)
        self._rest, self._open_line = data[last : last + LONGEST_HEAD], last < len(data)

    def outline(self) -> Outline:
        """Of what has been fed, its unfinished last line included. A group without an end goes on to the end."""
        seen = self
        if self._rest:
            seen = replace(self, _groups=[*self._groups], _annotations=[*self._annotations], _stack=[*self._stack])
            seen._look(self._lines + 1, self._rest)
        return Outline(
            lines=self._lines + self._open_line,
            groups=tuple(seen._groups),
            annotations=tuple(seen._annotations),
            omitted=seen._omitted,
        )

    # ── marks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _look_through(self, data: bytes, begin: int, last: int) -> None:
        """Whole lines, from the newline before the first to behind that of the last."""
        counted = begin + 1
        for found in MARK.finditer(data, begin, last):
            start = found.end()
            self._lines += data.count(b"\n", counted, start)
            counted = start
            end = data.find(b"\n", start, start + LONGEST_HEAD)
            self._look(self._lines + 1, data[start : end if end >= 0 else start + LONGEST_HEAD])
        self._lines += data.count(b"\n", counted, last)

    def _look(self, number: int, line: bytes) -> None:
        line = line[COLOURS.match(line).end() :]  # type: ignore[union-attr]  # it matches nothing, too
        if line.startswith(b"::"):
            self._command(number, line)
        elif line.startswith(b"section_"):
            self._sections(number, line)
        elif found := HEADING.match(line):
            self._heading(number, found[1], found[2])

    def _command(self, number: int, line: bytes) -> None:
        if self._stopped:
            if line.rstrip() == b"::" + self._stopped + b"::":
                self._stopped = b""
            return
        found = COMMAND.match(line)
        if found is None:
            return
        name, properties, said = found[1].decode().lower(), found[2] or b"", found[3].rstrip()
        if name == "stop-commands":
            self._stopped = said
        elif name == "group":
            self._begin(number, visible(said), "group")
        elif name == "endgroup":
            self._end_last("group", number)
        elif name in LEVELS:
            self._annotate(number, name, dict(_properties(properties)), said)

    def _annotate(self, number: int, level: str, given: dict[str, str], said: bytes) -> None:
        if len(self._annotations) >= MOST:
            self._omitted += 1
            return
        self._annotations.append(
            Annotation(
                line=number,
                level=level,
                message="\n".join(visible(part) for part in _unescaped(said).split(b"\n")),
                title=given.get("title", ""),
                file=given.get("file", ""),
                file_line=_number(given.get("line", "")),
                file_end_line=_number(given.get("endline", "")),
                column=_number(given.get("col", "")),
                end_column=_number(given.get("endcolumn", "")),
            )
        )

    def _sections(self, number: int, line: bytes) -> None:
        """A line may end a section and begin the next."""
        for found in SECTION.finditer(line):
            name = found[2].decode()
            if found[1] == b"end":
                self._end_last(f"section {name}", number)
            else:
                rest = line[found.end() :]
                following = SECTION.search(rest)
                title = visible(rest[: following.start()] if following else rest).strip()
                folded = b"collapsed=true" in (found[3] or b"")
                self._begin(number, title or name, "section", name=f"section {name}", open=not folded)

    def _heading(self, number: int, sign: bytes, title: bytes) -> None:
        if sign == b"+++" and self._is_diff(number):
            return
        self._end_headings(number - 1)
        self._begin(number, visible(title).strip(), "quiet" if sign == b"~~~" else "heading", open=sign == b"+++")

    def _is_diff(self, number: int) -> bool:
        """`--- a/file` and right below `+++ b/file`: a patch, and no headings."""
        last = self._groups[-1] if self._groups else None
        if last is None or last.line != number - 1 or last.kind != "heading" or last.open:
            return False
        self._stack.pop()
        self._groups.pop()
        return True

    # ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, number: int, title: str, kind: str, *, name: str = "", open: bool = False) -> None:
        if len(self._groups) >= MOST or len(self._stack) >= DEEPEST:
            self._omitted += 1
            return
        self._stack.append((len(self._groups), name or kind))
        self._groups.append(Group(line=number, title=title, kind=kind, level=len(self._stack) - 1, open=open))

    def _end_headings(self, number: int) -> None:
        """A heading lasts to the next one, within the group that it stands in."""
        while self._stack and self._stack[-1][1] in ("heading", "quiet"):
            self._end(len(self._stack) - 1, number)

    def _end_last(self, name: str, number: int) -> None:
        """With all that was begun in it. What was never begun ends nothing."""
        for depth in reversed(range(len(self._stack))):
            if self._stack[depth][1] == name:
                return self._end(depth, number)
        return None

    def _end(self, depth: int, number: int) -> None:
        for place, _ in self._stack[depth:]:
            self._groups[place] = replace(self._groups[place], end=max(number, self._groups[place].line))
        del self._stack[depth:]


def _properties(written: bytes) -> Iterator[tuple[str, str]]:
    for pair in written.split(b","):
        name, _, value = pair.partition(b"=")
        value = _unescaped(value.strip().replace(b"%3A", b":").replace(b"%2C", b","))
        yield visible(name.strip()).lower(), visible(value)


def _unescaped(said: bytes) -> bytes:
    return said.replace(b"%0D", b"\r").replace(b"%0A", b"\n").replace(b"%25", b"%")


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0
