"""Statuses, the table of allowed moves, and the reasons a move may carry."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ExecutionStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class StepStatus(StrEnum):
    PENDING = "pending"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a thing stands where it stands. Every status but `success` has one, and a sentence beside it."""

    NEEDS = "needs"  # pending: something it needs has not finished
    QUEUED = "queued"  # pending: ready, no slot free yet
    RETRY = "retry"  # pending: will be tried again when its delay is over
    STARTED = "started"  # running
    APPROVAL = "approval"  # waiting
    EXIT_CODE = "exit_code"
    TIMEOUT = "timeout"
    GATE = "gate"  # the command succeeded and a gate (coverage, severity, tests) said no
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_SKIPPED = "upstream_skipped"
    CONDITION_FALSE = "condition_false"
    NOT_SELECTED = "not_selected"  # `when` did not match, or --step chose others
    REJECTED = "rejected"
    APPROVAL_EXPIRED = "approval_expired"
    WORKER_LOST = "worker_lost"
    POISONED = "poisoned"
    CANCELLED_BY_USER = "cancelled_by_user"
    CANCELLED_BY_GROUP = "cancelled_by_group"  # wait_any or fail_fast ended the rest
    SUPERSEDED = "superseded"
    STEP_FAILED = "step_failed"  # of an execution
    KEPT = "kept"  # success taken over from the execution that this one resumes
    INVALID = "invalid"  # a value known only at run time does not fit (an expression, a parameter)
    NOT_AVAILABLE = "not_available"  # a tool or an executor is missing on this machine
    INTERNAL_ERROR = "internal_error"


EXECUTION_MOVES: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = {
    ExecutionStatus.PENDING: frozenset(
        {
            ExecutionStatus.RUNNING,
            ExecutionStatus.SUCCESS,
            ExecutionStatus.FAILED,
            ExecutionStatus.CANCELLED,
            ExecutionStatus.TIMEOUT,
        }
    ),
    ExecutionStatus.RUNNING: frozenset(
        {ExecutionStatus.SUCCESS, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMEOUT}
    ),
    ExecutionStatus.SUCCESS: frozenset(),
    ExecutionStatus.FAILED: frozenset(),
    ExecutionStatus.CANCELLED: frozenset(),
    ExecutionStatus.TIMEOUT: frozenset(),
}

STEP_MOVES: Mapping[StepStatus, frozenset[StepStatus]] = {
    StepStatus.PENDING: frozenset(
        {
            StepStatus.WAITING,
            StepStatus.RUNNING,
            StepStatus.SUCCESS,
            StepStatus.FAILED,
            StepStatus.SKIPPED,
            StepStatus.CANCELLED,
        }
    ),
    StepStatus.WAITING: frozenset({StepStatus.PENDING, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED}),
    StepStatus.RUNNING: frozenset({StepStatus.PENDING, StepStatus.SUCCESS, StepStatus.FAILED, StepStatus.CANCELLED}),
    StepStatus.SUCCESS: frozenset(),
    StepStatus.FAILED: frozenset(),
    StepStatus.SKIPPED: frozenset(),
    StepStatus.CANCELLED: frozenset(),
}


def is_final(status: ExecutionStatus | StepStatus) -> bool:
    if isinstance(status, ExecutionStatus):
        return not EXECUTION_MOVES[status]
    return not STEP_MOVES[status]
