"""Thousands of random edits of real files: they mean what was intended, every byte outside stays, and back again."""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.document.edits import Edit, InsertItem, MoveEntry, RenameKey, SetValue, Unset, apply
from ansflow.document.yaml import load
from tests.document.contract import CONTRACT, REPOSITORY
from tests.document.spans import (
    entry_span,
    holder_span,
    in_flow,
    is_subsequence,
    node_at,
    untouched_outside,
    value_span,
)
from tests.document.test_corpus import corpus

Count = Callable[[str, int], None]
EDITS_PER_CHUNK = 400
PLAIN_YAML = ("github", "gitlab", "woodpecker", "github-act-testdata")
MAY_REFUSE = {"alias", "shared", "merged"}
COMMENT_LINES = re.compile(r"(?:[ ]*#[^\r\n]*(?:\r\n|\n|\Z))*")
ALIAS = re.compile(r"(?:^|[\s\[{,])\*\w", re.MULTILINE)

SCALARS: list[Any] = [
    "x", "on", "3.10", 7, -1, 3.5, 1e20, True, None, "two words", "a: b", "- x", "# no", "it's", 'say "hi"', "", "null",
    "multi\nline\n", "multi\nline", "  lead\nx\n", "é😀", "a\n\n\nb\n", "tail \n", "*.py", "x,y", "[z]", "{q}", "@a",
    "back\\slash", "a#b", "a #b", "trail:", "\ttab", "%x", "!t", "&a", "<<", "---", "?", "-", "~", "b\n\n", "\u2028",
    "0x1F", "1e3",
    "https://x.example/?a=b&c", "${{ steps.a.outputs.b }}", "line one\n# no comment\n  deeper\n", "k: v\nk2: v2\n",
]  # fmt: skip
KEYS = ["fresh", "new key", "on", "3.10", "x:y", "q,r", "é", "#k", "'k'", "<<-", "true"]


@cache
def real_files() -> tuple[tuple[str, str], ...]:
    folder = corpus()
    return tuple(_documents(folder.glob("*/*.y*ml"))) if folder else ()


@cache
def own_files() -> tuple[tuple[str, str], ...]:
    return tuple(_documents([*(REPOSITORY / "examples").rglob("*.yml"), *CONTRACT.rglob("*.yml")]))


def _documents(files: Any) -> Iterator[tuple[str, str]]:
    for file in sorted(files):
        text = file.read_bytes().decode("utf-8", "replace")
        if file.parent.name in (*PLAIN_YAML, "pipeline-files") or REPOSITORY in file.parents:
            try:
                value = load(text).value
            except InvalidSpec:
                continue
            if value and isinstance(value, (dict, list)):
                yield file.name, text


def dressed(random_: random.Random, text: str) -> str:
    """The same document with other line ends, without its last one, or with a byte order mark."""
    if "\r" not in text and random_.random() < 0.15:
        text = text.replace("\n", "\r\n")
    if random_.random() < 0.1:
        text = text.rstrip("\r\n")
    return text


def a_value(random_: random.Random, depth: int = 0) -> Any:
    kind = random_.random()
    if depth < 2 and kind < 0.15:
        return [a_value(random_, depth + 1) for _ in range(random_.randint(0, 3))]
    if depth < 2 and kind < 0.3:
        return {random_.choice(KEYS): a_value(random_, depth + 1) for _ in range(random_.randint(0, 3))}
    return random_.choice(SCALARS)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for part, item in inner for found in [(*path, part), *paths_in(item, (*path, part))]]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def an_edit(random_: random.Random, value: Any) -> Edit:
    paths = paths_in(value)
    path = random_.choice(paths)
    kind = random_.choice(["set", "unset", "key", "item", "move", "rename"])
    if kind == "key":
        holders = [path for path in [(), *paths] if isinstance(at(value, path), dict)]
        if holders:
            return SetValue((*random_.choice(holders), random_.choice(KEYS)), a_value(random_))
    if kind == "item":
        holders = [path for path in paths if isinstance(at(value, path), list)]
        if holders:
            holder = random_.choice(holders)
            return InsertItem(holder, random_.randint(0, len(at(value, holder))), a_value(random_))
    if kind == "unset":
        return Unset(path)
    if kind == "move":
        return MoveEntry(path, random_.randrange(len(at(value, path[:-1]))))
    fresh = [name for name in ("renamed", "re named") if name not in at(value, path[:-1])]
    if kind == "rename" and fresh and isinstance(path[-1], str):
        return RenameKey(path, random_.choice(fresh))
    return SetValue(path, a_value(random_))


# The oracle: what an edit means for plain values, and its inverse


