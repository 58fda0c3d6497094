"""What was deployed where, by whom: one line a deployment, beside the installation's other data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansflow.core.outcome import Outcome
from ansflow.plugins.contracts import StepJob


def record(job: StepJob, outcome: Outcome, result: Mapping[str, Any], *, target: str) -> None:
    """Appends the line once, however often it is called for the same attempt."""
    identity = {"execution": job.execution, "step": job.planned.key, "attempt": job.attempt}
    file = _file(job)
    if any(identity.items() <= line.items() for line in read_records(file)):
        return
    environment = job.spec.environment
    line = {
        **identity,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": environment.name if environment else "",
        "url": environment.url if environment else "",
        "target": target,
        "status": str(outcome.status),
        "message": outcome.message,
        "release": result.get("release", ""),
        "previous": result.get("previous", ""),
        "commit": str(job.context.get("git", {}).get("commit", "")),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_records(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [dict(json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def _file(job: StepJob) -> Path:
    """One file an environment; a server has a folder for each project, with environments of its own."""
    name = job.spec.environment.name if job.spec.environment else "default"
    project = job.env.get("ANSFLOW_PROJECT")
    folder = job.data / "deployments"
    return (folder / _plain(project) if project else folder) / f"{_plain(name)}.jsonl"


def _plain(name: str) -> str:
    """It may hold anything but the separators of paths."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name).lstrip(".") or "_"
