"""One step with everything that is known of it: its attempts side by side, and what each of them left."""

from __future__ import annotations

from typing import Any

import msgspec

from ansflow.apps.executions import deployments, rendering, running
from ansflow.apps.executions.models import Attempt, PipelineExecution, StepExecution
from ansflow.apps.executions.rendering import duration
from ansflow.core.errors import NotFound
from ansflow.core.sentences import worker_of

ATTEMPT_COLUMNS = ("number", "status", "reason", "message", "worker", "exit_code", "started_at", "ended_at", "outcome")


class Report(msgspec.Struct):
    """What an outcome holds beyond its status, as `core.codec` wrote it."""

    outputs: dict[str, str] = {}
    tests: dict[str, Any] | None = None
    coverage: dict[str, int] | None = None
    scan: dict[str, Any] | None = None
    artifacts: list[dict[str, Any]] = []
    summary: str = ""
    warnings: list[str] = []


class Log(msgspec.Struct):
    """The rest of it, which is no report."""

    log: rendering.StoredLog | None = None


_log = msgspec.json.Decoder(Log)
_report = msgspec.json.Decoder(Report)


def step(execution: PipelineExecution, key: str) -> dict[str, Any]:
    """Raises NotFound."""
    whole = rendering.execution(execution.id)
    found = next((row for row in whole["step_executions"] if row["key"] == key), None)
    if found is None:
        raise NotFound("There is no such step.")
    row = StepExecution.objects.get(execution=execution, key=key)
    rows = Attempt.objects.filter(execution=execution, step=key).order_by("number").values(*ATTEMPT_COLUMNS)
    deployment = deployments.changes([row]).get(deployments.Deploying(execution.id, key))
    attempts = [_attempt(execution.id, key, row) for row in rows]
    return {
        **found,
        "execution": execution.id,
        "report": _read(row.outcome),
        "attempts": attempts,
        "deployment": deployment,
    }


def _attempt(execution: int, step: str, row: dict[str, Any]) -> dict[str, Any]:
    text = row.pop("outcome")
    known = _log.decode(text or b"{}").log
    return {
        **row,
        "worker": worker_of(row["worker"]),
        "duration_seconds": duration(row["started_at"], row["ended_at"]),
        "log_bytes": rendering.log_bytes(running.engine().logs, known, execution, step, row["number"]),
        "report": _read(text),
    }


def _read(outcome: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(_report.decode(outcome or b"{}"))
    return found
