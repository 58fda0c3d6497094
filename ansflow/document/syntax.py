"""Says what is wrong with a text that is no YAML, in the words of the person who wrote it rather than the parser's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from ansflow.core.errors import Problem

Told = tuple[Any, str, str]  # the mark, the message, the hint

INDENTATION = "Keys of one map start in one column; what belongs to a key stands further right."


def explain(error: yaml.YAMLError, text: str) -> Problem:
    """A placed Problem for an error of the parser."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(code="syntax", message=f"This is no YAML: {error}.", line=1, column=1)
    said = error.problem or ""
    for phrase, tell in RULES:
        if phrase in said or phrase in (error.context or ""):
            mark, message, hint = tell(error, text)
            break
    else:
        mark, message, hint = error.problem_mark, f"This is no YAML: {said}.", INDENTATION
    return Problem(code="syntax", message=message, hint=hint, line=mark.line + 1, column=mark.column + 1)


def _line(text: str, mark: Any) -> str:
    """The line of the mark, without its end."""
    start = max(text.rfind("\n", 0, mark.index), text.rfind("\r", 0, mark.index)) + 1
    return text[start:].split("\n", 1)[0].split("\r", 1)[0]


def _shown(line: str) -> str:
    line = line.strip()
    return f"`{line if len(line) <= 40 else line[:39] + '…'}`"


def _tab(error: Any, text: str) -> Told:
    return error.problem_mark, "A tab stands where the indentation must be spaces.", "Indent with two spaces."


def _cannot_start(error: Any, text: str) -> Told:
    mark = error.problem_mark
    character = text[mark.index : mark.index + 1]
    if character == "\t":
        return _tab(error, text)
    rest = _line(text, mark)[mark.column :].split(" #")[0].rstrip()
    return mark, f"Plain text cannot start with {character!r}.", f'Put it into quotes: "{rest}".'


def _alias(error: Any, text: str) -> Told:
    mark = error.context_mark or error.problem_mark
    rest = _line(text, mark)[mark.column :].split(" #")[0].rstrip()
    return mark, f"Plain text cannot start with {rest[:1]!r}: it begins an alias or an anchor.", f'Quote it: "{rest}".'


def _colon(error: Any, text: str) -> Told:
    """`a: b: c`, or a line that is indented further than its neighbours, or `name:value` in the line above."""
    mark = error.problem_mark
    before = _line(text, mark)[: mark.column]
    if ": " in before:
        value = _line(text, mark).split(": ", 1)[1].split(" #")[0].strip()
        quoted = "'" + value.replace("'", "''") + "'"
        return mark, "A second ': ' stands in one line.", f"If it belongs to the text, quote the text: {quoted}."
    above = _lines_above(text, mark)
    if above and _lacks_space(above):
        place = _Place(mark.line - 1, len(above) - len(above.lstrip()))
        return place, f"{_shown(above)} is no key with a value.", "Put a space behind the colon."
    if above and ":" not in above:
        place = _Place(mark.line - 1, len(above) - len(above.lstrip()))
        return place, f"{_shown(above)} is no key with a value.", "Write `key: value`, with a colon and a space."
    place = _Place(mark.line, len(before) - len(before.lstrip()))
    return place, f"{_shown(before)} is indented further than the line above it allows.", INDENTATION


class _Place:
    def __init__(self, line: int, column: int) -> None:
        self.line, self.column = line, column


def _lines_above(text: str, mark: Any) -> str:
    """The line above the mark, if it holds more than a comment."""
    lines = text[: mark.index].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    above = lines[mark.line - 1] if 0 < mark.line <= len(lines) - 1 else ""
    return "" if above.lstrip().startswith("#") else above


def _lacks_space(line: str) -> bool:
    bare = line.strip().removeprefix("- ")
    return ":" in bare.rstrip(":") and ": " not in bare and "://" not in bare


def _no_colon(error: Any, text: str) -> Told:
    mark = error.context_mark or error.problem_mark
    line = _line(text, mark)
    hint = "Put a space behind the colon." if _lacks_space(line) else "Write `key: value`, with a colon and a space."
    return mark, f"{_shown(line)} is no key with a value.", hint


def _quote(error: Any, text: str) -> Told:
    mark = error.context_mark or error.problem_mark
    quote = text[mark.index : mark.index + 1]
    return mark, f"The quote {quote} that opens here is never closed.", f"Close the text with {quote}."


def _escape(error: Any, text: str) -> Told:
    mark = error.problem_mark
    start = text.rfind("\\", 0, mark.index + 1)
    hint = "In double quotes write \\\\ for a backslash, or use single quotes, where it is a plain character."
    return mark, f"{text[start : start + 2]} means nothing in double quotes.", hint


def _open_bracket(error: Any, text: str) -> Told:
    mark = error.context_mark or error.problem_mark
    opening = text[mark.index : mark.index + 1]
    closing = "]" if opening == "[" else "}"
    line = error.problem_mark.line + 1
    return (
        mark,
        f"The {opening} that opens here is not closed: line {line} still belongs to it.",
        f"Close it with {closing}, and part its items with commas.",
    )


def _no_content(error: Any, text: str) -> Told:
    mark = error.problem_mark
    character = text[mark.index : mark.index + 1]
    if not character.strip():
        return mark, "The text ends within a list or a map.", "Close every [ and {."
    return mark, f"A value should stand here, not {character!r}.", "Write the value, or quote it if it is text."


def _dash(error: Any, text: str) -> Told:
    hint = "Start the list on the next line, or write it as [a, b]."
    return error.problem_mark, "A list with dashes cannot start behind a key.", hint


def _after_value(error: Any, text: str) -> Told:
    """The map or list was over, yet something follows: on the same line, or badly indented."""
    mark = error.problem_mark
    line = _line(text, mark)
    before = line[: mark.column].rstrip()
    if not before:
        return mark, f"{_shown(line)} is indented like nothing above it.", INDENTATION
    if before[-1] in "\"'":
        hint = "Let the quotes hold the whole text; a quote within quotes is doubled ('') or escaped (\\\")."
        return mark, f"More text follows the closing quote: {_shown(line[mark.column :])}.", hint
    return mark, f"{_shown(line[mark.column :])} does not belong here.", "If it belongs to the text, quote the text."


def _block_header(error: Any, text: str) -> Told:
    return error.problem_mark, "Text follows the | or > on its own line.", "Start the text on the next line, indented."


def _directive(error: Any, text: str) -> Told:
    return error.context_mark or error.problem_mark, "Plain text cannot start with '%'.", "Put it into quotes."


RULES: tuple[tuple[str, Callable[[Any, str], Told]], ...] = (
    ("cannot start any token", _cannot_start),
    ("tab character", _tab),
    ("directive", _directive),
    ("scanning an alias", _alias),
    ("scanning an anchor", _alias),
    ("unknown escape", _escape),
    ("unexpected end of stream", _quote),
    ("unexpected document", _quote),
    ("mapping values are not allowed", _colon),
    ("sequence entries are not allowed", _dash),
    ("find expected ':'", _no_colon),
    ("flow sequence", _open_bracket),
    ("flow mapping", _open_bracket),
    ("node content", _no_content),
    ("block scalar", _block_header),
    ("block mapping", _after_value),
    ("block collection", _after_value),
)
