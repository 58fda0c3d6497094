"""A spec compiled for one execution: only steps and edges, every plan-time decision made and explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansflow.core.spec import ConcurrencySpec, GroupSpec, Scalar, StepSpec, Trigger
from ansflow.core.status import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Decided before the run: the step will not run, and why."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNeed:
    """An edge. `key` is a planned step's key. `group` names the group the need was written as."""

    key: str
    statuses: frozenset[str] = frozenset({"success"})
    optional: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One schedulable unit. `key` is unique in the execution and stable: `unit (python=3.12)`."""

    key: str
    step_id: str
    index: int
    matrix: Mapping[str, Scalar] = field(default_factory=dict)
    needs: tuple[PlannedNeed, ...] = ()
    skip: Skip | None = None
    final: bool = False  # stands under `finally`
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Immutable, and the same text on every machine: `core.codec` turns it into JSON and back."""

    name: str
    digest: str  # SHA-256 of the source text
    trigger: Trigger
    inputs: Mapping[str, Scalar]
    env: Mapping[str, str]
    vars: Mapping[str, str]
    specs: Mapping[str, StepSpec]
    steps: Mapping[str, PlannedStep]
    groups: Mapping[str, GroupSpec] = field(default_factory=dict)
    max_parallel: int = 5
    timeout: timedelta | None = None
    concurrency: ConcurrencySpec | None = None
    notes: tuple[Any, ...] = ()  # Problems that do not stop the run: warnings

    def spec_of(self, key: str) -> StepSpec:
        return self.specs[self.steps[key].step_id]
