"""A spec compiled for one execution: only steps and edges, every plan-time decision made and explained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ansflow.core.errors import Problem
from ansflow.core.spec import ConcurrencySpec, Scalar, StepSpec, Trigger, nothing
from ansflow.core.status import Reason, StepStatus, is_final

DEFAULT_QUEUE = "default"
"""The queue of workers that steps without `runs_on` wait in."""
QUEUE = re.compile(r"(?!chores\Z)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""How the name of a queue is written. The work of an installation itself is called over `chores`."""


def wrong_queue(name: str) -> str:
    """What is wrong with the name of a queue, as a sentence. "", which stands for DEFAULT_QUEUE, is right."""
    if not name or QUEUE.fullmatch(name):
        return ""
    return f"{name!r} names no queue of workers: letters, digits, '.', '_' and '-', at most 100, and not `chores`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Decided before the run: the step will not run, and why."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNeed:
    """An edge. `key` is a planned step's key. `group` names the bundle (group or matrix) the need was written as.

    All edges of a step with the same `group` are one need: it holds when the *bundle's* status (`Bundle.status`) is one
    of `statuses`. `finished` stands for any end. An optional need never holds a step back once it has ended as skipped.
    A step whose `if` asks for a status itself (`always()`, `failure()`, `cancelled()`) has `finished` here, so that the
    needs only say what to wait for and `if` decides.
    """

    key: str
    statuses: frozenset[str] = frozenset({"success"})
    optional: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Steps that end together: a group of the file, or the legs of a matrix step (then `name` is the step's id).

    `join` says what the first result does: with `wait_any` the first success cancels the rest, with `fail_fast` the
    first failure does, with `wait_all` nothing. At most `max_parallel` of `keys` run at once; `timeout` counts from the
    start of the first. A leg of a matrix that stands in a group is in both bundles, and obeys both.
    """

    name: str
    keys: tuple[str, ...]
    join: str = "wait_all"
    max_parallel: int | None = None
    timeout: timedelta | None = None

    def status(self, statuses: Iterable[StepStatus]) -> StepStatus | None:
        """The status of the whole, from those of all members; None while it is still open. Allowed failures are passed
        in as success. A member that was skipped says nothing, unless every one was."""
        found = set(statuses)
        if self.join == "wait_any" and StepStatus.SUCCESS in found:
            return StepStatus.SUCCESS
        if not all(is_final(status) for status in found):
            return None
        worst = (StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SUCCESS)
        return next((status for status in worst if status in found), StepStatus.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One schedulable unit. `key` is unique in the execution and stable: `unit (python=3.12)`.

    `env` belongs to this one (the number of its shard); `bundles` names the groups and the matrix it is a member of.
    """

    key: str
    step_id: str
    index: int
    matrix: Mapping[str, Scalar] = field(default_factory=nothing)
    needs: tuple[PlannedNeed, ...] = ()
    skip: Skip | None = None
    final: bool = False  # stands under `finally`
    group: str = ""
    bundles: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=nothing)
    queue: str = ""  # of workers, "" for DEFAULT_QUEUE: what `runs_on` comes to


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
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    max_parallel: int = 5
    timeout: timedelta | None = None
    concurrency: ConcurrencySpec | None = None
    notes: tuple[Problem, ...] = ()  # do not stop the run: warnings

    def spec_of(self, key: str) -> StepSpec:
        return self.specs[self.steps[key].step_id]

    def queue_of(self, key: str) -> str:
        return self.steps[key].queue or DEFAULT_QUEUE

    def env_of(self, key: str) -> dict[str, str]:
        """What the file says for one step, still unevaluated: the pipeline's, over it the step's, over it the leg's.

        A value may read those before it, so the leg's own stand first.
        """
        own = self.steps[key].env
        return {**own, **self.env, **self.spec_of(key).env, **own}
