"""What lies between two texts of a pipeline: by meaning, and line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import unified_diff
from typing import Any

from ansflow.apps.pipelines.models import Version
from ansflow.apps.pipelines.sources import document_of
from ansflow.core.changes import changes
from ansflow.document.reader import Document

MAX_COMPARED = 4000
"""Lines. The time to align longer texts grows with the square of their length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`changes` is None where one of the texts cannot be understood any more; `text` is a unified diff, "" if equal."""

    changes: list[dict[str, Any]] | None
    text: str


def versions_differ(old: Version, new: Version) -> Difference:
    texts = text_diff(old.source, new.source, f"version {old.number}", f"version {new.number}")
    return Difference(changes=meanings_differ(_document(old), _document(new)), text=texts)


def meanings_differ(old: Document, new: Document) -> list[dict[str, Any]] | None:
    """The changes as plain maps; see `core.changes.Change`."""
    if old.draft is None or new.draft is None:
        return None
    return [asdict(change) for change in changes(old.draft, new.draft)]


def text_diff(old: str, new: str, old_name: str, new_name: str) -> str:
    """A unified diff. Between long texts everything between the common head and tail counts as replaced."""
    if old == new:
        return ""
    before, after = old.splitlines(), new.splitlines()
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    if len(before) + len(after) - 2 * (head + tail) <= MAX_COMPARED:
        lines: Iterator[str] = unified_diff(before, after, old_name, new_name, lineterm="")
    else:
        lines = _replaced(before, after, head, tail, (old_name, new_name))
    return "\n".join(lines) + "\n"


def _replaced(before: list[str], after: list[str], head: int, tail: int, names: tuple[str, str]) -> Iterator[str]:
    gone, came = before[head : len(before) - tail], after[head : len(after) - tail]
    yield f"--- {names[0]}"
    yield f"+++ {names[1]}"
    yield f"@@ -{head + 1},{len(gone)} +{head + 1},{len(came)} @@"
    yield from (f"-{line}" for line in gone)
    yield from (f"+{line}" for line in came)


def _common(before: list[str], after: list[str]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))


def _document(version: Version) -> Document:
    return document_of(version.source, file=version.pipeline.repository_path, templates=version.templates)
