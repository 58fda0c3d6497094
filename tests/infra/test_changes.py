"""Changes of workspaces as values: laid over each other in one order they give one tree, whoever does it."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import InvalidSpec
from ansflow.infra.storage import changes
from ansflow.infra.storage.changes import (
    FILE,
    FOLDER,
    LINK,
    Body,
    Entry,
    Tree,
    lay,
    parents,
    pieces,
    read,
    whole,
    write,
)

SHA = "0" * 64

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.sampled_from(["a", "b", "c", "d.txt", "ä", "\udcff", "-x", "a b"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
modes = st.sampled_from([0o644, 0o755, 0o600, 0o777])
stamps = st.integers(0, 2**60)
entries = st.one_of(
    st.builds(Entry, st.just(FILE), modes, st.integers(0, 3).map(lambda n: str(n) * 64), stamps),
    st.builds(Entry, st.just(LINK), st.just(0), st.sampled_from(["/etc/passwd", "../..", "a"]), st.just(0)),
    st.builds(Entry, st.just(FOLDER), modes, st.just(""), st.just(0)),
)
bodies = st.builds(
    Body,
    gone=st.lists(paths, max_size=4, unique=True).map(tuple),
    made=st.dictionaries(paths, entries, max_size=5).map(lambda made: tuple(sorted(made.items()))),
)


@patiently
@given(bodies)
def test_what_is_written_is_read_again(body: Body) -> None:
    assert read(write(body)) == body


@patiently
@given(st.lists(bodies, max_size=6))
def test_whatever_is_laid_on_nothing_stands_in_a_file_or_a_link(found: list[Body]) -> None:
    tree: Tree = {}
    for body in found:
        lay(tree, body)
    for path in tree:
        assert all(tree[parent].kind == FOLDER for parent in parents(path) if parent in tree)


@patiently
@given(st.lists(bodies, max_size=6), st.integers(1, 4))
def test_pieces_that_are_laid_one_after_the_other_are_the_whole(found: list[Body], most: int) -> None:
    tree: Tree = {}
    for body in found:
        lay(tree, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "PIECE", most)
        made = list(pieces(whole(tree)))
        gone = list(pieces(Body(gone=tuple(sorted(tree, reverse=True)))))
    assert all(len(piece.gone) + len(piece.made) <= most for piece in (*made, *gone))
    laid: Tree = {}
    for piece in made:
        lay(laid, piece)
    assert laid == tree
    for piece in gone:
        lay(laid, piece)
    assert laid == {}


@patiently
@given(st.lists(bodies, max_size=4), bodies)
def test_what_is_touched_is_told_with_what_was_there_before(first: list[Body], last: Body) -> None:
    tree: Tree = {}
    for body in first:
        lay(tree, body)
    before = dict(tree)
    touched = lay(tree, last)
    assert all(before.get(path) == known for path, known in touched.items())
    assert {path for path in before | tree if before.get(path) != tree.get(path)} <= touched.keys()


@patiently
@given(st.lists(bodies, max_size=4), st.lists(bodies, min_size=1, max_size=3), bodies)
def test_who_has_his_own_change_already_gets_the_same_tree(first: list[Body], others: list[Body], own: Body) -> None:
    """A worker that has not laid on yet what came between lays its own change twice."""
    here: Tree = {}
    there: Tree = {}
    for body in first:
        lay(here, body)
        lay(there, body)
    lay(here, own)
    for body in (*others, own):
        lay(here, body)
        lay(there, body)
    assert here == there


@patiently
@given(st.lists(bodies, max_size=5))
def test_a_whole_tree_is_one_change(found: list[Body]) -> None:
    tree: Tree = {}
    for body in found:
        lay(tree, body)
    made: Tree = {}
    lay(made, whole(tree))
    assert made == tree


def written(gone: object = (), made: object = ()) -> bytes:
    return zlib.compress(json.dumps({"gone": gone, "made": made}).encode())


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "a/./b", "a/", "a\0b", "..", "a/.."])
def test_a_path_that_leaves_the_workspace_is_refused(path: str) -> None:
    for body in (written([path]), written(made=[[path, FILE, 0o644, SHA, 0]])):
        with pytest.raises(InvalidSpec, match="does not stay in the workspace"):
            read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        write(Body())[:-3],
        zlib.compress(b"[]"),
        zlib.compress(b"{}"),
        zlib.compress(b"{half"),
        zlib.compress(b"[" * 100_000),
        written([1]),
        written(made=[["a"]]),
        written(made=[["a", "x", 0, "", 0]]),
        written(made=[["a", FILE, 0o644, "../../etc/passwd", 0]]),
        written(made=[["a", FILE, 0o4755, SHA, 0]]),
        written(made=[["a", FILE, -1, SHA, 0]]),
        written(made=[["a", FILE, "0", SHA, 0]]),
        written(made=[["a", FILE, 0o644, SHA, 2**70]]),
        written(made=[["a", FILE, 0o644, SHA, 0.5]]),
        written(made=[["a", LINK, 0, "", 0]]),
        written(made=[["a", LINK, 0, "x\0y", 0]]),
        written(made=[["a", FOLDER, 0o755, SHA, 0]]),
        written(made=[["a", [FILE], 0o644, SHA, 0]]),
    ],
)
def test_what_no_workspace_can_have_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSpec, match="cannot be read"):
        read(body)


def test_a_body_that_unpacks_to_more_than_any_workspace_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansflow.infra.storage import changes

    monkeypatch.setattr(changes, "LARGEST", 1000)
    with pytest.raises(InvalidSpec, match="cannot be read"):
        read(zlib.compress(b" " * 2000))
