"""Edits of any value: each says what it changes in the text, and what the document means afterwards."""

from __future__ import annotations

from collections.abc import Mapping as AnyMap
from dataclasses import dataclass
from typing import Any, Protocol

from ansflow.core.errors import Path
from ansflow.document.nodes import Mapping, Sequence, is_merge, refusal
from ansflow.document.source import Source
from ansflow.document.splices import Splice
from ansflow.document.targets import find, insert, merges, missing, move, refuse_shared, set_value, spelled, unset
from ansflow.document.writing import key as written_key
from ansflow.document.writing import quoted


class Edit(Protocol):
    """A change of a document, as data."""

    def splices(self, source: Source) -> list[Splice]:
        """Raises InvalidSpec where the text cannot be changed safely."""
        ...

    def meaning(self, value: Any) -> Any:
        """The document's value after the edit; the one given stays as it is."""
        ...


@dataclass(frozen=True, slots=True)
class SetValue:
    """Changes the value at `path`, or puts it there, with the maps that are missing on the way."""

    path: Path
    value: Any

    def splices(self, source: Source) -> list[Splice]:
        return set_value(source, self.path, plain(self.value))

    def meaning(self, value: Any) -> Any:
        return with_value(value, self.path, plain(self.value))


@dataclass(frozen=True, slots=True)
class Unset:
    """Removes the key or the list item at `path`."""

    path: Path

    def splices(self, source: Source) -> list[Splice]:
        return unset(source, self.path)

    def meaning(self, value: Any) -> Any:
        return changed(value, self.path[:-1], lambda holder: without(holder, self.path[-1]))


@dataclass(frozen=True, slots=True)
class InsertItem:
    """Puts a value into the list at `path`, before the item at `index`."""

    path: Path
    index: int
    value: Any

    def splices(self, source: Source) -> list[Splice]:
        return insert(source, find(source, self.path), self.index, self.index, plain(self.value))

    def meaning(self, value: Any) -> Any:
        def inserted(items: Any) -> list[Any]:
            items = items or []
            return [*items[: self.index], plain(self.value), *items[self.index :]]

        return changed(value, self.path, inserted)


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """Moves the key or the list item at `path`, so that it stands at `index` among its neighbours."""

    path: Path
    index: int

    def splices(self, source: Source) -> list[Splice]:
        target = find(source, self.path)
        if target.holder is None:
            raise refusal("whole", "The whole document cannot move.", "Name a key.")
        around = find(source, self.path[:-1])
        if isinstance(target.holder, Mapping) and any(is_merge(key) for key, _ in target.holder.pairs):
            message = f"Some keys beside {spelled(self.path)} come in with a merge key (<<) and have no place."
            raise refusal("merged", message, "Move the lines by hand.", at=target.node, path=self.path)
        if not 0 <= self.index < len(source.entries(target.holder)):
            raise missing(around, self.index) if isinstance(target.holder, Sequence) else _no_index(self)
        return move(source, around, target.index, self.index)

    def meaning(self, value: Any) -> Any:
        return changed(value, self.path[:-1], lambda holder: moved(holder, self.path[-1], self.index))


def _no_index(edit: MoveEntry) -> Exception:
    return refusal("not_found", f"There is no place {edit.index} beside {spelled(edit.path)}.", "Count from 0.")


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Gives the key at `path` another name; its value and its place stay."""

    path: Path
    name: str

    def splices(self, source: Source) -> list[Splice]:
        target = find(source, self.path)
        if target.entry is None or target.entry.key is None or not isinstance(target.holder, Mapping):
            raise refusal("no_key", f"{spelled(self.path)} is no key of a map.", "Name a key.", path=self.path)
        if any(entry.name == self.name for entry in source.entries(target.holder)):
            there = spelled((*self.path[:-1], self.name))
            raise refusal("exists", f"There is a {there} already.", "Choose another name.", at=target.entry.key)
        refuse_shared(source, find(source, self.path[:-1]))
        for name in (str(self.path[-1]), self.name):
            if merges(target.holder, name):
                message = f"A merge key (<<) brings {name!r} into the map as well."
                raise refusal(
                    "merged", message, "Change the value that is merged.", at=target.entry.key, path=self.path
                )
        key = target.entry.key
        text = quoted(self.name, key.style) if key.style in ("'", '"') else written_key(self.name)
        return [Splice(source.content(key), source.end(key), text)]

    def meaning(self, value: Any) -> Any:
        return changed(value, self.path[:-1], lambda holder: renamed(holder, self.path[-1], self.name))


# What edits mean for plain values


def plain(value: Any) -> Any:
    """The value as a document would give it back: lists, and maps with text for keys."""
    if isinstance(value, AnyMap):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def changed(value: Any, path: Path, change: Any) -> Any:
    """The value with what stands at `path` changed; maps that are missing on the way are made."""
    if not path:
        return change(value)
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        items = list(value or [])
        if part == len(items):
            return [*items, changed(None, rest, change)]
        items[part] = changed(items[part], rest, change)
        return items
    holder = dict(value or {})
    holder[part] = changed(holder.get(part), rest, change)
    return holder


def with_value(value: Any, path: Path, new: Any) -> Any:
    return changed(value, path, lambda _: new)


def without(holder: Any, part: str | int) -> Any:
    if isinstance(holder, dict):
        return {name: item for name, item in holder.items() if name != part}
    return [item for index, item in enumerate(holder) if index != part]


def moved(holder: Any, part: Any, index: int) -> Any:
    if isinstance(holder, dict):
        names = [name for name in holder if name != part]
        names.insert(index, part)
        return {name: holder[name] for name in names}
    items = [item for at, item in enumerate(holder) if at != part]
    items.insert(index, holder[part])
    return items


def renamed(holder: dict[str, Any], old: Any, new: str) -> dict[str, Any]:
    return {new if name == old else name: item for name, item in holder.items()}


def same(one: Any, other: Any) -> bool:
    """Equal as documents: 1, 1.0 and true differ, and a number's digits count. The order of keys counts as well."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return _kind(one) is _kind(other) and str(one) == str(other)


def _kind(value: Any) -> type:
    return next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), type(value))
