"""The folder of one attempt, as executors, the shim and a later worker agree on it.

spool      what the command printed, append-only
record     how it ended: written, then renamed into place, so that it is whole or absent
given-up   there from when a worker found nothing to adopt: a shim that comes later starts nothing
files/     `Command.files`, and whatever the step type lets the command write (outputs, summary)
"""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansflow.plugins.contracts import Ended, Launch

SPOOL = "spool"
RECORD = "record"
GIVEN_UP = "given-up"
FILES = "files"

NUMBERS = frozenset({"exit_code", "signal", "survivors", "log_bytes", "peak_memory"})
FACTS = frozenset({"timed_out", "cancelled", "log_truncated"})
TIMES = frozenset({"started_at", "ended_at"})


def write_files(launch: Launch) -> None:
    """Makes the folder ready: `files/` with what the command brings along, readable by its owner only."""
    folder = launch.attempt / FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in launch.command.files.items():
        path = folder / name
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
    return Ended(**{key: _value(key, word) for key, _, word in (line.partition(" ") for line in text.splitlines())})


def write_record(attempt: Path, ended: Ended) -> None:
    lines = [f"{f.name} {_word(value)}" for f in fields(ended) if (value := getattr(ended, f.name)) not in (None, "")]
    draft = attempt / f"{RECORD}.part"
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, attempt / RECORD)


def _value(key: str, word: str) -> Any:
    if key in NUMBERS:
        return int(word)
    if key in FACTS:
        return word == "1"
    if key in TIMES:
        return datetime.fromtimestamp(float(word), UTC)
    return float(word) if key == "cpu_seconds" else word


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return repr(value.timestamp())
    return str(int(value)) if isinstance(value, bool) else " ".join(str(value).splitlines())
