"""The terminal: how wide text is, which colours are allowed, and what of a stranger's text may reach it.

Nothing but SGR (colour) ever passes from a file, a name or a log to the terminal: `Screen.print` is the one way out,
and it filters. What moves the cursor is written by the live view alone, through `Screen.control`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import TextIO

SGR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?|\x9b[0-?]*[ -/]*[@-~]?"  # CSI, also unfinished; SGR is one of them
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # two-character escapes
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
    r"|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"  # they turn text around
)

STYLES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "grey": "90",
    "red": "31",
    "dark red": "38;5;124",
    "green": "32",
    "blue": "38;5;33",
    "amber": "33",
    "orange": "38;5;208",
    "cyan": "36",
    "magenta": "35",
}


def only_colours(text: str) -> str:
    """The text without anything that could move the cursor, set a title or hide; SGR stays."""
    if text.isprintable():
        return text
    return CONTROLS.sub(lambda found: found[0] if SGR.fullmatch(found[0]) else "", text)


def plain(text: str) -> str:
    """Printable text on one line: for names, messages and whatever else stands within a line of ours."""
    if text.isprintable():
        return text
    return " ".join(SGR.sub("", only_colours(text)).replace("\t", " ").split("\n"))


def log_lines(block: bytes, *, prefix: str, colour: bool) -> str:
    """Whole lines of a step's output, prefixed. A million harmless lines are a few operations, not a million."""
    text = block.decode("utf-8", "replace")
    if text.replace("\n", "").replace("\t", "").isprintable():
        return prefix + text[:-1].replace("\n", "\n" + prefix) + "\n" if text else ""
    return "".join(f"{prefix}{log_line(line, colour=colour)}\n" for line in text[:-1].split("\n"))


def log_line(text: str, *, colour: bool) -> str:
    """A line as a terminal would have left it: of a progress bar that redraws itself, its last state."""
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    text = only_colours(text)
    if "\x1b" not in text:
        return text
    return text + "\x1b[0m" if colour else SGR.sub("", text)


def width(text: str) -> int:
    """Columns that the text takes: Chinese characters take two, combining ones none, colours none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(map(_columns, SGR.sub("", text)))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width  # noqa: PLC0415 — most runs never need it

    if east_asian_width(character) in "WF":
        return 2
    return 0 if category(character) in {"Mn", "Me", "Cf"} else 1


def cut(text: str, columns: int, *, ellipsis: str = "…") -> str:
    """The text, or its beginning and an ellipsis, in no more than so many columns. Colours are closed."""
    if width(text) <= columns:
        return text
    room, result, coloured = columns - width(ellipsis), "", False
    for part in re.split(f"({SGR.pattern})", text):
        if part.startswith("\x1b"):
            result, coloured = result + part, True
            continue
        for character in part:
            room -= _columns(character)
            if room < 0:
                return result + (ellipsis if columns > 0 else "") + ("\x1b[0m" if coloured else "")
            result += character
    return result


def cut_middle(text: str, columns: int, *, ellipsis: str = "…") -> str:
    """As `cut`, but beginning and end stay: names such as `unit (python=3.12)` differ at their end."""
    if width(text) <= columns:
        return text
    room, taken = (columns - width(ellipsis)) // 2, 0
    for character in reversed(text):
        room -= _columns(character)
        if room < 0:
            break
        taken += 1
    end = text[len(text) - taken :]
    return cut(text, columns - width(end), ellipsis=ellipsis) + end


def pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns. Breaks at spaces, and between Chinese characters, which have none."""
    lines, line = [], ""
    for word in re.findall(
        r"[ ]*(?:[^\s\u2e80-\uffef]+[\u3000-\u303f\uff00-\uffef]*|\S[\u3000-\u303f\uff00-\uffef]*)", text
    ):
        if line and width(line) + width(word) > columns:
            lines.append(line)
            line = ""
        line += word if line else word.lstrip()
    return [*lines, line] if line or not lines else lines


class Screen:
    """Where a command writes: knows colour, width and encoding. Complaints go to the `errors` beside it."""

    errors: Screen

    def __init__(self, out: TextIO, environ: Mapping[str, str] = os.environ, *, colour: str = "auto") -> None:
        self.out, self.environ = out, environ
        self.errors = self
        self.live = out.isatty() and environ.get("TERM", "") != "dumb"
        self.colour = _wants_colour(self.live, environ, colour)
        self.unicode = _can_write(out, "✓─│┌…⠋")
        self.ellipsis = "…" if self.unicode else "..."

    @property
    def columns(self) -> int:
        """80 where nobody knows: a pipe has no width, but tables and excerpts want one."""
        asked = self.environ.get("COLUMNS", "")
        return int(asked) if asked.isdigit() and int(asked) > 0 else _size(self.out)[0]

    def fitted(self, line: str) -> str:
        """Cut where the terminal ends. In a pipe it stays whole, unless COLUMNS says how wide that is."""
        is_wide = not self.out.isatty() and not self.environ.get("COLUMNS")
        return line if is_wide else cut(line, self.columns, ellipsis=self.ellipsis)

    @property
    def rows(self) -> int:
        return _size(self.out)[1]

    def print(self, text: str = "") -> None:
        text = "\n".join(map(only_colours, text.split("\n")))
        self.out.write((text if self.colour or "\x1b" not in text else SGR.sub("", text)) + "\n")

    def complain(self, text: str) -> None:
        """A line of the errors, after everything that was printed before."""
        self.out.flush()
        self.errors.print(text)
        self.errors.out.flush()

    def write(self, text: str) -> None:
        """Written as it is, for text that has been through `log_lines`."""
        self.out.write(text)

    def control(self, text: str) -> None:
        """The live view's own cursor movements, around text that has been through `only_colours`."""
        self.out.write(text)
        self.out.flush()

    def paint(self, style: str, text: str) -> str:
        """The text in a style of STYLES (several with `+`); unchanged where there is no colour."""
        if not self.colour or not style or not text:
            return text
        return f"\x1b[{';'.join(STYLES[name] for name in style.split('+'))}m{text}\x1b[0m"


def open_screen(colour: str = "auto") -> Screen:
    """The process's own streams, made unable to fail over a character that their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    screen = Screen(sys.stdout, colour=colour)
    screen.errors = Screen(sys.stderr, colour=colour)
    return screen


def _wants_colour(terminal: bool, environ: Mapping[str, str], asked: str) -> bool:
    if asked != "auto":
        return asked == "always"
    if environ.get("NO_COLOR"):
        return False
    return terminal or environ.get("FORCE_COLOR", "0") not in {"", "0"}


def _can_write(stream: TextIO, sample: str) -> bool:
    try:
        sample.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return 80, 24
    return found.columns or 80, found.lines or 24
