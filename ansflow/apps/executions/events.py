"""The numbered facts of an execution, as frames for whoever follows it, and as an account of why it went as it did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count

from ansflow.apps.actor import Actor
from ansflow.apps.executions import rendering, running
from ansflow.apps.executions.models import Attempt, ExecutionEvent, PipelineExecution, StepExecution
from ansflow.apps.executions.waiting import Waits
from ansflow.core.sentences import worker_of
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final

EVENTS_AT_ONCE = 1000

Row = dict[str, Any]


class Ended(msgspec.Struct):
    """Of the outcome of an attempt, what frames show."""

    exit_code: int | None = None
    tests: rendering.Tests | None = None
    artifacts: list[msgspec.Raw] = []
    log: rendering.StoredLog | None = None


class Fact(msgspec.Struct):
    """Either fact of `core.events`, as the codec writes it: `step` is empty for one about the execution."""

    status: str
    step: str = ""
    attempt: int = 0
    reason: str = ""
    message: str = ""
    worker: str = ""
    due_at: datetime | None = None
    allowed_failure: bool = False
    outcome: Ended | None = None


_fact = msgspec.json.Decoder(Fact)


def frames(execution: PipelineExecution, *, after: int = 0) -> Row:
    """The frames after `after`, at most EVENTS_AT_ONCE, and the number of the last: ask again from there.

    A frame holds everything of its execution or step that can change: laid over what was known before, it gives what
    the API would say. `counts`, `gate` and `log_bytes` are those of now; everything else is as it was.
    """
    rows = ExecutionEvent.objects.filter(execution=execution, seq__gt=after).order_by("seq")[:EVENTS_AT_ONCE]
    events = [(seq, at, _fact.decode(text)) for seq, at, text in rows.values_list("seq", "at", "fact")]
    steps = _steps(execution, {fact.step for _, _, fact in events if fact.step})
    began = _began(execution, {fact.step for _, _, fact in events if fact.attempt})
    counts = _counts(execution) if any(not fact.step for _, _, fact in events) else {}
    logs = running.engine().logs
    found = []
    for seq, at, fact in events:
        if fact.step:
            kind, frame = "step_update", _step_frame(steps[fact.step], began.get((fact.step, fact.attempt)), fact, at)
            known = fact.outcome.log if fact.outcome else None
            frame["log_bytes"] = rendering.log_bytes(logs, known, execution.id, fact.step, fact.attempt)
        else:
            kind, frame = "execution_update", _execution_frame(execution, counts, fact, at)
        found.append({"seq": seq, "at": at, "type": kind, "data": {"execution_id": execution.id, **frame}})
    return {"events": found, "seq": found[-1]["seq"] if found else after}


def _execution_frame(execution: PipelineExecution, counts: dict[str, int], fact: Fact, at: datetime) -> Row:
    started_at = execution.started_at if fact.status != ExecutionStatus.PENDING else None
    ended_at = at if is_final(ExecutionStatus(fact.status)) else None
    return {
        "status": fact.status,
        "reason": fact.reason,
        "message": fact.message,
        "pipeline_name": execution.pipeline.name,
        "counts": counts,
        "started_at": started_at,
        "ended_at": ended_at,
        "duration_seconds": rendering.duration(started_at, ended_at),
    }


def _step_frame(step: Row, began: datetime | None, fact: Fact, at: datetime) -> Row:
    status = StepStatus(fact.status)
    ended_at = at if is_final(status) else None
    outcome = fact.outcome or Ended()
    return {
        **step,
        "status": fact.status,
        "reason": fact.reason,
        "message": fact.message,
        "attempt": fact.attempt,
        "worker": worker_of(fact.worker),
        "allowed_failure": fact.allowed_failure,
        "due_at": fact.due_at,
        "started_at": began,
        "ended_at": ended_at,
        "duration_seconds": rendering.duration(began, ended_at),
        "exit_code": outcome.exit_code,
        "tests": outcome.tests,
        "artifacts_count": len(outcome.artifacts),
    }


def _steps(execution: PipelineExecution, keys: set[str]) -> dict[str, Row]:
    """What never changes of the steps that are named, and their gates: a thousand others cost nothing."""
    names = ("id", "key", "name", "step_type", "gate")
    rows = StepExecution.objects.filter(execution=execution, key__in=keys).values_list(*names)
    return {
        key: {"step_id": id, "key": key, "name": name, "step_type": kind, "gate": gate}
        for id, key, name, kind, gate in rows
    }


def _began(execution: PipelineExecution, keys: set[str]) -> dict[tuple[str, int], datetime]:
    rows = Attempt.objects.filter(execution=execution, step__in=keys).values_list("step", "number", "started_at")
    return {(step, number): started_at for step, number, started_at in rows}


def _counts(execution: PipelineExecution) -> dict[str, int]:
    rows = StepExecution.objects.filter(execution=execution).order_by().values_list("status")
    return dict(rows.annotate(n=Count("id")))


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def why(actor: Actor, execution: PipelineExecution, *, step: str = "") -> list[Row]:
    """Every decision in its order: what the plan decided, what happened, and what is still waited for. Each once.

    `kind` is `plan` (before it began), `event`, or `now` (of what has not ended, where no event has said it).
    """
    past = [entry for entry in _past(execution) if not step or entry["step"] in ("", step)]
    newest = {entry["step"]: _said(entry) for entry in past}
    now = [entry for entry in _present(actor, execution, step) if _said(entry) != newest.get(entry["step"])]
    waited_for = {entry["message"] for entry in now}
    return [entry for entry in past if entry["kind"] != "plan" or entry["message"] not in waited_for] + now


def offered(actor: Actor, execution: PipelineExecution, *, step: str = "") -> list[Row]:
    """Of the steps that are ready and that no worker has begun, or of one, what each waits for. Costs nothing of what
    is past."""
    waits = Waits(actor, execution)
    ready = StepExecution.objects.filter(execution=execution, offered_at__isnull=False)
    return [
        _entry("now", None, row.key, _now(row, waits))
        for row in (ready.filter(key=step) if step else ready).order_by("index")
    ]


def _said(entry: Row) -> Row:
    return {name: entry[name] for name in ("status", "attempt", "reason", "message")}


def _present(actor: Actor, execution: PipelineExecution, step: str) -> Iterator[Row]:
    waits = Waits(actor, execution)
    open_ones = StepExecution.objects.filter(execution=execution, ended_at=None)
    for row in (open_ones.filter(key=step) if step else open_ones).order_by("index"):
        yield _entry("now", None, row.key, _now(row, waits))


def _now(row: StepExecution, waits: Waits) -> Fact:
    message = row.message if row.offered_at is None else waits.of(row)
    return Fact(status=row.status, reason=row.reason, message=message, attempt=row.attempt, worker=row.worker)


def _past(execution: PipelineExecution) -> Iterator[Row]:
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


def _told(execution: PipelineExecution) -> str:
    who = f" by {execution.by}" if execution.by else ""
    version = f", version {execution.version.number}" if execution.version else ""
    what = f"{execution.pipeline.name} #{execution.number}{version}"
    place = f" for the branch {execution.branch}" if execution.branch else ""
    return f"{what} was started{who} ({execution.trigger_type}){place}."


def _entry(kind: str, at: Any, step: str, fact: Fact, *, seq: int | None = None) -> Row:
    runs = fact.reason == Reason.STARTED and fact.worker  # "Running." says less
    return {
        "kind": kind,
        "seq": seq,
        "at": at,
        "step": step,
        "status": fact.status,
        "attempt": fact.attempt,
        "reason": fact.reason,
        "message": f"Runs on the worker {worker_of(fact.worker)}." if runs else fact.message,
    }
