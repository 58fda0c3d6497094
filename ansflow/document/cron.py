"""Cron lines: five fields, checked when the file is read, so that a schedule that never comes is no surprise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.schema import JSON, Problems, Text, shown

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
CRON_FIELDS: Mapping[str, tuple[int, int, tuple[str, ...]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day": (1, 31, ()),
    "month": (1, 12, MONTHS),
    "weekday": (0, 7, DAYS),
}
CRON_ITEM = re.compile(r"(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")


@dataclass(eq=False, repr=False)
class Cron(Text):
    """A cron line of five fields, each a list of values, ranges and steps."""

    def parse(self, value: Any, path: Path, problems: Problems) -> str | None:
        line = Text.parse(self, value, path, problems)
        if line is None:
            return None
        fields = line.split()
        if len(fields) != len(CRON_FIELDS):
            wanted = f"five fields ({' '.join(CRON_FIELDS)})"
            problems.wrong(path, wanted, line, "Write 0 2 * * * for 2:00 each day.")
            return None
        wrong = [name for name, text in zip(CRON_FIELDS, fields, strict=True) if not _is_cron_field(name, text)]
        for name in wrong:
            low, high, words = CRON_FIELDS[name]
            names = f" or {words[0]} to {words[-1]}" if words else ""
            message = f"The {name} of {shown(line)} wants *, or values from {low} to {high}{names}: 1,2 · 1-5 · */10."
            problems.add(path, "wrong_form", message)
        return None if wrong else line

    def shape(self) -> JSON:
        return {"type": "string", "pattern": r"^\s*\S+(\s+\S+){4}\s*$", "examples": ["0 2 * * *"]}


def _is_cron_field(name: str, text: str) -> bool:
    low, high, words = CRON_FIELDS[name]
    known = {word: low + at for at, word in enumerate(words)}
    for item in text.lower().split(","):
        match = CRON_ITEM.fullmatch(item)
        if match is None:
            return False
        ends = [known.get(end, int(end) if end.isdigit() else -1) for end in match.groups()[:2] if end]
        if any(not low <= end <= high for end in ends) or sorted(ends) != ends or match[3] in ("0", "00"):
            return False
    return True
