"""Executions as the API gives them out, made from `.values()`: building model objects would cost more than the rest.

One place says what an execution is in JSON; lists, details, snapshots of sockets and answers to a trigger all use it.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from sys import intern
from threading import Lock
from typing import Any

import msgspec
from django.db.models import Count

from ansflow.apps.executions import running
from ansflow.apps.executions.models import ExecutionPlan, PipelineExecution, StepExecution
from ansflow.apps.executions.rows import aware
from ansflow.apps.executions.transactions import Database
from ansflow.core.sentences import worker_of
from ansflow.engine.ports import LogStore

COLUMNS = (
    *("id", "number", "project_id", "project__name", "pipeline_id", "pipeline__name", "version__number"),
    *("status", "reason", "message", "trigger_type", "trigger_message", "execution_mode", "cicd_tool_id", "by"),
    *("parameters", "event", "branch", "commit", "rerun_of_id", "created_at", "started_at", "ended_at", "seq"),
)
RENAMED = {
    "project_id": "project",
    "project__name": "project_name",
    "pipeline_id": "pipeline",
    "pipeline__name": "pipeline_name",
    "version__number": "version",
    "cicd_tool_id": "cicd_tool",
    "by": "triggered_by",
    "rerun_of_id": "rerun_of",
}
NAMES = tuple(RENAMED.get(column, column) for column in COLUMNS)

STEP_COLUMNS = (
    *("execution_id", "id", "key", "name", "step_type", "status", "reason", "message", "attempt", "worker"),
    *("allowed_failure", "gate", "due_at", "started_at", "ended_at", "outcome"),
)

Row = dict[str, Any]


class Tests(msgspec.Struct):
    """The part of `core.outcome.TestSummary` that a list of steps shows."""

    total: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0


class StoredLog(msgspec.Struct):
    attempt: int
    bytes: int = 0


class Outcome(msgspec.Struct):
    """Of the column `outcome` of a step, what a list shows; everything else in it is passed over unread."""

    exit_code: int | None = None
    tests: Tests | None = None
    artifacts: list[msgspec.Raw] = []
    log: StoredLog | None = None


class Planned(msgspec.Struct):
    step_id: str
    group: str = ""
    matrix: dict[str, Any] = {}
    needs: list[Any] = []


class PlanOfSteps(msgspec.Struct):
    steps: dict[str, Planned]


_outcome = msgspec.json.Decoder(Outcome)
_plan = msgspec.json.Decoder(PlanOfSteps)
_NO_OUTCOME, _NOT_PLANNED = Outcome(), Planned("")
_STEP = ", ".join(f"[{name}]" for name in STEP_COLUMNS)
_database = Database("default")
_plans: dict[tuple[int, datetime], Mapping[str, Planned]] = {}
_keeping = Lock()
MOST_PLANNED = 10_000


def page(ids: Sequence[int], *, steps: bool = False) -> list[Row]:
    """In this order. Numbers first, then what belongs to them: no database is led to join, and sort, all there are."""
    found = {values[0]: values for values in PipelineExecution.objects.filter(id__in=ids).values_list(*COLUMNS)}
    return executions((found[id] for id in ids if id in found), steps=steps)


def executions(found: Iterable[tuple[Any, ...]], *, steps: bool = False) -> list[Row]:
    """`found` are values of COLUMNS: a page of them, or a query."""
    rows = [_execution(values) for values in found]
    ids = [row["id"] for row in rows]
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    if steps:
        of = _steps_of(rows)
        for row in rows:
            for step in of[row["id"]]:
                counts[row["id"]][step["status"]] = counts[row["id"]].get(step["status"], 0) + 1
            row["step_executions"] = of[row["id"]]
    else:
        counted = StepExecution.objects.filter(execution__in=ids).order_by()
        for execution, status, n in counted.values_list("execution", "status").annotate(n=Count("id")):
            counts[execution][status] = n
    for row in rows:
        row["counts"] = counts[row["id"]]
    return rows


def execution(execution_id: int) -> Row:
    """The whole execution with its steps."""
    return executions(PipelineExecution.objects.filter(id=execution_id).values_list(*COLUMNS), steps=True)[0]


def begun(execution_id: int) -> Row:
    """The same of one that has just begun, with what is to be said of its plan."""
    notes = running.engine().store.wiring(execution_id).plan.notes
    return {**execution(execution_id), "notes": notes}


def _execution(values: tuple[Any, ...]) -> Row:
    row = dict(zip(NAMES, values, strict=True))
    row["duration_seconds"] = duration(row["started_at"], row["ended_at"])
    return row


def _steps_of(executions: Iterable[Row]) -> dict[int, list[Row]]:
    """By execution. Asked without Django's query sets, whose converters cost as much as all the rest of a long list."""
    plans = {row["id"]: plan_steps(row["id"], row["created_at"]) for row in executions}
    found: dict[int, list[Row]] = {id: [] for id in plans}
    if not plans:
        return found
    logs, marks = running.engine().logs, ", ".join(["%s"] * len(plans))
    sql = f"SELECT {_STEP} FROM [Step] WHERE [execution_id] IN ({marks}) ORDER BY [execution_id], [index]"
    for (
        execution,
        id,
        key,
        name,
        type,
        status,
        reason,
        message,
        attempt,
        worker,
        allowed,
        gate,
        *rest,
    ) in _database.read(sql, [*plans]):
        due_at, started_at, ended_at = map(aware, rest[:3])
        outcome = _outcome.decode(rest[3]) if rest[3] else _NO_OUTCOME
        planned = plans[execution].get(key, _NOT_PLANNED)
        found[execution].append(
            {
                "id": id,
                "key": key,
                "name": name,
                "step_type": type,
                "status": status,
                "reason": reason,
                "message": message,
                "attempt": attempt,
                "worker": worker_of(worker),
                "allowed_failure": bool(allowed),
                "gate": gate,
                "due_at": due_at,
                "started_at": started_at,
                "ended_at": ended_at,
                "group": planned.group,
                "needs": planned.needs,
                "matrix": planned.matrix,
                "duration_seconds": duration(started_at, ended_at),
                "exit_code": outcome.exit_code,
                "tests": outcome.tests,
                "artifacts_count": len(outcome.artifacts),
                "log_bytes": log_bytes(logs, outcome.log, execution, key, attempt),
            }
        )
    return found


