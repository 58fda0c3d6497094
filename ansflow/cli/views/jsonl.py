"""One JSON object per event per line, and a summary at the end: for programs."""

from __future__ import annotations

import json
from typing import Any

from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.terminal import Screen
from ansflow.core.codec import dump
from ansflow.core.events import Event, ExecutionChanged


class JsonLines:
    pause = 1.0

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def begin(self, progress: Progress) -> None:
        self.progress = progress

    def event(self, event: Event, step: StepProgress | None) -> None:
        kind = "execution.status" if isinstance(event.fact, ExecutionChanged) else "step.status"
        self._write(
            {
                "type": kind,
                "execution": event.execution,
                "seq": event.seq,
                "at": event.at.isoformat(),
                "data": dump(event.fact),
            }
        )

    def tick(self) -> None:
        self.screen.out.flush()

    def end(self) -> None:
        self.screen.out.flush()

    def _write(self, value: dict[str, Any]) -> None:
        write_json(self.screen, value)


def write_json(screen: Screen, value: Any, *, indent: int | None = None) -> None:
    """Escaped down to ASCII: right in every encoding, and no control character reaches a terminal."""
    screen.out.write(json.dumps(value, indent=indent).replace("\x7f", "\\u007f") + "\n")
    screen.out.flush()


def summary(progress: Progress, folder: str) -> dict[str, Any]:
    """The last object: the whole run in figures."""
    return {
        "type": "summary",
        "execution": progress.execution,
        "pipeline": progress.plan.name,
        "status": progress.status,
        "reason": progress.reason,
        "message": progress.message,
        "seconds": round(progress.seconds, 3),
        "folder": folder,
        "counts": {status: number for status, number in progress.counts.items() if number},
        "steps": [_step(step) for step in progress.steps.values()],
    }


def _step(step: StepProgress) -> dict[str, Any]:
    return {
        "step": step.key,
        "status": step.status,
        "reason": step.reason,
        "message": step.message,
        "attempt": step.attempt,
        "seconds": None if step.seconds is None else round(step.seconds, 3),
        "allowed_failure": step.allowed_failure,
        "outcome": dump(step.outcome) if step.outcome else None,
    }
