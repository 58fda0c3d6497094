"""The folder of one attempt, as executors, the shim and a later worker agree on it.

spool      what the command printed, append-only
record     how it ended: written, then renamed into place, so that it is whole or absent
given-up   there from when a worker found nothing to adopt: a shim that comes later starts nothing
files/     `Command.files`, and whatever the step type lets the command write (outputs, summary)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansflow.plugins.contracts import Ended, Launch

SPOOL = "spool"
RECORD = "record"
GIVEN_UP = "given-up"
FILES = "files"

VALUES: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("exit_code", "signal", "survivors", "log_bytes", "peak_memory"), int),
    **dict.fromkeys(("timed_out", "cancelled", "log_truncated"), "1".__eq__),
    **dict.fromkeys(("started_at", "ended_at"), lambda word: datetime.fromtimestamp(float(word), UTC)),
    "cpu_seconds": float,
}
"""How the words of a record are read; the rest are texts."""


def write_files(launch: Launch) -> None:
    """Makes the folder ready: `files/` with what the command brings along, readable by its owner only."""
    folder = launch.attempt / FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in launch.command.files.items():
        path = folder / name
        if "/" in name:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def read_record(attempt: Path) -> Ended | None:
    """How the attempt ended, or None while it has not."""
    try:
        text = (attempt / RECORD).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return record_from(text)


def record_from(text: str) -> Ended:
    words = (line.partition(" ") for line in text.splitlines())
    return Ended(**{key: VALUES.get(key, str)(word) for key, _, word in words})


def write_record(attempt: Path, ended: Ended) -> None:
    lines = [f"{f.name} {_word(value)}" for f in fields(ended) if (value := getattr(ended, f.name)) not in (None, "")]
    draft = attempt / f"{RECORD}.part"
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, attempt / RECORD)


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return repr(value.timestamp())
    return str(int(value)) if isinstance(value, bool) else " ".join(str(value).splitlines())
