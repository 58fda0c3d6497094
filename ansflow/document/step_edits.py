"""Edits in the words of a pipeline: steps come, go, move and get other names; needs come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import InvalidSpec, Path
from ansflow.core.schema import nearest
from ansflow.document.nodes import Mapping, Node, Scalar, Sequence, followed, refusal
from ansflow.document.references import references, renamed_references
from ansflow.document.source import Source
from ansflow.document.splices import Splice
from ansflow.document.targets import Target, find, insert, put, reach, refuse_shared, remove, set_value, unset
from ansflow.document.value_edits import MoveEntry, RenameKey, changed, renamed, with_value
from ansflow.document.writing import scalar

SECTIONS = ("steps", "finally")
BEFORE_NEEDS = ("type", "uses", "name", "group")


@dataclass(frozen=True, slots=True)
class AddStep:
    """Adds a step behind the step `after`, or as the last one."""

    id: str
    type: str = ""
    needs: tuple[str, ...] = ()
    run: str = ""
    after: str = ""

    def splices(self, source: Source) -> list[Splice]:
        if _section(source.value, self.id):
            raise refusal("exists", f"There is a step {self.id!r} already.", "Choose another id.")
        for need in self.needs:
            _expect_need(source.value, need)
        section = _find_section(source.value, self.after) if self.after else "steps"
        holder = _map_at(source.value, (section,))
        if not holder:
            return set_value(source, (section,), {self.id: self._body()}, as_flow=False)
        index = list(holder).index(self.after) + 1 if self.after else len(holder)
        return insert(source, find(source, (section,)), index, self.id, self._body(), as_flow=False)

    def meaning(self, value: Any) -> Any:
        section = _find_section(value, self.after) if self.after else "steps"

        def added(steps: Any) -> dict[str, Any]:
            pairs = list((steps or {}).items())
            index = [name for name, _ in pairs].index(self.after) + 1 if self.after else len(pairs)
            return dict([*pairs[:index], (self.id, self._body()), *pairs[index:]])

        return changed(value, (section,), added)

    def _body(self) -> dict[str, Any]:
        needs = self.needs[0] if len(self.needs) == 1 else list(self.needs)
        keys = {"type": self.type or ("" if self.run else "custom"), "needs": needs, "run": self.run}
        return {key: value for key, value in keys.items() if value}


@dataclass(frozen=True, slots=True)
class RemoveStep:
    """Removes a step, and from every `needs` that names it. Comments that stand outside the step's own lines stay."""

    id: str

    def splices(self, source: Source) -> list[Splice]:
        section = _find_section(source.value, self.id)
        found = unset(source, (section, self.id))
        for path in _steps(source.value):
            if path[-1] != self.id and self.id in needs_of(_at(source.value, (*path, "needs"))):
                found += _remove_need(source, path, self.id)
        return found

    def meaning(self, value: Any) -> Any:
        section = _find_section(value, self.id)
        steps = {name: step for name, step in value[section].items() if name != self.id}
        value = with_value(value, (section,), steps)
        for path in _steps(value):
            value = _without_need(value, path, self.id)
        return value


@dataclass(frozen=True, slots=True)
class MoveStep:
    """Moves a step right before or right behind another one of the same map. Its own comment above goes along."""

    id: str
    before: str = ""
    after: str = ""

    def splices(self, source: Source) -> list[Splice]:
        return self._as_move(source.value).splices(source)

    def meaning(self, value: Any) -> Any:
        return self._as_move(value).meaning(value)

    def _as_move(self, value: Any) -> MoveEntry:
        section, other = _find_section(value, self.id), self.before or self.after
        if _find_section(value, other) != section or other == self.id:
            message = f"Step {self.id!r} cannot move beside {other!r}."
            raise refusal("no_place", message, f"Name another step of `{section}`.")
        names = [name for name in value[section] if name != self.id]
        return MoveEntry((section, self.id), names.index(other) + (0 if self.before else 1))