def log_bytes(logs: LogStore, known: StoredLog | None, execution: int, step: str, attempt: int) -> int:
    """Of an attempt. The store need not be asked where the outcome that is at hand is of this very attempt."""
    if known is not None and known.attempt == attempt:
        return known.bytes
    return logs.length(execution, step, attempt) if attempt else 0


def plan_steps(execution_id: int, created_at: datetime) -> Mapping[str, Planned]:
    """What never changes of an execution's steps. The moment it was created makes sure that the number means it.

    Kept for those that were asked for last, MOST_PLANNED steps in all.
    """
    known = _plans.get((execution_id, created_at))
    if known is None:
        known = _plan_steps(execution_id)
        with _keeping:
            _plans[execution_id, created_at] = known
            while sum(map(len, _plans.values())) > MOST_PLANNED and len(_plans) > 1:
                del _plans[next(iter(_plans))]
    return known


def _plan_steps(execution_id: int) -> Mapping[str, Planned]:
    body = ExecutionPlan.objects.filter(execution=execution_id).values_list("body", flat=True).first()
    steps = _plan.decode(zlib.decompress(body)).steps if body else {}
    for planned in steps.values():  # keys and groups, as the file names them, each once
        planned.needs = [intern(need) for need in dict.fromkeys(n.get("group") or n["key"] for n in planned.needs)]
    return {intern(key): planned for key, planned in steps.items()}


def duration(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    """Seconds; None while it is not over."""
    return round((ended_at - started_at).total_seconds(), 3) if started_at and ended_at else None


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)
