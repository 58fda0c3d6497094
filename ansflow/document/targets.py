"""Finds what an edit means in the text, and refuses what cannot be changed in one place alone."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMap
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import InvalidSpec, Path
from ansflow.core.schema import nearest
from ansflow.document.nodes import Alias, Mapping, Node, Scalar, Sequence, is_merge, merged_maps, refusal
from ansflow.document.source import Entry, Source
from ansflow.document.splices import (
    Splice,
    insert_block,
    insert_flow,
    permute,
    remove_entries,
    replace_value,
)
from ansflow.document.writing import block, flow
from ansflow.document.writing import key as written_key

LONGEST_FLOW = 100
BARE = re.compile(r"[^\s.\[\]\"'\\]+")


def spelled(path: Path) -> str:
    """The path as a person writes it: `steps.unit.needs[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if BARE.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{name}" if text else name
    return text or "the document"


@dataclass(frozen=True, slots=True)
class Target:
    """A place in the tree. `entry` is None for the root. `in_flow`: it stands within brackets."""

    path: Path
    node: Node
    entry: Entry | None
    holder: Mapping | Sequence | None
    index: int
    in_flow: bool


def find(source: Source, path: Path) -> Target:
    """What stands at `path`."""
    target, rest = reach(source, path)
    if rest:
        raise missing(target, rest[0])
    return target


def reach(source: Source, path: Path) -> tuple[Target, Path]:
    """The deepest value on the way to `path` that is there, and what is left of the path."""
    if source.root is None:
        raise refusal("empty", "The file holds no value yet.", "Set a key at the top first.")
    target = Target((), source.root, None, None, 0, False)
    for depth, part in enumerate(path):
        refuse_shared(source, target)
        inner = _step(source, target, part)
        if inner is None:
            return target, path[depth:]
        target = inner
    return target, ()


def _step(source: Source, target: Target, part: str | int) -> Target | None:
    node = target.node
    if isinstance(node, Mapping) and isinstance(part, str):
        names = [key.text if isinstance(key, Scalar) and not is_merge(key) else None for key, _ in node.pairs]
        index = names.index(part) if part in names else -1
    elif isinstance(node, Sequence) and isinstance(part, int):
        index = part if 0 <= part < len(node.items) else -1
    else:
        return None
    if index < 0:
        return None
    found = source.entries(node)[index]
    return Target((*target.path, part), found.value, found, node, index, target.in_flow or node.flow)


def missing(target: Target, part: str | int) -> InvalidSpec:
    node, path = target.node, (*target.path, part)
    if isinstance(node, Mapping) and isinstance(part, str):
        if merges(node, part):
            hint = "Change the value there, or set the key here to overrule it."
            return refusal("merged", f"{spelled(path)} comes in with a merge key (<<).", hint, at=node, path=path)
        known = [key.text for key, _ in node.pairs if isinstance(key, Scalar)]
        hint = nearest(part, known) or f"There: {', '.join(known) or 'nothing'}."
        return refusal("not_found", f"There is no {spelled(path)}.", hint, at=node, path=path)
    if isinstance(node, Sequence) and isinstance(part, int):
        hint = f"The list has {len(node.items)} item{'s' * (len(node.items) != 1)}; the first is [0]."
        return refusal("not_found", f"There is no {spelled(path)}.", hint, at=node, path=path)
    what = "a map" if isinstance(node, Mapping) else "a list" if isinstance(node, Sequence) else "a single value"
    hint = f"Set {spelled(target.path)} as a whole."
    return refusal("not_found", f"{spelled(target.path)} is {what}: it has no {part!r}.", hint, at=node, path=path)


def merges(node: Mapping, name: str) -> bool:
    """Whether a merge key brings the name into the map."""
    for key, value in node.pairs:
        if is_merge(key):
            for merged in merged_maps(value):
                if any(isinstance(k, Scalar) and k.text == name for k, _ in merged.pairs) or merges(merged, name):
                    return True
    return False


def refuse_shared(source: Source, target: Target) -> None:
    """What is about to be changed inside must not show in other places as well."""
    node = target.node
    if isinstance(node, Alias):
        message = f"{spelled(target.path)} is an alias of the value marked &{node.target.anchor}."
        hint = "Change that value, or set this one as a whole."
        raise refusal("alias", message, hint, at=node, path=target.path)
    if any(alias.target is node for alias in source.aliases):
        message = f"{spelled(target.path)} is marked &{node.anchor} and used by aliases: they would change as well."
        hint = "Set the places that use it, or write the value out there first."
        raise refusal("shared", message, hint, at=node, path=target.path)


def refuse_lost(source: Source, target: Target) -> None:
    """What is about to go must not be used by aliases elsewhere."""
    inside = set(source.below(target.node))
    if target.entry and target.entry.key:
        inside.add(target.entry.key)
    for alias in source.aliases:
        if alias.target in inside and alias not in inside:
            line = alias.start.line + 1
            message = f"{spelled(target.path)} holds the value marked &{alias.target.anchor}, used in line {line}."
            hint = "Write the value out where the alias stands first."
            raise refusal("shared", message, hint, at=alias.target, path=target.path)


# Changes of what was found


def set_value(source: Source, path: Path, value: Any, *, as_flow: bool | None = None) -> list[Splice]:
    if not path:
        raise refusal("whole", "An edit cannot replace the whole document.", "Name a key.")
    if source.root is None or (source.is_empty(source.root)):
        return _fill_empty(source, _nested(path, value))
    target, rest = reach(source, path)
    if rest:
        if isinstance(target.node, Mapping) and isinstance(rest[0], str) and rest[1:] and merges(target.node, rest[0]):
            raise missing(target, rest[0])
        return insert(source, target, _size(target.node), rest[0], _nested(rest[1:], value), as_flow=as_flow)
    return put(source, target, value, as_flow=as_flow)


def put(source: Source, target: Target, value: Any, *, as_flow: bool | None = None) -> list[Splice]:
    """The value in the place of what stands there."""
    refuse_lost(source, target)
    if target.entry is None:
        start, end = source.content(target.node), source.end(target.node)
        text = source.eol.join(block(value, 0, source.style)) if value else flow(value)
        return [Splice(start, end, text)]
    if as_flow is None:
        as_flow = _habit(source, target.entry.name, target.node, value)
    return replace_value(source, target.entry, value, in_flow=target.in_flow, as_flow=as_flow)


def unset(source: Source, path: Path) -> list[Splice]:
    target = find(source, path)
    if target.holder is None:
        raise refusal("whole", "An edit cannot remove the whole document.", "Name a key.")
    if isinstance(target.holder, Mapping) and merges(target.holder, str(path[-1])):
        hint = "Set it to the value that it shall have."
        message = f"Without {spelled(path)} the value that a merge key (<<) brings in would show."
        raise refusal("merged", message, hint, at=target.node, path=path)
    refuse_lost(source, target)
    return remove(source, find(source, path[:-1]), {target.index})


def remove(source: Source, collection: Target, gone: set[int]) -> list[Splice]:
    """Some entries of a map or list; an empty one is left where all of them go."""
    node = collection.node
    assert isinstance(node, (Mapping, Sequence))
    if len(gone) == _size(node):
        return put(source, collection, {} if isinstance(node, Mapping) else [], as_flow=True)
    return remove_entries(source, source.entries(node), gone, in_flow=collection.in_flow or node.flow)


def insert(
    source: Source, into: Target, index: int, name: str | int, value: Any, *, as_flow: bool | None = None
) -> list[Splice]:
    """A new entry before the one at `index`. `name` is its key, or for a list its index."""
    refuse_shared(source, into)
    node, key = into.node, name if isinstance(name, str) else None
    if _size(node) == 0 and (not isinstance(node, Scalar) or source.is_empty(node) or node.text in ("null", "~")):
        if name not in (0, -1) and key is None:
            raise missing(into, name)
        return put(source, into, {key: value} if key is not None else [value])
    if isinstance(node, Mapping) != (key is not None) or not isinstance(node, (Mapping, Sequence)):
        raise missing(into, name)
    if key is None and not 0 <= int(name) <= len(source.entries(node)):
        raise missing(into, name)
    return _insert(source, into, index if key is not None else int(name), key, value, as_flow=as_flow)


def _insert(
    source: Source, into: Target, index: int, key: str | None, value: Any, *, as_flow: bool | None
) -> list[Splice]:
    node = into.node
    assert isinstance(node, (Mapping, Sequence))
    entries = source.entries(node)
    if into.in_flow or node.flow:
        text = flow(value, source.style.quote)
        return insert_flow(source, entries, index, text if key is None else f"{written_key(key)}: {text}")
    if as_flow is None:
        as_flow = _habit(source, key or "", entries[max(index - 1, 0)].value, value)
    return insert_block(source, entries, index, key, value, as_flow=as_flow)


def move(source: Source, collection: Target, old: int, new: int) -> list[Splice]:
    node = collection.node
    assert isinstance(node, (Mapping, Sequence))
    refuse_shared(source, collection)
    order = list(range(_size(node)))
    order.insert(new, order.pop(old))
    return permute(source, source.entries(node), order, in_flow=collection.in_flow or node.flow)


def _size(node: Node) -> int:
    return len(node.pairs) if isinstance(node, Mapping) else len(node.items) if isinstance(node, Sequence) else 0


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def _fill_empty(source: Source, value: Any) -> list[Splice]:
    place = len(source.text)
    start = "" if source.text.endswith(("\n", "\r")) or place == source.top else source.eol
    lines = source.eol.join(block(value, 0, source.style)) if isinstance(value, AnyMap) else flow(value)
    return [Splice(place, place, start + lines + source.eol)]


def _habit(source: Source, name: str, near: Node, value: Any) -> bool | None:
    """Whether the author writes such lists or maps on one line: under this key nearby, or in this very place."""
    if not isinstance(value, (AnyMap, list, tuple)) or not value:
        return None
    kind = Mapping if isinstance(value, AnyMap) else Sequence
    seen = near if isinstance(near, (Mapping, Sequence)) and _size(near) else _nearest_like(source, name, near, kind)
    if not isinstance(seen, (Mapping, Sequence)):
        return None
    return None if seen.flow and len(flow(value)) > LONGEST_FLOW else seen.flow


def _nearest_like(source: Source, name: str, near: Node, kind: type[Node]) -> Node | None:
    """The nearest list or map that is written under the same key."""
    like = [
        value
        for node in source.below(source.root or near)
        if isinstance(node, Mapping)
        for key, value in node.pairs
        if isinstance(key, Scalar) and key.text == name and isinstance(value, kind) and _size(value)
    ]
    return min(like, key=lambda node: abs(node.start.line - near.start.line), default=None)
