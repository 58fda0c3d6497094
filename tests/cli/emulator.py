"""A terminal of a few lines: it knows what our live view may write, and refuses everything else."""

from __future__ import annotations

import re

from ansflow.cli.terminal import width

KNOWN = re.compile(r"\x1b\[(\d*)([AKJm])|\x1b\[[\d;:]*m|\x1b\[\?25[lh]")


class Terminal:
    """`lines` is what a person can see and scroll back to."""

    def __init__(self, columns: int = 80) -> None:
        self.columns = columns
        self.lines: list[str] = [""]
        self.row = 0
        self.cursor_shown = True

    def feed(self, text: str) -> None:
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                found = KNOWN.match(text, position)
                assert found, f"the terminal got a sequence that is not ours: {text[position : position + 12]!r}"
                self._sequence(found)
                position = found.end()
            else:
                self._character(text[position])
                position += 1

    @property
    def shown(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")

    def _character(self, character: str) -> None:
        if character == "\r":
            self.fresh = True
        elif character == "\n":
            self.row += 1
            self.fresh = True
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            assert character.isprintable() or character == "\t", f"a control character came through: {character!r}"
            if self.fresh:
                self.lines[self.row] = ""
                self.fresh = False
            self.lines[self.row] += character
            assert width(self.lines[self.row]) <= self.columns or not self.strict, self.lines[self.row]

    fresh = True
    strict = False

    def _sequence(self, found: re.Match[str]) -> None:
        text = found[0]
        if text.endswith("A"):
            self.row = max(0, self.row - int(found[1] or 1))
        elif text.endswith("K") and self.fresh:
            self.lines[self.row] = ""
        elif text.endswith("J"):
            del self.lines[self.row + 1 :]
            if self.fresh:
                self.lines[self.row] = ""
        elif text.startswith("\x1b[?25"):
            self.cursor_shown = text.endswith("h")
