"""The rows of `core.state` as columns, and back.

A column of its own has what is asked for over many executions; what only `decide` reads stands together in `rest`, as
JSON that holds nothing but what differs from a new row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ansflow.core import codec
from ansflow.core.commands import Effect
from ansflow.core.events import Fact
from ansflow.core.outcome import Outcome
from ansflow.core.state import Answer, BundleState, ExecutionState, StepState
from ansflow.core.status import ExecutionStatus, Reason, StepStatus

STEP_COLUMNS = (
    *("status", "reason", "message", "attempt", "fence", "worker", "line", "gate", "allowed_failure"),
    *("offered_at", "due_at", "started_at", "ended_at", "outcome", "rest"),
)
"""What a transition writes of a step, in the order of `step_values`."""

EXECUTION_COLUMNS = (
    "status reason message row_version seq by deadline started_at ended_at rest".split()  # noqa: SIM905 — read as a row
)
BUNDLE_COLUMNS = ("deadline", "rest")

_STEP_REST = ("unmet", "failures", "losses", "lost", "held", "judged", "approved", "concurrency", "stop_message")
_EXECUTION_REST = ("open_main", "open_all", "failed", "first_failed", "cancelled", "stop_message", "immediate")
_BUNDLE_REST = ("open", "success", "failed", "cancelled", "skipped", "closing")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encoded(value: Any) -> str:
    return _encode(value).decode()


def decoded(text: str | bytes) -> Any:
    return _decode(text)


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────


def step_values(row: StepState, outcome: str) -> tuple[Any, ...]:
    """`outcome` is `row.outcome` as text: a turn writes it in several places and encodes it once."""
    rest = {name: value for name in _STEP_REST if (value := getattr(row, name))}
    if row.answers:
        rest["answers"] = row.answers
    if row.stop is not None:
        rest["stop"] = row.stop
    return (
        row.status.value,
        text_of(row.reason),
        row.message,
        row.attempt,
        row.fence,
        row.worker,
        row.line,
        gate_of(row),
        row.allowed,
        row.offered_at,
        row.due_at,
        row.started_at,
        row.ended_at,
        outcome,
        encoded(rest) if rest else "",
    )


def step_state(key: str, values: Sequence[Any]) -> StepState:
    """`values` are those of STEP_COLUMNS."""
    (status, reason, message, attempt, fence, worker, line, _, allowed, offered, due, started, ended, outcome, rest) = (
        values
    )
    known: dict[str, Any] = decoded(rest) if rest else {}
    if "answers" in known:
        known["answers"] = tuple(Answer(*answer) for answer in known["answers"])
    if "stop" in known:
        known["stop"] = Reason(known["stop"])
    return StepState(
        key=key,
        status=StepStatus(status),
        reason=Reason(reason) if reason else None,
        message=message,
        attempt=attempt,
        fence=fence,
        worker=worker,
        line=line,
        allowed=bool(allowed),
        offered_at=aware(offered),
        due_at=aware(due),
        started_at=aware(started),
        ended_at=aware(ended),
        outcome=outcome_of(outcome),
        **known,
    )


def gate_of(row: StepState) -> str:
    """The status of a step's approval; "" while nobody has been asked, and when the question was withdrawn."""
    if row.status is StepStatus.WAITING:
        return "pending"
    if row.approved:
        return "approved"
    return {Reason.REJECTED: "rejected", Reason.APPROVAL_EXPIRED: "timeout"}.get(row.reason or Reason.NEEDS, "")


# ── bundles and executions ───────────────────────────────────────────────────────────────────────────────────────


def bundle_values(row: BundleState) -> tuple[Any, ...]:
    rest: dict[str, Any] = {name: value for name in _BUNDLE_REST if (value := getattr(row, name))}
    if row.status is not None:
        rest["status"] = row.status
    return row.deadline, encoded(rest)


def bundle_state(name: str, deadline: datetime | None, rest: str) -> BundleState:
    known = decoded(rest)
    if "status" in known:
        known["status"] = StepStatus(known["status"])
    return BundleState(name, deadline=aware(deadline), **known)


def execution_values(row: ExecutionState) -> tuple[Any, ...]:
    rest: dict[str, Any] = {name: value for name in _EXECUTION_REST if (value := getattr(row, name))}
    if row.stop is not None:
        rest["stop"] = row.stop
    return (
        row.status.value,
        text_of(row.reason),
        row.message,
        row.version,
        row.seq,
        row.by,
        row.deadline,
        row.started_at,
        row.ended_at,
        encoded(rest),
    )


def execution_state(execution: int, values: Sequence[Any], kept: Mapping[str, Outcome]) -> ExecutionState:
    """`values` are those of EXECUTION_COLUMNS."""
    status, reason, message, version, seq, by, deadline, started, ended, rest = values
    known = decoded(rest)
    if "stop" in known:
        known["stop"] = Reason(known["stop"])
    return ExecutionState(
        execution,
        status=ExecutionStatus(status),
        reason=Reason(reason) if reason else None,
        message=message,
        version=version,
        seq=seq,
        by=by,
        kept=kept,
        deadline=aware(deadline),
        started_at=aware(started),
        ended_at=aware(ended),
        **known,
    )


# ── outcomes, events, effects ────────────────────────────────────────────────────────────────────────────────────


def outcome_text(outcome: Outcome | None) -> str:
    return "" if outcome is None else encoded(codec.dump(outcome))


def outcome_of(text: str) -> Outcome | None:
    """What a column `outcome` holds: of a step the newest, of an attempt its own. None while there is none."""
    return codec.load(Outcome, decoded(text)) if text else None


_FACT: Any = Fact  # a union is no type to the codec's signature
_EFFECT: Any = Effect


def fact_text(fact: Fact) -> str:
    return encoded(codec.dump(fact, Fact))


def fact_of(text: str) -> Fact:
    found: Fact = codec.load(_FACT, decoded(text))
    return found


def effect_text(effect: Effect) -> str:
    return encoded(codec.dump(effect, Effect))


def effect_of(text: str) -> Effect:
    found: Effect = codec.load(_EFFECT, decoded(text))
    return found


def text_of(reason: Reason | None) -> str:
    return reason.value if reason else ""


def aware_time(value: datetime | str) -> datetime:
    """A time as a statement returns it, also from a function such as MIN, for which SQLite answers text."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def aware(value: datetime | None) -> datetime | None:
    """Not every database says that its times are UTC; all of ours are."""
    return None if value is None else aware_time(value)
