"""Values as YAML text: the house style for files that are written anew, and the pieces that edits are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.document.scalars import UNREADABLE, WrittenFloat, WrittenInt, scalar_value

SHORT_LIST = 70

STARTS_PLAIN = re.compile(r"[^-?:,\[\]{}#&*!|>'\"%@`\s]|[-?:](?=[^\s,\[\]{}])")
STOPS_PLAIN = re.compile(rf"[{UNREADABLE}]|[\t\r\n]|: | #|:$|\s$|^---|^\.\.\.|^<<$")
STOPS_FLOW = re.compile(r"[,\[\]{}?]|^:|:[,\[\]{}]")
NEEDS_ESCAPE = re.compile(rf"[{UNREADABLE}]|[\t\r\n]")
ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1b": "\\e"}
STOPS_BLOCK = re.compile(rf"[{UNREADABLE}]|\r")


@dataclass(frozen=True, slots=True)
class Style:
    """How far a map is indented under its key, a list's dashes under theirs; the quotes for text that needs some;
    and whether text of several lines may become a literal block."""

    step: int = 2
    dash: int = 2
    quote: str = ""
    literal: bool = True


HOUSE = Style()


def is_plain(text: str, *, flow: bool = False) -> bool:
    """Whether the text is read as that very text without quotes."""
    if not STARTS_PLAIN.match(text) or STOPS_PLAIN.search(text) or (flow and STOPS_FLOW.search(text)):
        return False
    return isinstance(scalar_value(text), str)


def quoted(text: str, style: str = "") -> str:
    """The text in quotes: double ones, unless single ones read better, or were asked for and can hold it."""
    if not NEEDS_ESCAPE.search(text) and (style == "'" or (not style and ('"' in text or "\\" in text))):
        return "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + NEEDS_ESCAPE.sub(_escape, escaped) + '"'


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return ESCAPES.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def scalar(value: Any, *, flow: bool = False, style: str = "", quote: str = "") -> str:
    """A scalar on one line. Text keeps the quotes it had (`style`), or gets some (`quote`) where it needs them."""
    if isinstance(value, str):
        return quoted(value, style or quote) if style or not is_plain(value, flow=flow) else value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.text
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is no value of a YAML document")


def key(text: str) -> str:
    """A key is text whatever it looks like, so that `3.10` and `on` need no quotes."""
    plain = STARTS_PLAIN.match(text) and not STOPS_PLAIN.search(text) and not STOPS_FLOW.search(text)
    return text if plain else quoted(text)


def flow(value: Any, quote: str = "") -> str:
    """Any value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key(name)}: {flow(item, quote)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item, quote) for item in value) + "]"
    return scalar(value, flow=True, quote=quote)


def is_block(value: Any) -> bool:
    """Whether the house style gives the value lines of its own. A list of few words reads best as `[a, b]`."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, (list, tuple)) and bool(value) and not _is_short(value)


def _is_short(items: list[Any] | tuple[Any, ...]) -> bool:
    if any(isinstance(item, (Mapping, list, tuple)) or (isinstance(item, str) and " " in item) for item in items):
        return False
    return len(flow(items)) <= SHORT_LIST


def block(value: Any, indent: int, style: Style = HOUSE) -> list[str]:
    """The lines of a map or list that has something in it, indented."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        for name, item in value.items():
            lines += entry(name, item, indent, style)
    else:
        for item in value:
            lines += entry(None, item, indent, style)
    return lines


def entry(name: str | None, value: Any, indent: int, style: Style = HOUSE, as_flow: bool | None = None) -> list[str]:
    """The lines of `name: value`, or of `- value` for an item; `as_flow` overrules the house style."""
    lead = " " * indent + ("-" if name is None else f"{key(name)}:")
    collection = isinstance(value, (Mapping, list, tuple))
    if collection and value and (is_block(value) if as_flow is None else not as_flow):
        if name is None:
            first, *rest = block(value, indent + 2, style)
            return [f"{lead} {first[indent + 2 :]}", *rest]
        return [lead, *block(value, indent + (style.step if isinstance(value, Mapping) else style.dash), style)]
    first, *rest = [flow(value, style.quote)] if collection else inline(value, indent, style)
    return [f"{lead} {first}", *rest]


def inline(value: Any, indent: int, style: Style = HOUSE) -> list[str]:
    """A value that begins behind its key or dash, at `indent`: one line, or the lines of a block scalar."""
    if isinstance(value, str) and "\n" in value and style.literal:
        return block_text(value, indent, style.step) or [quoted(value)]
    if isinstance(value, (Mapping, list, tuple)):
        return [flow(value, style.quote)]
    return [scalar(value, quote=style.quote)]


def block_text(text: str, indent: int, step: int) -> list[str] | None:
    """The lines of a literal block scalar; None where only quotes hold the text, or show it: blank lines at its end."""
    body = text.removesuffix("\n")
    first = next((line for line in body.split("\n") if line), "")
    if not first.strip() or first[0] == "\t" or body.endswith("\n") or STOPS_BLOCK.search(text) or step > 9:
        return None
    chomp = "" if text.endswith("\n") else "-"
    indicator = str(step) if first[0] == " " else ""
    pad = " " * (indent + step)
    lines = [pad + line if line else "" for line in body.split("\n")]
    return ["|" + indicator + chomp, *lines]


def folded_text(text: str, indent: int, step: int) -> list[str] | None:
    """The lines of a folded block scalar, which writes a line break as a blank line; None where it cannot."""
    if any(line.startswith((" ", "\t")) or line != line.rstrip() for line in text.split("\n")):
        return None
    lines = block_text(re.sub(r"\n+", r"\g<0>\n", text.removesuffix("\n")), indent, step)
    if not lines or text.startswith("\n"):
        return None
    return [">" if text.endswith("\n") else ">-", *lines[1:]]
