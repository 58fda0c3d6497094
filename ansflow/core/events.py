"""Numbered facts about an execution: what a viewer, a notification rule and the audit page read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansflow.core.outcome import Outcome
from ansflow.core.status import ExecutionStatus, Reason, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionChanged:
    """`execution.status`. `message` is a sentence for people."""

    status: ExecutionStatus
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChanged:
    """`step.status`. `outcome` is there when an attempt has ended, also when another will follow."""

    step: str
    status: StepStatus
    attempt: int
    reason: Reason | None = None
    message: str = ""
    worker: str = ""
    due_at: datetime | None = None  # pending with reason retry
    allowed_failure: bool = False
    outcome: Outcome | None = None


Fact = ExecutionChanged | StepChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`seq` counts from 1 without gaps within an execution."""

    execution: int
    seq: int
    at: datetime
    fact: Fact
