"""Shows problems of a pipeline file: place, sentence, the source line with a caret, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ansflow.cli import exits
from ansflow.cli.sentences import FULL_WIDTH, side_by_side, translated
from ansflow.cli.terminal import Screen, cut, plain, width
from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec, Problem

TOKEN = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{\{.*?\}\}"  # quoted, an expression
    r"|[^\s:,\[\]{}#][^,\[\]{}#]*?(?=\s*(?:$|[,\]}]|:\s|:$|\s#))|\S"  # a plain word or several
)

LOOKED_AT = 2000  # characters of a line from its mark on: files of strangers have lines of megabytes


def refuse(screen: Screen, error: InvalidSpec, file: Path | None = None) -> int:
    """Says on the error stream why nothing was done, with the lines of the file that are to blame."""
    placed = any(problem.line for problem in error.problems)
    source = file.read_text(encoding="utf-8", errors="replace") if file and placed else ""
    screen.out.flush()
    show_problems(screen.errors, str(file) if file else "", source, error.problems)
    screen.errors.out.flush()
    return exits.INVALID


def show_problems(screen: Screen, file: str, source: str, problems: Iterable[Problem]) -> None:
    lines = source.splitlines()
    for problem in problems:
        screen.print(_headline(screen, plain(file), problem))
        if not problem.file and 0 < problem.line <= len(lines):
            for gutter, style, text in excerpt(lines[problem.line - 1], problem.line, problem.column, screen.columns):
                screen.print("  " + screen.paint("dim", gutter) + screen.paint(style, text))
        if problem.hint:
            screen.print("  " + screen.paint("cyan", plain(translated(problem.hint))))


def note_line(screen: Screen, note: Problem) -> str:
    """What does not keep a plan from running, but may surprise."""
    place = f"{note.line}:{note.column}: " if note.line else ""
    said = side_by_side(translated(note.message), translated(note.hint))
    return screen.paint("orange", f"! {place}{plain(said)}")


def _headline(screen: Screen, file: str, problem: Problem) -> str:
    file = plain(problem.file) or file  # a template, relative to the repository
    place = f"{file}:{problem.line}:{problem.column}:" if problem.line else f"{file}:" if file else t("error").strip()
    path = ".".join(map(str, problem.path)) if problem.path and not problem.line else ""
    said = plain(f"{path}: {translated(problem.message)}" if path else translated(problem.message))
    gap = "" if place[-1] in FULL_WIDTH else " "
    return f"{screen.paint('bold', place)}{gap}{screen.paint('red', said)}"


def excerpt(line: str, number: int, column: int, columns: int) -> list[tuple[str, str, str]]:
    """The source line and the caret under it, as (gutter, style, text), cut to a window around the caret."""
    line = plain(line.replace("\t", " "))
    start = max(min(column - 1, len(line)), 0)
    line = line[: start + LOOKED_AT]
    found = TOKEN.match(line, start)
    marked = found[0] if found else ""
    gutter = f"{number} | "
    room = max(columns - len(gutter) - 3, 20)
    first = _window(line, start, width(marked), room)
    shown = cut(line[first:], room, ellipsis="")
    before = width(line[first:start])
    caret = " " * before + "^" * max(1, min(width(marked), room - before))
    return [(gutter, "", shown), (" " * (len(gutter) - 2) + "| ", "red", caret)]


def _window(line: str, start: int, marked: int, room: int) -> int:
    """The first character to show, so that what is marked lies within the room."""
    first = max(0, start - room)
    while first < start and width(line[first:start]) + min(marked, room // 2) > room:
        first += 1
    return first
