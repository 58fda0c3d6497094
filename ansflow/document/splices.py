"""Small changes of a text: every function says which spans to replace, so that no other byte can change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMap
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ansflow.document.nodes import Mapping, Node, Scalar, Sequence
from ansflow.document.source import Entry, Source
from ansflow.document.writing import Style, block, block_text, entry, flow, folded_text, inline, is_block, scalar

BLANK_LINE = re.compile(r"(?:\n|\r(?!\n))[ \t]*[\r\n]")


@dataclass(frozen=True, slots=True)
class Splice:
    """`text` takes the place of the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """The text with all changes made; every place is one of the text before them."""
    pieces, at = [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.start < at:
            raise ValueError(f"{splice} begins before the end of the one before it")
        pieces += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*pieces, text[at:]])


def replace_value(source: Source, at: Entry, value: Any, *, in_flow: bool, as_flow: bool | None = None) -> list[Splice]:
    """`as_flow` says whether a list or map is written on one line; None leaves it to the house style."""
    if in_flow:
        return [_replace_in_flow(source, at, value)]
    old = _anatomy(source, at)
    first, rest = _written(source, at, old, value, as_flow=as_flow)
    head = " ".join(filter(None, (f"&{at.value.anchor}" if at.value.anchor else "", first)))
    # Lines that go without a successor take the comment at their end with them.
    body_end = old.body_end if rest or old.body_start == old.body_end else source.line_end(old.body_end)
    return [
        Splice(at.gate, old.head_end, old.gap + head if head else ""),
        Splice(old.body_start, body_end, below(source, rest, value, body_end)),
    ]


def below(source: Source, lines: list[str], value: Any, place: int) -> str:
    """Lines to be put behind a line's end. Text that ends in a line break needs one at the end of the file, too."""
    text = "".join(source.eol + line for line in lines)
    return text + source.eol if lines and place == len(source.text) and _last_leaf(value).endswith("\n") else text


def _last_leaf(value: Any) -> str:
    while value and isinstance(value, (AnyMap, list, tuple)):
        value = list(value.values())[-1] if isinstance(value, AnyMap) else value[-1]
    return value if isinstance(value, str) else ""


def _replace_in_flow(source: Source, at: Entry, value: Any) -> Splice:
    keep = _quotes(at.value) if isinstance(value, str) else ""
    text = scalar(value, flow=True, style=keep) if keep else flow(value, source.style.quote)
    if at.value.anchor:
        text = f"&{at.value.anchor} {text}"
    if not source.is_empty(at.value):
        return Splice(source.start(at.value), at.end, text)
    has_colon = at.key is not None and at.gate > source.end(at.key)
    return Splice(at.gate, at.gate, f" {text}" if has_colon else f": {text}")


def _quotes(node: Node) -> str:
    return node.style if isinstance(node, Scalar) and node.style in ("'", '"') else ""


@dataclass(frozen=True, slots=True)
class _Anatomy:
    """A value in block style: a head behind the colon or dash (`gap` parts them), and a body on the lines below.

    `column` is where a map or list begins that takes its place; None where the style decides.
    """

    head_end: int
    body_start: int
    body_end: int
    gap: str = " "
    column: int | None = None


def _anatomy(source: Source, at: Entry) -> _Anatomy:
    old = at.value
    if source.is_empty(old):
        end = source.line_end(at.gate)
        return _Anatomy(at.gate, end, end)
    start, content = source.start(old), source.content(old)
    same_line = source.line_start(start) == source.line_start(at.gate)
    gap = source.text[at.gate : start] if same_line else " "
    if isinstance(old, Scalar) and old.style in ("|", ">"):
        header = source.text[content : source.line_end(content)].split(" ")[0]
        return _Anatomy(content + len(header), source.line_end(content), at.end, gap)
    if isinstance(old, (Mapping, Sequence)) and not old.flow and source.leads_its_line(content):
        head_end = start + len(f"&{old.anchor}") if old.anchor and same_line else at.gate
        return _Anatomy(head_end, source.break_before(content), at.end, gap, source.column(content))
    end = source.line_end(at.end)
    return _Anatomy(at.end, end, end, gap, None if at.key else source.column(content))