@dataclass(frozen=True, slots=True)
class RenameStep:
    """Gives a step another id, in every `needs` and in every expression that reads `steps.<id>`."""

    old: str
    new: str

    def splices(self, source: Source) -> list[Splice]:
        section = _find_section(source.value, self.old)
        if _section(source.value, self.new) or self.new in _groups(source.value):
            raise refusal("exists", f"There is a step or a group {self.new!r} already.", "Choose another id.")
        if self.old in _groups(source.value):
            hint = "Give the group another name first."
            raise refusal("ambiguous", f"{self.old!r} is the name of a group as well, and needs may mean it.", hint)
        found = {part.start: part for part in RenameKey((section, self.old), self.new).splices(source)}
        for path in _steps(source.value):
            for node in _need_nodes(source, path):
                if node.text == self.old:
                    found[source.start(node)] = _rewritten(source, node, self.new)
        return [*found.values(), *self._references(source)]

    def _references(self, source: Source) -> Iterator[Splice]:
        bare = {id(node) for path in _steps(source.value) if (node := _written(source, (*path, "if")))}
        for node in source.below(source.root) if source.root else ():
            if isinstance(node, Scalar) and references(node.text, self.old, bare=id(node) in bare):
                yield self._reference(source, node, bare=id(node) in bare)

    def _reference(self, source: Source, node: Scalar, *, bare: bool) -> Splice:
        """In the text as it is written, or written anew where quotes within quotes hide the name."""
        quotes = 1 if node.style in ("'", '"') else 0
        start, end = source.content(node) + quotes, source.end(node) - quotes
        raw = source.text[start:end]
        if len(references(raw, self.old, bare=bare)) == len(references(node.text, self.old, bare=bare)):
            return Splice(start, end, renamed_references(raw, self.old, self.new, bare=bare))
        text = renamed_references(node.text, self.old, self.new, bare=bare)
        return Splice(start - quotes, end + quotes, scalar(text, style=node.style))

    def meaning(self, value: Any) -> Any:
        section = _find_section(value, self.old)
        value = changed(value, (section,), lambda steps: renamed(steps, self.old, self.new))
        for path in _steps(value):
            needs = _at(value, (*path, "needs"))
            if self.old in needs_of(needs):
                value = with_value(value, (*path, "needs"), _renamed_need(needs, self.old, self.new))
            condition = _at(value, (*path, "if"))
            if isinstance(condition, str):
                text = renamed_references(condition, self.old, self.new, bare=True)
                value = with_value(value, (*path, "if"), text)
        return _everywhere(value, lambda text: renamed_references(text, self.old, self.new, bare=False))


@dataclass(frozen=True, slots=True)
class AddNeed:
    """Lets a step wait for another step, or for a group."""

    step: str
    need: str

    def splices(self, source: Source) -> list[Splice]:
        path = (_find_section(source.value, self.step), self.step)
        _expect_need(source.value, self.need)
        if self.need == self.step:
            raise refusal("own_need", f"Step {self.step!r} cannot wait for itself.", "Name another step.")
        needs = _at(source.value, (*path, "needs"))
        if self.need in needs_of(needs):
            raise refusal("exists", f"Step {self.step!r} needs {self.need!r} already.", "There is nothing to add.")
        if needs in (None, "", []):
            return self._first(source, path)
        target = find(source, (*path, "needs"))
        if isinstance(needs, list):
            return insert(source, target, len(needs), len(needs), self.need)
        return _into_list(source, target, needs, self.need)

    def _first(self, source: Source, path: Path) -> list[Splice]:
        """The key stands behind the keys that say what the step is."""
        step, rest = reach(source, (*path, "needs"))
        if not rest or not isinstance(step.node, Mapping) or not step.node.pairs:
            return set_value(
                source, (*path, "needs"), [self.need] if _at(source.value, (*path, "needs")) == [] else self.need
            )
        names = [entry.name for entry in source.entries(step.node)]
        index = max((names.index(name) + 1 for name in BEFORE_NEEDS if name in names), default=0)
        return insert(source, step, index, "needs", self.need)

    def meaning(self, value: Any) -> Any:
        path = (_find_section(value, self.step), self.step)
        needs = _at(value, (*path, "needs"))
        if needs in (None, ""):
            names = list(_map_at(value, path))
            index = max((names.index(name) + 1 for name in BEFORE_NEEDS if name in names), default=0)
            index = names.index("needs") if "needs" in names else index
            return changed(value, path, lambda step: _with_key(step or {}, index, "needs", self.need))
        return with_value(value, (*path, "needs"), [*(needs if isinstance(needs, list) else [needs]), self.need])


@dataclass(frozen=True, slots=True)
class RemoveNeed:
    """Lets a step no longer wait for another one. `needs` goes when nothing is left in it."""

    step: str
    need: str

    def splices(self, source: Source) -> list[Splice]:
        path = (_find_section(source.value, self.step), self.step)
        needs = needs_of(_at(source.value, (*path, "needs")))
        if self.need not in needs:
            hint = nearest(self.need, needs) or f"It needs: {', '.join(needs) or 'nothing'}."
            raise refusal("not_found", f"Step {self.step!r} does not need {self.need!r}.", hint)
        return _remove_need(source, path, self.need)

    def meaning(self, value: Any) -> Any:
        return _without_need(value, (_find_section(value, self.step), self.step), self.need)


# Needs as values


def needs_of(needs: Any) -> list[str]:
    """The names in any form of `needs`: `a`, `[a, b]`, `{step: a}`."""
    items = needs if isinstance(needs, list) else [needs]
    return [name for item in items if isinstance(name := _name(item), str)]


