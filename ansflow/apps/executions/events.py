"""The numbered facts of an execution, as frames for whoever follows it, and as an account of why it went as it did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count

from ansflow.apps.executions import running
from ansflow.apps.executions.models import ExecutionEvent, PipelineExecution, StepExecution
from ansflow.core.status import ExecutionStatus, StepStatus, is_final

EVENTS_AT_ONCE = 1000

Row = dict[str, Any]


class Ended(msgspec.Struct):
    exit_code: int | None = None


class Fact(msgspec.Struct):
    """Either fact of `core.events`, as the codec writes it: `step` is empty for one about the execution."""

    status: str
    step: str = ""
    attempt: int = 0
    reason: str = ""
    message: str = ""
    worker: str = ""
    due_at: str | None = None
    allowed_failure: bool = False
    outcome: Ended | None = None


_fact = msgspec.json.Decoder(Fact)


def frames(execution: PipelineExecution, *, after: int = 0) -> Row:
    """The frames after `after`, at most EVENTS_AT_ONCE, and the number of the last: ask again from there.

    `counts` are those of now; everything else is as it was.
    """
    rows = ExecutionEvent.objects.filter(execution=execution, seq__gt=after).order_by("seq")[:EVENTS_AT_ONCE]
    events = list(rows.values_list("seq", "at", "fact"))
    steps = _steps(execution) if events else {}
    counts = _counts(execution) if events else {}
    found = []
    for seq, at, text in events:
        fact = _fact.decode(text)
        frame = _step_frame(steps, fact, at) if fact.step else _execution_frame(execution, counts, fact, at)
        data = {"execution_id": execution.id, **frame}
        found.append({"seq": seq, "at": at, "type": f"{'step' if fact.step else 'execution'}_update", "data": data})
    return {"events": found, "seq": found[-1]["seq"] if found else after}


def _execution_frame(execution: PipelineExecution, counts: dict[str, int], fact: Fact, at: datetime) -> Row:
    return {
        "status": fact.status,
        "reason": fact.reason,
        "message": fact.message,
        "pipeline_name": execution.pipeline.name,
        "counts": counts,
        "started_at": execution.started_at if fact.status != ExecutionStatus.PENDING else None,
        "ended_at": at if is_final(ExecutionStatus(fact.status)) else None,
    }


def _step_frame(steps: dict[str, Row], fact: Fact, at: datetime) -> Row:
    return {
        **steps[fact.step],
        "status": fact.status,
        "reason": fact.reason,
        "message": fact.message,
        "attempt": fact.attempt,
        "worker": fact.worker,
        "allowed_failure": fact.allowed_failure,
        "due_at": fact.due_at,
        "exit_code": fact.outcome.exit_code if fact.outcome else None,
        "ended_at": at if is_final(StepStatus(fact.status)) else None,
    }


def _steps(execution: PipelineExecution) -> dict[str, Row]:
    rows = StepExecution.objects.filter(execution=execution).values_list("id", "key", "name", "step_type")
    return {key: {"step_id": id, "key": key, "name": name, "step_type": kind} for id, key, name, kind in rows}


def _counts(execution: PipelineExecution) -> dict[str, int]:
    rows = StepExecution.objects.filter(execution=execution).order_by().values_list("status")
    return dict(rows.annotate(n=Count("id")))


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def why(execution: PipelineExecution, *, step: str = "") -> list[Row]:
    """Every decision in its order: what the plan decided, what happened, and what is still waited for.

    `kind` is `plan` (before it began), `event`, or `now` (of what has not ended).
    """
    return [entry for entry in _decisions(execution) if not step or entry["step"] in ("", step)]


def _decisions(execution: PipelineExecution) -> Iterator[Row]:
    plan = running.engine().store.wiring(execution.id).plan
    at = execution.created_at
    yield _entry("plan", at, "", Fact(status="pending", reason="triggered", message=_told(execution)))
    for note in plan.notes:
        yield _entry("plan", at, "", Fact(status="pending", reason=note.code, message=note.message))
    for key, planned in plan.steps.items():
        if planned.skip is not None:
            skip = Fact(status="skipped", reason=planned.skip.reason.value, message=planned.skip.message)
            yield _entry("plan", at, key, skip)
    events = ExecutionEvent.objects.filter(execution=execution).order_by("seq")
    for seq, at, text in events.values_list("seq", "at", "fact").iterator():
        fact = _fact.decode(text)
        yield _entry("event", at, fact.step, fact, seq=seq)
    for row in StepExecution.objects.filter(execution=execution, ended_at=None).order_by("index"):
        now = Fact(status=row.status, reason=row.reason, message=row.message, attempt=row.attempt)
        yield _entry("now", None, row.key, now)


def _told(execution: PipelineExecution) -> str:
    who = f" by {execution.by}" if execution.by else ""
    version = f", version {execution.version.number}" if execution.version else ""
    what = f"{execution.pipeline.name} #{execution.number}{version}"
    place = f" for the branch {execution.branch}" if execution.branch else ""
    return f"{what} was started{who} ({execution.trigger_type}){place}."


def _entry(kind: str, at: Any, step: str, fact: Fact, *, seq: int | None = None) -> Row:
    return {
        "kind": kind,
        "seq": seq,
        "at": at,
        "step": step,
        "status": fact.status,
        "attempt": fact.attempt,
        "reason": fact.reason,
        "message": fact.message,
    }
