"""What a pipeline file says, as frozen values. Text that may hold `${{ }}` stays text until it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

Scalar = str | int | float | bool | None
Empty: Mapping[str, Any] = {}

DEFAULT_TIMEOUT = timedelta(minutes=60)
DEFAULT_GRACE = timedelta(seconds=10)
DEFAULT_MAX_PARALLEL = 5

EVENTS = ("push", "pull_request", "tag", "release", "schedule", "manual", "webhook", "pipeline")
NEED_STATUSES = ("success", "failed", "cancelled", "skipped", "finished")


def nothing() -> Mapping[str, Any]:
    """The empty map, always the same one: a plan of thousands of steps has several in each."""
    return Empty


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobSet:
    """Matches a text that some `include` glob matches and no `exclude` glob does; no `include` means every text."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenRule:
    """One map of `when`: every key given must match. `inputs` maps an input's name to globs over its text."""

    event: GlobSet | None = None
    branch: GlobSet | None = None
    tag: GlobSet | None = None
    path: GlobSet | None = None
    author: GlobSet | None = None
    inputs: Mapping[str, GlobSet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """`step` is a step id or a group name. `statuses` are words of NEED_STATUSES; `finished` means any end."""

    step: str
    statuses: frozenset[str] = frozenset({"success"})
    optional: bool = False
    same_matrix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryCause:
    """What a retry answers to."""

    kind: str  # exit_code | timeout | worker_lost
    code: int | None = None  # with exit_code: only this one


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`max` further tries after the first. Empty `on` means every cause. Delays grow by `backoff`, with full jitter."""

    max: int = 0
    on: tuple[RetryCause, ...] = ()
    delay: timedelta = timedelta(seconds=1)
    backoff: float = 2.0
    max_delay: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSpec:
    """Axes in file order. `include` adds legs or extends matching ones, `exclude` takes legs out, as on GitHub."""

    axes: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    include: tuple[Mapping[str, Scalar], ...] = ()
    exclude: tuple[Mapping[str, Scalar], ...] = ()
    max_parallel: int | None = None
    fail_fast: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """A container image, for the step itself or for a service beside it."""

    name: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    healthcheck: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalField:
    """One question of the form that an approver answers."""

    name: str
    type: str = "string"
    options: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSpec:
    """A gate before a step: who may open it, how many are needed, and what happens when nobody does."""

    message: str = ""
    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    required: int = 1
    self_approval: bool = True
    fields: tuple[ApprovalField, ...] = ()
    timeout: timedelta | None = None
    on_timeout: str = "reject"  # reject | approve | skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSpec:
    """Files kept between executions under a key."""

    key: str
    paths: tuple[str, ...]
    restore_keys: tuple[str, ...] = ()
    policy: str = "pull_push"  # pull | push | pull_push


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoizeSpec:
    """What the result of a step depends on, so that an equal one can be taken over."""

    inputs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSpec:
    """Files kept from the execution."""

    paths: tuple[str, ...]
    expire_in: timedelta | None = None
    when: str = "success"  # success | failure | always


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSpec:
    """Globs of report files, read when the command has ended, whatever its exit code."""

    junit: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    sarif: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """Where a deployment goes."""

    name: str
    url: str = ""
    action: str = "deploy"  # deploy | rollback | stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencySpec:
    """At most `limit` of a group at once, and what happens to the others."""

    group: str
    limit: int = 1
    policy: str = "queue"  # queue | replace_pending | cancel_running


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSpec:
    """Where the commands of a step run, with the options of that place."""

    name: str
    options: Mapping[str, Any] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowFailure:
    """Empty `exit_codes` allows every failure."""

    exit_codes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One step as the file says it, with the defaults folded in."""

    id: str
    type: str = "custom"
    name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=nothing)  # `with`
    uses: str = ""
    uses_inputs: Mapping[str, Any] = field(default_factory=nothing)  # `with` beside `uses`
    group: str = ""
    needs: tuple[Need, ...] = ()
    when: tuple[WhenRule, ...] | None = None  # None: always; (): never
    outer_when: tuple[tuple[WhenRule, ...], ...] = ()  # of the templates it came from: each must match as well
    condition: str = ""  # `if`; empty means success()
    run: tuple[str, ...] = ()  # one script each line-block, joined by newlines when it runs
    shell: str = ""
    working_directory: str = ""
    executor: ExecutorSpec | None = None
    runs_on: str = ""
    priority: int = 0
    resources: Mapping[str, str] = field(default_factory=nothing)  # cpu, memory
    image: ImageSpec | None = None
    services: Mapping[str, ImageSpec] = field(default_factory=nothing)
    env: Mapping[str, str] = field(default_factory=nothing)
    secrets: tuple[str, ...] = ()
    network: str = ""  # none | limited | open
    outputs: tuple[str, ...] = ()
    matrix: MatrixSpec | None = None
    parallel: int = 0
    retry: RetryPolicy = RetryPolicy()
    timeout: timedelta = DEFAULT_TIMEOUT
    grace: timedelta = DEFAULT_GRACE
    allow_failure: AllowFailure | None = None
    cache: tuple[CacheSpec, ...] = ()
    memoize: MemoizeSpec | None = None
    artifacts: ArtifactSpec | None = None
    reports: ReportsSpec | None = None
    environment: EnvironmentSpec | None = None
    approval: ApprovalSpec | None = None
    concurrency: ConcurrencySpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """A value that is asked for when the pipeline starts."""

    name: str
    type: str = "string"  # string | number | boolean | choice
    description: str = ""
    default: Scalar = None
    required: bool = False
    options: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """Steps that are drawn and joined together."""

    name: str
    join: str = "wait_all"  # wait_all | wait_any | fail_fast
    max_parallel: int | None = None
    timeout: timedelta | None = None
    within: str = ""  # the group around it; only templates make such


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """When the pipeline starts by the clock, and what happens to starts that were missed."""

    cron: str
    timezone: str = "UTC"
    on_missed: str = "skip"  # skip | run_once | run_all


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSpec:
    """What starts the pipeline for one event. Globs are None where the file names none."""

    event: str
    branches: GlobSet | None = None
    tags: GlobSet | None = None
    paths: GlobSet | None = None
    schedules: tuple[ScheduleSpec, ...] = ()
    after: tuple[str, ...] = ()
    same_revision: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSpec:
    """`defaults` have already been folded into the steps; `env` has not, because a step may read why it has a value."""

    name: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[TriggerSpec, ...] = ()
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    concurrency: ConcurrencySpec | None = None
    max_parallel: int = DEFAULT_MAX_PARALLEL
    timeout: timedelta | None = None
    groups: Mapping[str, GroupSpec] = field(default_factory=dict)
    steps: Mapping[str, StepSpec] = field(default_factory=dict)
    final_steps: Mapping[str, StepSpec] = field(default_factory=dict)  # `finally`

    def groups_of(self, step: StepSpec) -> tuple[str, ...]:
        """The group of a step, and those around it; also one that nobody declared."""
        found: list[str] = []
        name = step.group
        while name and name not in found:
            found.append(name)
            name = self.groups[name].within if name in self.groups else ""
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What an execution is started for. `changed` is None where nobody knows which paths changed.

    `working_tree` says that a person runs it on their own checkout: `fetch_code` then takes what is not committed too.
    """

    event: str = "manual"
    branch: str = ""
    tag: str = ""
    commit: str = ""
    author: str = ""
    message: str = ""
    repository: str = ""
    changed: tuple[str, ...] | None = None
    working_tree: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
