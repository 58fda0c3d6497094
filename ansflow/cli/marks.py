"""Groups and annotations of a log in a terminal: shown as what they mean, and folded on request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansflow.cli.stamps import Stamps
from ansflow.cli.terminal import Screen, log_lines, plain
from ansflow.cli.texts import count
from ansflow.core.outline import Annotation, Group, Outline, Scanner

ENDS = re.compile(rb"(?m)^(?:\x1b\[[0-9;]*[mK])*(?:::endgroup::|section_end:)")
STYLES = {"error": "red", "warning": "amber", "notice": "blue"}


class Marked:
    """Whole lines of one log, in their order. A pipe gets them as they are; `fold` is the outline to fold by."""

    def __init__(
        self, screen: Screen, *, fold: Outline | None = None, first: int = 1, stamps: Stamps | None = None
    ) -> None:
        self._screen = screen
        self._scanner = Scanner()
        self._line = first
        self._before = first - 1
        self._groups = self._annotations = 0
        self._folded = [group for group in fold.groups if group.level == 0] if fold else []
        self._last = fold.lines if fold else 0
        self._stamps = stamps

    def show(self, block: bytes) -> str:
        """The text for the terminal."""
        self._scanner.feed(block)
        found = self._scanner.outline()
        fresh: list[Group | Annotation] = [*found.groups[self._groups :], *found.annotations[self._annotations :]]
        marks = {mark.line + self._before: mark for mark in fresh}
        self._groups, self._annotations = len(found.groups), len(found.annotations)
        first, self._line = self._line, self._line + block.count(b"\n")
        if not self._folded and (not self._screen.live or not (marks or ENDS.search(block))) and not self._stamps:
            return log_lines(block, prefix="", colour=self._screen.colour)
        if not self._stamps:
            return "".join(said for _, said in self._lines(block, first, marks))
        stamps = self._stamps(first, self._line - 1)
        return "".join(stamps[number - first] + said for number, said in self._lines(block, first, marks))

    def _lines(self, block: bytes, first: int, marks: dict[int, Group | Annotation]) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), first):
            folded = self._fold_over(number)
            if folded is not None:
                if folded.line == number:
                    yield number, self._title(folded) + "\n"
            elif not self._screen.live:
                yield number, log_lines(line + b"\n", prefix="", colour=self._screen.colour)
            elif (mark := marks.get(number)) is not None:
                yield number, (self._title(mark) if isinstance(mark, Group) else self._annotation(mark)) + "\n"
            elif not ENDS.match(line):
                yield number, log_lines(line + b"\n", prefix="", colour=self._screen.colour)

    def _fold_over(self, number: int) -> Group | None:
        while self._folded and number > (self._folded[0].end or self._last):
            del self._folded[0]
        return self._folded[0] if self._folded and number >= self._folded[0].line else None

    def _title(self, group: Group) -> str:
        sign = ("▸ " if self._screen.unicode else "> ") + plain(group.title)
        if not self._folded or self._folded[0] is not group:
            return self._screen.paint("bold", sign)
        inside = (group.end or self._last) - group.line
        return f"{self._screen.paint('bold', sign)}  {self._screen.paint('dim', count('logs.folded', inside))}"

    def _annotation(self, mark: Annotation) -> str:
        place = ":".join(str(part) for part in (mark.file, mark.file_line, mark.column) if part)
        said = ": ".join(part for part in (place, mark.title, mark.message.replace("\n", " ")) if part)
        return self._screen.paint(STYLES[mark.level], plain(f"{mark.level}: {said}"))