def _written(source: Source, at: Entry, old: _Anatomy, value: Any, *, as_flow: bool | None) -> tuple[str, list[str]]:
    """What stands behind the colon or dash, and the lines below."""
    column = source.column(at.start)
    style = _style_for(source, at, old)
    if isinstance(value, (AnyMap, list, tuple)):
        if not value or as_flow or (as_flow is None and not is_block(value)):
            return flow(value, style.quote), []
        return _written_block(source, at, old, value, style)
    if isinstance(value, str) and isinstance(at.value, Scalar) and at.value.style in ("|", ">"):
        kept = _block_scalar(source, at, at.value, value, style)
    elif isinstance(value, str) and ("\n" not in value or _quotes(at.value) == '"'):
        kept = [scalar(value, style=_quotes(at.value), quote=style.quote)]
    else:
        kept = None
    first, *rest = kept or inline(value, column, style)
    return first, rest


def _written_block(source: Source, at: Entry, old: _Anatomy, value: Any, style: Style) -> tuple[str, list[str]]:
    is_map = isinstance(value, AnyMap)
    was_below = old.column is not None and old.body_start < at.end
    kept = old.column is not None and (not at.key or is_map == isinstance(at.value, Mapping))
    column = source.column(at.start)
    if kept and old.column is not None:
        inner = old.column
    else:
        inner = column + (2 if not at.key else style.step if is_map else style.dash)
    lines = block(value, inner, style)
    if at.key or at.value.anchor or was_below:
        return "", lines
    return lines[0].lstrip(" "), lines[1:]


def _block_scalar(source: Source, at: Entry, old: Scalar, value: str, style: Style) -> list[str] | None:
    """The text as a block scalar of the old kind, as deep as the old one."""
    if not style.literal:
        return None
    column = source.column(at.start)
    body = source.text[source.line_end(source.start(old)) : at.end].splitlines()
    depth = min((len(line) - len(line.lstrip(" ")) for line in body if line.strip()), default=column + style.step)
    write = folded_text if old.style == ">" else block_text
    return write(value, column, depth - column) or block_text(value, column, depth - column)


def _style_for(source: Source, at: Entry, old: _Anatomy) -> Style:
    """The style of the file; without literal blocks where one would swallow a comment that stands there."""
    inside = source.text[source.line_end(at.gate) : old.body_start]
    behind = source.text[old.body_end : source.line_end(old.body_end)] if old.body_end > old.body_start else ""
    swallows = inside.strip() or behind.strip() or source.swallows(old.body_end, source.column(at.start))
    return replace(source.style, literal=not swallows)


# Entries come, go and move


def insert_block(
    source: Source, entries: tuple[Entry, ...], index: int, name: str | None, value: Any, *, as_flow: bool | None
) -> list[Splice]:
    """Puts `name: value` or `- value` before the entry at `index`, parted by a blank line if all the others are."""
    column = source.column(entries[0].start)
    blank = [""] if _are_parted(source, entries) else []
    if index > 0:
        before = entries[index - 1]
        style = replace(source.style, literal=not source.swallows(source.tail(before.end, column), column))
        lines = entry(name, value, column, style, as_flow)
        place = source.tail(before.end, column)
        return [*_shut(source, before), Splice(place, place, below(source, [*blank, *lines], value, place))]
    first = entries[0]
    lines = entry(name, value, column, source.style, as_flow)
    if not source.leads_its_line(first.start):
        return [Splice(first.start, first.start, source.eol.join([*lines, " " * column]).lstrip(" "))]
    place = _lead(source, first)
    return [Splice(place, place, "".join(line + source.eol for line in [*lines, *blank]))]


def _are_parted(source: Source, entries: tuple[Entry, ...]) -> bool:
    gaps = [source.text[before.end : after.start] for before, after in pairwise(entries)]
    return bool(gaps) and all(BLANK_LINE.search(gap) for gap in gaps)


