"""Reads YAML 1.2 (core schema) with the place of every value, within limits that keep a hostile file harmless.

PyYAML's parser gives the events. Its resolver speaks YAML 1.1, where `on` is a boolean, so ours takes its place.
Keys are always the text that was written.
"""

from __future__ import annotations

import re
from typing import Any

from ansflow.core.errors import InvalidSpec, Path, Problem
from ansflow.core.schema import shown
from ansflow.document.nodes import Mapping, Node, Scalar, Sequence, compose, followed, is_merge, merged_maps
from ansflow.document.scalars import UNREADABLE, WrittenFloat, WrittenInt, scalar_value

__all__ = ["Loaded", "WrittenFloat", "WrittenInt", "load"]

MAX_BYTES = 2**20

UNREADABLE_CHARACTER = re.compile(f"[{UNREADABLE}]")

CORE_TAGS: dict[str, type | tuple[type, ...]] = {
    "tag:yaml.org,2002:map": dict,
    "tag:yaml.org,2002:seq": list,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": bool,
    "tag:yaml.org,2002:null": type(None),
}
TEXT_TAGS = ("tag:yaml.org,2002:str", "!")


class Loaded:
    """What a text says (`value`) and where it says it."""

    def __init__(self, value: Any, root: Node | None) -> None:
        self.value = value
        self.root = root

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path`; of the nearest value around it where there is none."""
        return self._find(path)[1]

    def key_place(self, path: Path) -> tuple[int, int]:
        """As `place`, but of the key, for a value in a map."""
        return self._find(path)[0]

    def _find(self, path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
        if self.root is None:
            return (1, 1), (1, 1)
        key = value = self.root
        for part in path:
            inner = child(value, part)
            if inner is None:
                break
            key, value = inner
        return _place(key), _place(value)


def _place(node: Node) -> tuple[int, int]:
    return node.start.line + 1, node.start.column + 1


def child(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """The key node and the value node under `part` (an item is its own key), aliases and merge keys followed."""
    node = followed(node)
    if isinstance(node, Sequence):
        if isinstance(part, int) and 0 <= part < len(node.items):
            return node.items[part], node.items[part]
        return None
    if not isinstance(node, Mapping):
        return None
    for key, value in node.pairs:
        if isinstance(key, Scalar) and key.text == part and not is_merge(key):
            return key, value
    for key, value in node.pairs:
        if is_merge(key):
            for merged in merged_maps(value):
                found = child(merged, part)
                if found is not None:
                    return found
    return None


def load(text: str) -> Loaded:
    """Raises InvalidSpec with every problem of the values, or with the first one of the syntax."""
    text = readable(text)
    root = compose(text)
    problems: list[Problem] = []
    value = None if root is None else _Constructor(problems).value(root, ())
    if problems:
        raise InvalidSpec(problems)
    return Loaded(value, root)


def readable(text: str) -> str:
    """The text without its byte order mark. Raises InvalidSpec if it is too big or holds unreadable characters."""
    text = text.removeprefix("\ufeff")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        message = f"The file has {size:,} bytes; {MAX_BYTES:,} are allowed."
        hint = "Move long scripts to files of their own."
        raise InvalidSpec([Problem(code="too_big", message=message, hint=hint, line=1, column=1)])
    bad = UNREADABLE_CHARACTER.search(text)
    if bad is not None:
        lines = text[: bad.start()].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        message = f"The character U+{ord(bad[0]):04X} cannot stand in a pipeline file."
        hint = "Is the file UTF-8 text? In double quotes a character can be written as an escape."
        problem = Problem(code="unreadable", message=message, hint=hint)
        raise InvalidSpec([problem.at(len(lines), len(lines[-1]) + 1)])
    return text


class _Constructor:
    """Values from nodes. A value that an alias repeats is one Python object, as its anchor is one text."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.named: dict[Node, Any] = {}

    def value(self, node: Node, path: Path) -> Any:
        node = followed(node)
        if node.anchor and node in self.named:
            return self.named[node]
        if isinstance(node, Scalar):
            value = node.text if node.style else scalar_value(node.text)
        elif isinstance(node, Sequence):
            value = [self.value(item, (*path, index)) for index, item in enumerate(node.items)]
        else:
            assert isinstance(node, Mapping)
            value = self.mapping(node, path)
        if node.tag is not None:
            value = self.tagged(node, value, path)
        if node.anchor:
            self.named[node] = value
        return value

    def mapping(self, node: Mapping, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                self.add(
                    key, path, "bad_key", "A key must be text on one line.", "Lists, maps and aliases are no keys."
                )
                continue
            if key.text in first:
                self.duplicate(key, first[key.text], path)
                continue
            first[key.text] = key
            if is_merge(key):
                self.merge(result, value, path)
            else:
                result[key.text] = self.value(value, (*path, key.text))
        return result

    def merge(self, result: dict[str, Any], value: Node, path: Path) -> None:
        """What the map says itself wins, before or behind the `<<`; of several merged maps the first wins."""
        target = self.value(value, (*path, "<<"))
        maps = target if isinstance(target, list) else [target]
        for merged in maps:
            if not isinstance(merged, dict):
                self.add(value, path, "bad_merge", f"`<<` wants a map or a list of maps, not {shown(merged)}.", "")
                return
            for key, inner in merged.items():
                result.setdefault(key, inner)

    def duplicate(self, key: Scalar, first: Node, path: Path) -> None:
        line, column = _place(first)
        message = f"The key {shown(key.text)} stands twice in this map, first at {line}:{column}."
        self.add(key, (*path, key.text), "duplicate_key", message, "Remove one of the two.")

    def tagged(self, node: Node, value: Any, path: Path) -> Any:
        if isinstance(node, Scalar) and node.tag in TEXT_TAGS:
            return node.text
        wanted = CORE_TAGS.get(node.tag or "")
        if wanted is None or not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            name = (node.tag or "").replace("tag:yaml.org,2002:", "!!")
            hint = f"If it is text, quote it: '{name}'; a tag has no meaning here." if name.startswith("!") else ""
            self.add(node, path, "tag", f"The tag {name} cannot be used here.", hint)
        return value

    def add(self, node: Node, path: Path, code: str, message: str, hint: str) -> None:
        line, column = _place(node)
        self.problems.append(Problem(code=code, message=message, hint=hint, path=path, line=line, column=column))
