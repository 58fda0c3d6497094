"""An oracle for edits: where values stand, found with PyYAML's own composer, and what an edit may have touched."""

from __future__ import annotations

from typing import Any

import yaml

Span = tuple[int, int]


def node_at(text: str, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """The key node (None for an item) and the value node."""
    key, node = None, yaml.compose(text, Loader=yaml.CBaseLoader)
    for part in path:
        if isinstance(part, int):
            key, node = None, node.value[part]
        else:
            key, node = next((k, v) for k, v in node.value if k.value == part)
    return key, node


def last_index(text: str, node: Any) -> int:
    """Behind the last character of a node, comments and blank lines that follow it left out."""
    if not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return last_index(text, last[1] if isinstance(last, tuple) else last)
    end = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return len(text[:end].rstrip())
    return end


def line_of(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def line_end(text: str, index: int) -> int:
    ends = [at for at in (text.find("\n", index), text.find("\r", index)) if at >= 0]
    return min(ends, default=len(text))


def entry_span(text: str, path: tuple[Any, ...]) -> Span:
    """The lines of an entry in block style, or the entry itself in brackets with what parts it from its neighbours."""
    key, node = node_at(text, path)
    _, holder = node_at(text, path[:-1])
    start, end = (key or node).start_mark.index, last_index(text, node)
    if in_flow(text, path):
        return holder.start_mark.index, holder.end_mark.index
    if key is None:  # its dash stands before it, maybe some lines above
        start = text.rfind("-", 0, start) if text[:start].rstrip().endswith("-") else line_of(text, start)
    if text[line_of(text, start) : start].strip():  # behind the dash of an outer list, to which the next entry moves up
        return start, _start_of_next(text, path, holder, end)
    return line_of(text, start), _behind_break(text, line_end(text, end))


def _start_of_next(text: str, path: tuple[Any, ...], holder: Any, end: int) -> int:
    names = [index if key is None else key.value for index, (key, _) in enumerate(_entries(holder))]
    rest = _entries(holder)[names.index(path[-1]) + 1 :]
    return min((node.start_mark.index for pair in rest for node in pair if node), default=line_end(text, end))


def _entries(holder: Any) -> list[tuple[Any, Any]]:
    return [entry if isinstance(entry, tuple) else (None, entry) for entry in holder.value]


def _behind_break(text: str, index: int) -> int:
    return index + (2 if text[index : index + 2] == "\r\n" else 1 if index < len(text) else 0)


def value_span(text: str, path: tuple[Any, ...]) -> Span:
    """From the start of an entry's line to the end of the line in which its value ends; in brackets the value alone."""
    key, node = node_at(text, path)
    if in_flow(text, path):
        return (key.end_mark.index if key else node.start_mark.index), node.end_mark.index
    return entry_span(text, path)


def holder_span(text: str, path: tuple[Any, ...]) -> Span:
    return entry_span(text, path) if path else (0, len(text))


def in_flow(text: str, path: tuple[Any, ...]) -> bool:
    return any(node_at(text, path[:depth])[1].flow_style for depth in range(len(path)))


def untouched_outside(old: str, new: str, span: Span) -> bool:
    start, end = span
    tail = len(old) - end
    return new.startswith(old[:start]) and (tail == 0 or new.endswith(old[end:])) and len(new) >= start + tail


def is_subsequence(short: str, long: str) -> bool:
    """Whether `long` is `short` with text put in: nothing went, and nothing moved."""
    start = 0
    while start < len(short) and start < len(long) and short[start] == long[start]:
        start += 1
    rest = iter(long[start:])
    return all(character in rest for character in short[start:])