def _name(item: Any) -> Any:
    return item.get("step") if isinstance(item, dict) else item


def _renamed_need(needs: Any, old: str, new: str) -> Any:
    if isinstance(needs, list):
        return [_renamed_need(item, old, new) for item in needs]
    if isinstance(needs, dict) and needs.get("step") == old:
        return {**needs, "step": new}
    return new if needs == old else needs


def _without_need(value: Any, path: Path, need: str) -> Any:
    needs = _at(value, (*path, "needs"))
    if need not in needs_of(needs):
        return value
    rest = [item for item in needs if _name(item) != need] if isinstance(needs, list) else []
    if rest:
        return with_value(value, (*path, "needs"), rest)
    return changed(value, path, lambda step: {name: item for name, item in step.items() if name != "needs"})


def _with_key(holder: dict[str, Any], index: int, name: str, value: Any) -> dict[str, Any]:
    pairs = [pair for pair in holder.items() if pair[0] != name]
    return dict([*pairs[:index], (name, value), *pairs[index:]])


# Needs in the text


def _remove_need(source: Source, path: Path, need: str) -> list[Splice]:
    target = find(source, (*path, "needs"))
    refuse_shared(source, target)
    needs = _at(source.value, (*path, "needs"))
    items = needs if isinstance(needs, list) else [needs]
    gone = {index for index, item in enumerate(items) if _name(item) == need}
    return unset(source, (*path, "needs")) if len(gone) == len(items) else remove(source, target, gone)


def _into_list(source: Source, target: Target, old: Any, need: str) -> list[Splice]:
    """One need becomes a list of two: on one line, or as the author writes lists of needs nearby."""
    new = [old, need]
    refuse_shared(source, target)
    parts = put(source, target, new)
    if any("\n" in part.text for part in parts) or not target.entry or not _on_one_line(source, target.node):
        return parts
    start, end = source.start(target.node), source.end(target.node)
    return [Splice(start, start, "["), Splice(end, end, f", {scalar(need, flow=True, quote=source.style.quote)}]")]


def _on_one_line(source: Source, node: Node) -> bool:
    raw = source.text[source.start(node) : source.end(node)]
    plain_in_flow = not isinstance(node, Scalar) or node.style or not any(mark in raw for mark in ",[]{}?:")
    return bool(plain_in_flow) and "\n" not in raw and "\r" not in raw


def _need_nodes(source: Source, path: Path) -> Iterator[Scalar]:
    """The scalars that name what a step needs, wherever an alias leads."""
    node = _written(source, (*path, "needs"))
    for item in node.items if isinstance(node, Sequence) else [node] if node else []:
        inner = followed(item)
        if isinstance(inner, Mapping):
            inner = next((followed(v) for k, v in inner.pairs if isinstance(k, Scalar) and k.text == "step"), inner)
        if isinstance(inner, Scalar):
            yield inner


def _written(source: Source, path: Path) -> Node | None:
    """The node at `path`, aliases followed; None where it is not written there itself."""
    try:
        node = source.root
        for part in path:
            inner = followed(node) if node else None
            pairs = inner.pairs if isinstance(inner, Mapping) else []
            node = next((value for key, value in pairs if isinstance(key, Scalar) and key.text == part), None)
    except InvalidSpec:
        return None
    return followed(node) if node else None


def _rewritten(source: Source, node: Scalar, text: str) -> Splice:
    keep = node.style if node.style in ("'", '"') else ""
    return Splice(source.content(node), source.end(node), scalar(text, flow=True, style=keep))


# Steps


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _map_at(value: Any, path: Path) -> dict[str, Any]:
    found = _at(value, path)
    return found if isinstance(found, dict) else {}


def _steps(value: Any) -> list[Path]:
    return [(section, name) for section in SECTIONS for name in _map_at(value, (section,))]


def _section(value: Any, step: str) -> str:
    return next((section for section in SECTIONS if step in _map_at(value, (section,))), "")


def _find_section(value: Any, step: str) -> str:
    section = _section(value, step)
    if not section:
        known = [str(path[-1]) for path in _steps(value)]
        hint = nearest(step, known) or f"There: {', '.join(known) or 'none'}."
        raise refusal("not_found", f"There is no step {step!r}.", hint)
    return section


def _groups(value: Any) -> set[str]:
    named = {_at(value, (*path, "group")) for path in _steps(value) if isinstance(_at(value, (*path, "group")), str)}
    return named | set(_map_at(value, ("groups",)))


def _expect_need(value: Any, need: str) -> None:
    known = [str(path[-1]) for path in _steps(value)] + sorted(_groups(value))
    if need not in known:
        hint = nearest(need, known) or f"There: {', '.join(known) or 'none'}."
        raise refusal("not_found", f"There is no step and no group {need!r}.", hint)


def _everywhere(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _everywhere(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_everywhere(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
