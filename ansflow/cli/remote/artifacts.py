"""The files that an execution kept: shown, and fetched whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ansflow.cli.remote.server import Json, Server
from ansflow.cli.remote.tables import said
from ansflow.cli.report import size
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import count, t
from ansflow.core.errors import Conflict, ExternalError, NotFound

PIECE = 2**20


def row(one: Json) -> tuple[str, ...]:
    return (said(one["step"]), said(one["path"]), size(one["size"]))


def chosen(found: Iterable[Json], *, steps: list[str], patterns: list[str]) -> list[Json]:
    """Those of the steps and of the patterns, where any are named. Raises NotFound where nothing is left."""
    kept = [
        one
        for one in found
        if (not steps or one["step"] in steps)
        and (not patterns or any(fnmatchcase(one["path"], each) for each in patterns))
    ]
    if not kept:
        raise NotFound(t("artifacts.none"))
    return kept


def fetch(screen: Screen, server: Server, execution: int, found: list[Json], folder: Path, *, flat: bool) -> None:
    """Each below the folder of its step, or, where it is `flat`, at its own path. What is there with the same bytes
    stays; with others, nothing is written over it."""
    places = [(one, _place(folder, one, flat=flat)) for one in found]
    for one, place in places:
        if place.exists() and _hash(place) != one["sha256"]:
            raise Conflict(t("artifacts.differs", file=said(place)))
    fetched = [one for one, place in places if not place.exists() and _fetch(server, execution, one, place)]
    for one, place in places:
        screen.print(f"{said(place)}  {screen.paint('dim', size(one['size']))}")
    screen.print(count("artifacts.fetched", len(fetched), size=size(sum(one["size"] for one in fetched))))


def _place(folder: Path, one: Json, *, flat: bool) -> Path:
    """Never outside the folder, whatever a server calls its files."""
    inside = PurePosixPath(one["path"]) if flat else PurePosixPath(one["step"]) / one["path"]
    if inside.is_absolute() or ".." in inside.parts or "\0" in str(inside):
        raise ExternalError(t("artifacts.outside", file=said(one["path"])), permanent=True)
    return folder.joinpath(*inside.parts)


def _fetch(server: Server, execution: int, one: Json, place: Path) -> bool:
    address = f"cicd/executions/{execution}/artifacts/{quote(one['step'])}/{quote(one['path'])}"
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=place.parent, prefix=".ansflow-")
    try:
        found = hashlib.sha256()
        with os.fdopen(descriptor, "wb") as file:
            for piece in _pieces(server, address, one["size"]):
                found.update(piece)
                file.write(piece)
        if found.hexdigest() != one["sha256"]:
            raise ExternalError(t("artifacts.damaged", file=said(one["path"])), permanent=False)
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, place)
    finally:
        Path(draft).unlink(missing_ok=True)
    return True


def _pieces(server: Server, address: str, length: int) -> Iterator[bytes]:
    """A file may be longer than the memory is large."""
    for start in range(0, length, PIECE):
        yield server.read_part(address, start, min(start + PIECE, length))


def _hash(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    """Python tells it only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
