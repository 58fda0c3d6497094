"""What steps change in a workspace, as values: laid over each other in order, the last writer of a path wins.

    tree = {}                                  # path → Entry: what a workspace holds
    differs = lay(tree, body)                  # changes it; path → what was there before, None for nothing
    read(write(body)) == body

A folder is there while its own entry is, or while anything stands in it. A file takes the place of a folder of that
name with all that is in it, and a folder the place of a file: whoever lays the same bodies in the same order gets the
same tree.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ansflow.core.errors import InvalidSpec, Problem

FILE: Final = "f"
LINK: Final = "l"
FOLDER: Final = "d"
DIGEST = re.compile(r"[0-9a-f]{64}")
LARGEST = 512 << 20
"""Bytes of a body when it is unpacked: names of 200,000 files are a tenth of that."""

PIECE = 50_000
"""Paths in one body: some 3 MiB when it is packed. MariaDB takes 16 MiB at once, unless it is told otherwise."""


class Entry(NamedTuple):
    """`content` is the SHA-256 of a file or the target of a link, "" for a folder. `mtime_ns` comes along for tools
    that go by it, and makes no difference by itself."""

    kind: str
    mode: int = 0
    content: str = ""
    mtime_ns: int = 0

    def says_the_same(self, other: Entry | None) -> bool:
        return other is not None and self[:3] == other[:3]


class Body(NamedTuple):
    """What one step left: `gone` before `made`, parents before what is in them."""

    gone: tuple[str, ...] = ()
    made: tuple[tuple[str, Entry], ...] = ()


Tree = dict[str, Entry]


def lay(tree: Tree, body: Body, before: dict[str, Entry | None] | None = None) -> dict[str, Entry | None]:
    """Changes the tree. Returns what was there of each path that it touched, added to what `before` knows already."""
    touched: dict[str, Entry | None] = {} if before is None else before
    for path in body.gone:
        _set(tree, path, None, touched)
    folders: set[str] | None = None
    for path, entry in body.made:
        known = tree.get(path)
        for parent in parents(path):
            if parent in tree and tree[parent].kind != FOLDER:
                _set(tree, parent, None, touched)
        if entry.kind != FOLDER and (known is None or known.kind == FOLDER):
            if folders is None:
                folders = {parent for one in (*tree, *(made for made, _ in body.made)) for parent in parents(one)}
            if path in folders:
                for inner in [one for one in tree if one.startswith(f"{path}/")]:
                    _set(tree, inner, None, touched)
        _set(tree, path, entry, touched)
    return touched


def whole(tree: Tree) -> Body:
    """A tree as the change that makes it out of nothing."""
    return Body(made=tuple(sorted(tree.items())))


def pieces(body: Body) -> Iterator[Body]:
    """The same in several, to be laid one after the other: a database takes only so much at once."""
    if len(body.gone) + len(body.made) <= PIECE:
        yield body
        return
    for at in range(0, len(body.gone), PIECE):
        yield Body(gone=body.gone[at : at + PIECE])
    for at in range(0, len(body.made), PIECE):
        yield Body(made=body.made[at : at + PIECE])


def parents(path: str) -> Iterator[str]:
    """The folders it stands in, the outermost first."""
    at = path.find("/")
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)


def write(body: Body) -> bytes:
    """Compressed JSON. Names that are no text keep their bytes as lone surrogates."""
    made = [[path, *entry] for path, entry in body.made]
    return zlib.compress(json.dumps({"gone": body.gone, "made": made}, separators=(",", ":")).encode(), 3)


def read(written: bytes) -> Body:
    """Raises InvalidSpec for what no workspace can have: another machine may have been broken into."""
    packing = zlib.decompressobj()
    try:
        text = packing.decompress(written, LARGEST)
        if packing.unconsumed_tail or not packing.eof:
            raise ValueError
        found = json.loads(text)
        return Body(
            gone=tuple(_path(path) for path in found["gone"]),
            made=tuple((_path(path), _entry(*rest)) for path, *rest in found["made"]),
        )
    except (zlib.error, ValueError, TypeError, KeyError, RecursionError):
        message = "What another worker says of the workspace cannot be read."
        raise InvalidSpec([Problem(code="bad_change", message=message)]) from None


def digests(body: Body) -> Iterator[str]:
    return (entry.content for _, entry in body.made if entry.kind == FILE)


def _set(tree: Tree, path: str, entry: Entry | None, touched: dict[str, Entry | None]) -> None:
    touched.setdefault(path, tree.get(path))
    if entry is None:
        tree.pop(path, None)
    else:
        tree[path] = entry


def _path(path: Any) -> str:
    if not isinstance(path, str):
        raise TypeError
    parts = path.split("/")
    if "" in parts or "." in parts or ".." in parts or "\0" in path:
        raise InvalidSpec([Problem(code="bad_path", message=f"{path!r} does not stay in the workspace.")])
    return path


def _entry(kind: Any, mode: Any, content: Any, mtime_ns: Any) -> Entry:
    if not isinstance(mode, int) or not isinstance(mtime_ns, int) or not isinstance(content, str):
        raise TypeError
    whole = {FILE: bool(DIGEST.fullmatch(content)), LINK: bool(content) and "\0" not in content, FOLDER: not content}
    if not whole.get(kind) or not 0 <= mode <= 0o777 or not -(2**62) < mtime_ns < 2**62:
        raise ValueError
    return Entry(kind, mode, content, mtime_ns)