def _last_block(one: Entry) -> Scalar | None:
    """The block scalar that the entry ends with, if any."""
    node = one.value
    while isinstance(node, (Mapping, Sequence)) and not node.flow:
        node = node.pairs[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return node if isinstance(node, Scalar) and node.style in ("|", ">") else None


def _shut(source: Source, before: Entry) -> list[Splice]:
    """A block of text that ends a file without a final line break keeps its value when lines follow it."""
    node = _last_block(before)
    if node is None or source.end(node) < len(source.text) or source.text.endswith(("\n", "\r")):
        return []
    start = source.content(node)
    header = source.text[start : source.line_end(start)].split(" ")[0]
    return [] if "-" in header else [Splice(start, start + len(header), header.rstrip("+") + "-")]


def insert_flow(source: Source, entries: tuple[Entry, ...], index: int, text: str) -> list[Splice]:
    """Puts the text of an entry before the one at `index`, on a line of its own where the others have one."""
    neighbour = entries[max(index - 1, 0)]
    line_break = source.eol + " " * source.column(neighbour.start)
    own_line = source.leads_its_line(neighbour.start)
    if index == 0:
        return [Splice(neighbour.start, neighbour.start, text + ("," + line_break if own_line else ", "))]
    comma = source.comma(neighbour.end)
    behind = neighbour.end if comma is None else comma + 1
    if not own_line or not source.ends_its_line(behind):
        return [Splice(neighbour.end, neighbour.end, f", {text}")]
    place = source.line_end(behind)
    if comma is not None:
        return [Splice(place, place, f"{line_break}{text},")]
    return [Splice(behind, behind, ","), Splice(place, place, line_break + text)]


def remove_entries(source: Source, entries: tuple[Entry, ...], gone: set[int], *, in_flow: bool) -> list[Splice]:
    """Some entries must remain. Comments on lines of their own stay; one at the end of a line goes with the line."""
    splices = []
    for start, end in _runs(sorted(gone)):
        if in_flow:
            splices += _remove_flow(source, entries, start, end)
        elif start == 0 and not source.leads_its_line(entries[0].start):
            splices.append(_remove_behind_dash(source, entries, end))
        else:
            splices += [_whole_lines(source, entries[index]) for index in range(start, end + 1)]
    return splices


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def _whole_lines(source: Source, gone: Entry) -> Splice:
    return Splice(source.line_start(gone.start), source.next_line(gone.end), "")


def _remove_behind_dash(source: Source, entries: tuple[Entry, ...], last: int) -> Splice:
    """The entry behind the dash of an outer list goes, the dash stays: the next entry moves up to it."""
    following = entries[last + 1].start
    between = source.text[source.line_end(entries[last].end) : following]
    if between.strip():
        return Splice(entries[0].start, source.line_end(entries[last].end), "")
    return Splice(entries[0].start, following, "")


def _remove_flow(source: Source, entries: tuple[Entry, ...], first: int, last: int) -> list[Splice]:
    start, end = entries[first].start, entries[last].end
    comma = source.comma(end)
    behind = end if comma is None else comma + 1
    if source.leads_its_line(start) and source.ends_its_line(behind):
        lines = Splice(source.line_start(start), source.next_line(behind), "")
        return [lines] if comma is not None or first == 0 else [*_remove_comma(source, entries[first - 1]), lines]
    if last + 1 < len(entries):
        following = entries[last + 1].start
        if source.line_start(following) == source.line_start(behind):
            return [Splice(start, following, "")]
        before = source.comma(entries[first - 1].end) if first else None
        return [Splice(start if before is None else before + 1, behind, "")]
    before = entries[first - 1].end
    if source.text[before:start].strip(" ,"):
        return [*_remove_comma(source, entries[first - 1]), Splice(start, end, "")]
    return [Splice(before, end, "")]


def _remove_comma(source: Source, before: Entry) -> list[Splice]:
    comma = source.comma(before.end)
    return [] if comma is None else [Splice(comma, comma + 1, "")]


def permute(source: Source, entries: tuple[Entry, ...], order: list[int], *, in_flow: bool) -> list[Splice]:
    """Puts the entries into another order. What stands between them stays; comments right above a line go along."""
    if in_flow:
        spans = [(one.start, one.end) for one in entries]
    elif source.leads_its_line(entries[0].start):
        spans = [(_lead(source, one), source.tail(one.end, source.column(one.start))) for one in entries]
    else:
        spans = [(one.start, source.line_end(one.end)) for one in entries]
    found = []
    for index, wanted in enumerate(order):
        if index != wanted:
            text = _cut(source, entries[wanted], *spans[wanted])
            needs_break = spans[index][1] == len(source.text) and _last_block(entries[wanted])
            found.append(Splice(*spans[index], text + source.eol if needs_break else text))
    return found


def _cut(source: Source, one: Entry, start: int, end: int) -> str:
    shut = [Splice(part.start - start, part.end - start, part.text) for part in _shut(source, one)]
    return spliced(source.text[start:end], shut)


def _lead(source: Source, one: Entry) -> int:
    """Where the comment lines begin that speak about the entry; a comment on top of the file speaks about the file."""
    above = source.above(one.start)
    return source.line_start(one.start) if above == source.top else above
