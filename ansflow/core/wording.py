"""How problems are collected and worded: short values, nearest words, the subject of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansflow.core.errors import Path, Problem


class Problems(list[Problem]):
    """Collects what is wrong, so that one reading reports everything.

    It stops at LIMIT, so that a hostile file of fifty thousand mistakes costs no more than a poor
    one; `dropped` counts on.
    """

    LIMIT = 200
    dropped = 0

    @property
    def full(self) -> bool:
        return len(self) >= self.LIMIT

    def add(self, path: Path, code: str, message: str, hint: str = "") -> None:
        if self.full:
            self.dropped += 1
        else:
            self.append(Problem(code=code, message=message, hint=hint, path=path))

    def wrong(self, path: Path, wanted: str, value: Any, hint: str = "") -> None:
        message = "" if self.full else f"{subject(path)} wants {wanted}, not {shown(value)}."
        self.add(path, "wrong_type", message, hint)


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?`, or nothing when no known word is close."""
    if len(word) > 50:
        return ""
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

    same = word.replace("-", "_").lower()
    close = get_close_matches(same, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value as an error message names it: short, on one line."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value[:61]) if isinstance(value, str) else written(value)
    return text if len(text) <= 60 else text[:57] + "…"


def written(value: Any) -> str:
    """A single value as the text it was written as: `true`, `8080`, `3.10`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 4096:
        return hex(value)  # Python refuses to write such a number in decimal digits
    return str(value)


def subject(path: Path) -> str:
    """What a message is about: the key, or the item of a list: `needs[0]`."""
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return "The file"
    items = "".join(f"[{part}]" for part in path[len(path) - path[::-1].index(words[-1]) :])
    return shown(words[-1])[1:-1] + items