def intended(value: Any, edit: Any) -> tuple[Any, Edit]:
    """The value with the edit made, and the edit that leads back."""
    new = copy.deepcopy(value)
    path = edit.path
    if isinstance(edit, InsertItem):
        at(new, path).insert(edit.index, edit.value)
        return new, Unset((*path, edit.index))
    holder, part = at(new, path[:-1]), path[-1]
    if isinstance(edit, SetValue):
        known = part in holder if isinstance(holder, dict) else True
        back: Edit = SetValue(path, at(value, path)) if known else Unset(path)
        holder[part] = edit.value
    elif isinstance(edit, Unset):
        back = InsertItem(path[:-1], part, holder[part]) if isinstance(part, int) else SetValue(path, holder[part])
        del holder[part]
    elif isinstance(edit, MoveEntry):
        back = (
            MoveEntry((*path[:-1], edit.index), part)
            if isinstance(part, int)
            else MoveEntry(path, [*holder].index(part))
        )
        entries = holder if isinstance(holder, list) else list(holder.items())
        entries.insert(edit.index, entries.pop(part if isinstance(part, int) else [*holder].index(part)))
        if isinstance(holder, dict):
            holder.clear()
            holder.update(entries)
    else:
        back = RenameKey((*path[:-1], edit.name), part)
        entries = [(edit.name if name == part else name, item) for name, item in holder.items()]
        holder.clear()
        holder.update(entries)
    return new, back


def told(value: Any) -> str:
    """The value so that 1, 1.0, true and "1" differ, and digits count; keys in any order."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{told(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(told, value)) + "]"
    kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    return f"{kind} {str(value)!r}"


def assert_only_the_node_changed(old: str, new: str, edit: Any, value: Any) -> None:
    if isinstance(edit, RenameKey):
        key, _ = node_at(old, edit.path)
        assert untouched_outside(old, new, (key.start_mark.index, key.end_mark.index))
    elif isinstance(edit, MoveEntry):
        start, end = holder_span(old, edit.path[:-1])  # and the comments right below, which the last entry keeps
        below = COMMENT_LINES.match(old, end)
        assert untouched_outside(old, new, (start, below.end() if below else end))
        assert Counter(old.replace("-", "").split()) == Counter(new.replace("-", "").split()) or in_flow(old, edit.path)
        assert Counter(old.translate(NO_SPACE)) == Counter(new.translate(NO_SPACE))
    elif isinstance(edit, Unset):
        alone = len(at(value, edit.path[:-1])) == 1
        assert untouched_outside(old, new, holder_span(old, edit.path[:-1]) if alone else entry_span(old, edit.path))
        assert alone or is_subsequence(new, old)
    elif isinstance(edit, InsertItem) or edit.path not in paths_in(value):
        holder = edit.path if isinstance(edit, InsertItem) else edit.path[:-1]
        assert is_subsequence(old, new) or (
            not at(value, holder) and untouched_outside(old, new, holder_span(old, holder))
        )
    else:
        assert untouched_outside(old, new, value_span(old, edit.path))


NO_SPACE = str.maketrans("", "", " \t\r\n-")


def edit_at_random(files: tuple[tuple[str, str], ...], seed: int) -> int:
    """Makes EDITS_PER_CHUNK edits, two on each file in a row; gives the number of refusals."""
    random_ = random.Random(seed)
    made = refused = 0
    while made < EDITS_PER_CHUNK:
        name, text = random_.choice(files)
        text = dressed(random_, text)
        for _ in range(2):
            value = load(text).value
            if not paths_in(value):
                break
            edit = an_edit(random_, value)
            said = f"seed {seed}: {edit} in {name}"
            try:
                new = apply(text, edit)
            except InvalidSpec as error:
                assert_may_refuse(error, text, edit, said)
                refused += 1
                continue
            check_edit(text, new, edit, value, said)
            made += 1
            text = new
    return refused


def assert_may_refuse(error: InvalidSpec, text: str, edit: Edit, said: str) -> None:
    """Only what is shared by anchors and merge keys is refused; among plain values every edit can be made."""
    problem = error.problems[0]
    assert problem.code in MAY_REFUSE, f"{said}: {error}"
    assert ALIAS.search(text), f"{said}: {error}"
    assert problem.hint, said


def check_edit(text: str, new: str, edit: Edit, value: Any, said: str) -> None:
    wanted, back = intended(value, edit)
    after = load(new).value
    assert told(after) == told(wanted), said
    if isinstance(edit, MoveEntry):
        assert str(after) == str(wanted), said
    if not ALIAS.search(text):
        try:
            assert_only_the_node_changed(text, new, edit, value)
        except AssertionError as error:
            raise AssertionError(f"{said}\n--- before\n{text}\n--- after\n{new}") from error
    try:
        text = apply(new, back)
    except InvalidSpec as error:
        return assert_may_refuse(error, new, back, f"{said}, then {back}")
    assert told(load(text).value) == told(value), f"{said}, then {back}"


@pytest.mark.parametrize("seed", range(20))
def test_random_edits_of_real_files_change_what_they_mean_and_nothing_else(seed: int, count: Count) -> None:
    files = real_files()
    if not files:
        pytest.skip("the corpus of real CI files is not here (../shared/corpus, or $ANSFLOW_CORPUS)")
    assert len(files) > 100
    count("edits of real files refused, as anchors or merge keys share the value", edit_at_random(files, seed))
    count("random edits of real files, each read again, compared byte for byte, and taken back", EDITS_PER_CHUNK)


@pytest.mark.parametrize("seed", range(100, 103))
def test_random_edits_of_our_own_files_change_what_they_mean_and_nothing_else(seed: int, count: Count) -> None:
    edit_at_random(own_files(), seed)
    count("random edits of the files of this repository, likewise", EDITS_PER_CHUNK)
