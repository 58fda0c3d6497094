"""The grammar of a step's policies: how often, how long, what is kept, who must agree. Written as `parts` are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansflow.core.schema import (
    Choice,
    Field,
    Integer,
    ListOf,
    MapOf,
    Named,
    Number,
    Record,
    Shaped,
    Text,
)
from ansflow.core.spec import (
    AllowFailure,
    ApprovalField,
    ApprovalSpec,
    ArtifactSpec,
    CacheSpec,
    ConcurrencySpec,
    EnvironmentSpec,
    MatrixSpec,
    MemoizeSpec,
    ReportsSpec,
    RetryCause,
    RetryPolicy,
    Scalar,
)
from ansflow.document import elsewhere
from ansflow.document.words import (
    COUNT,
    ID,
    ID_FORM,
    LINE,
    LINES,
    NAMES,
    PAUSE,
    SWITCH,
    TIME,
    VARIABLE,
    VARIABLE_FORM,
    WORD,
    SingleValue,
)

# ── how often, how long ──────────────────────────────────────────────────────────────────────────────────────────


def _matrix(
    *,
    include: tuple[Any, ...] = (),
    exclude: tuple[Any, ...] = (),
    max_parallel: int | None = None,
    fail_fast: bool = True,
    **axes: tuple[Scalar, ...],
) -> MatrixSpec:
    return MatrixSpec(axes=axes, include=include, exclude=exclude, max_parallel=max_parallel, fail_fast=fail_fast)


LEG = MapOf(SingleValue(), name=ID, form=ID_FORM, minimum=1)
MATRIX = Record(
    what="matrix",
    hint="Write matrix: {python: [3.11, 3.12]}.",
    elsewhere={
        "fail-fast": elsewhere.called("fail_fast"),
        "max-parallel": elsewhere.called("max_parallel"),
        "matrix": "Write the axes directly under 'matrix'.",
        "setup": "Write the axes directly under 'matrix'.",
        "adjustments": "Write 'include' or 'exclude'.",
    },
    fields={
        "include": Field(ListOf(LEG), "Legs to add, or values to add to legs that match."),
        "exclude": Field(ListOf(LEG), "Legs to leave out."),
        "max_parallel": Field(COUNT, "How many legs run at once."),
        "fail_fast": Field(SWITCH, "The first leg that fails cancels the rest.", default=True),
    },
    rest=ListOf(SingleValue(), minimum=1),
    rest_name=ID,
    makes=_matrix,
)


CAUSES = ("exit_code", "timeout", "worker_lost")


def _retry(*, max: int = 0, on: tuple[Any, ...] = (), **keys: Any) -> RetryPolicy:
    causes = [cause for item in on for cause in (item if isinstance(item, list) else [RetryCause(kind=item)])]
    return RetryPolicy(max=max, on=tuple(causes), **keys)


def _exit_codes(*, exit_code: tuple[int, ...]) -> list[RetryCause]:
    return [RetryCause(kind="exit_code", code=code) for code in exit_code]


EXIT_CODES = ListOf(Integer(literal=True, minimum=0, maximum=255), minimum=1)
EXIT_CODE = Record(
    what="a cause",
    fields={"exit_code": Field(EXIT_CODES, "These exit codes.", required=True)},
    makes=_exit_codes,
)
CAUSE = Shaped(
    forms=((str, Choice(CAUSES, literal=True)), (dict, EXIT_CODE)),
    wanted="one of " + ", ".join(CAUSES) + ", or exit_code: 75",
)
RETRY = Named(
    "retry",
    Record(
        what="retry",
        short="max",
        elsewhere={
            "attempts": elsewhere.called("max"),
            "limit": elsewhere.called("max"),
            "count": elsewhere.called("max"),
            "when": elsewhere.called("on"),
            "exit_codes": "Write on: [{exit_code: [75]}].",
            "exit_code": "Write on: [{exit_code: [75]}].",
            "automatic": "Write 'max' and 'on'.",
        },
        fields={
            "max": Field(
                Integer(literal=True, minimum=0, maximum=100), "Further tries after the first.", required=True
            ),
            "on": Field(
                ListOf(CAUSE),
                "The causes to try again for. Left out: every cause.",
            ),
            "delay": Field(PAUSE, "How long to wait before the second try.", default="1s"),
            "backoff": Field(Number(literal=True, minimum=1, maximum=100), "Each wait is so much longer.", default=2),
            "max_delay": Field(PAUSE, "No wait is longer than this.", default="5m"),
        },
        makes=_retry,
    ),
)


def _allowed(*, exit_codes: tuple[int, ...]) -> AllowFailure:
    return AllowFailure(exit_codes=frozenset(exit_codes))


ALLOW_FAILURE = Shaped(
    forms=(
        (bool, SWITCH),
        (
            dict,
            Record(
                what="allow_failure",
                fields={"exit_codes": Field(EXIT_CODES, "Only these exit codes are allowed.", required=True)},
                makes=_allowed,
            ),
        ),
    ),
    wanted="true, false or exit_codes: [3]",
)

CONCURRENCY = Named(
    "concurrency",
    Record(
        what="concurrency",
        short="group",
        elsewhere={"cancel-in-progress": "Write policy: cancel_running.", "name": elsewhere.called("group")},
        fields={
            "group": Field(LINE, "Executions with the same group wait for each other.", required=True),
            "limit": Field(COUNT, "How many may run at once.", default=1),
            "policy": Field(
                Choice(("queue", "replace_pending", "cancel_running"), literal=True),
                "What happens to those before: they go first, only the newest waits, or they are cancelled.",
                default="queue",
            ),
        },
        makes=ConcurrencySpec,
    ),
)

# ── what it keeps ────────────────────────────────────────────────────────────────────────────────────────────────

CACHE = ListOf(
    Record(
        what="cache",
        elsewhere={
            "restore-keys": elsewhere.called("restore_keys"),
            "fallback_keys": elsewhere.called("restore_keys"),
            "path": elsewhere.called("paths"),
            "files": "Write key: ${{ hash_files('…') }}.",
            "untracked": "Name what to keep under 'paths'.",
            "when": "A cache is kept when the step succeeds.",
        },
        fields={
            "key": Field(LINE, "The name of this state: pip-${{ hash_files('requirements*.txt') }}.", required=True),
            "paths": Field(LINES, "Files and folders to keep, below the workspace.", required=True),
            "restore_keys": Field(LINES, "Beginnings of keys to take instead where the key itself is not there."),
            "policy": Field(
                Choice(("pull_push", "pull", "push"), literal=True),
                "Whether it is fetched, kept, or both.",
                default="pull_push",
            ),
        },
        makes=CacheSpec,
    )
)

MEMOIZE = Record(
    what="memoize",
    short="inputs",
    fields={
        "inputs": Field(LINES, "Globs of the files that the result depends on."),
        "env": Field(ListOf(Text(literal=True, pattern=VARIABLE, form=VARIABLE_FORM)), "Variables it depends on."),
        "ttl": Field(TIME, "How long a result may be used."),
    },
    makes=MemoizeSpec,
)

ARTIFACTS = Record(
    what="artifacts",
    short="paths",
    elsewhere={
        "path": elsewhere.called("paths"),
        "expire-in": elsewhere.called("expire_in"),
        "retention-days": "Write expire_in: 30d.",
        "name": "Artifacts are named by their paths.",
        "reports": "'reports' stands in the step, beside 'artifacts'.",
        "exclude": "Name what to keep, with globs, under 'paths'.",
    },
    fields={
        "paths": Field(LINES, "Globs of the files to keep. Links are neither followed nor kept.", required=True),
        "expire_in": Field(TIME, "When they are removed: 30d."),
        "when": Field(
            Choice(
                ("success", "failure", "always"),
                literal=True,
                elsewhere={"on_success": "Write success.", "on_failure": "Write failure."},
            ),
            "After which end they are kept.",
            default="success",
        ),
    },
    makes=ArtifactSpec,
)

REPORTS = Record(
    what="reports",
    short="junit",
    elsewhere={
        "coverage_report": elsewhere.called("coverage"),
        "sast": elsewhere.called("sarif"),
        "dotenv": "Write lines name=value to $ANSFLOW_OUTPUT, and the names under 'outputs'.",
    },
    fields={
        "junit": Field(LINES, "JUnit XML files with the results of tests."),
        "coverage": Field(LINES, "Cobertura XML or LCOV files."),
        "sarif": Field(LINES, "SARIF files with findings."),
    },
    makes=ReportsSpec,
)

# ── who must agree ───────────────────────────────────────────────────────────────────────────────────────────────

ENVIRONMENT = Record(
    what="environment",
    otherwise="Variables are written under 'env'; an environment is the place of a deployment.",
    short="name",
    elsewhere={"on_stop": "Write a step with action: stop.", "auto_stop_in": "Write a step with action: stop."},
    fields={
        "name": Field(LINE, "Where the deployment goes: production.", required=True),
        "url": Field(Text(), "Where it can be seen."),
        "action": Field(
            Choice(("deploy", "rollback", "stop"), literal=True, elsewhere={"start": "Write deploy."}),
            "What the step does to it.",
            default="deploy",
        ),
    },
    makes=EnvironmentSpec,
)

APPROVERS = Record(
    what="approvers",
    short="users",
    fields={
        "users": Field(NAMES, "These people may answer."),
        "groups": Field(NAMES, "Members of these groups may answer."),
    },
)


APPROVAL_FIELD = Record(
    what="a field",
    short="name",
    fields={
        "name": Field(WORD, "Its answer is read as $ANSFLOW_APPROVAL_NAME.", required=True),
        "type": Field(
            Choice(("string", "number", "boolean", "choice"), literal=True), "What is asked for.", default="string"
        ),
        "options": Field(NAMES, "What can be chosen."),
        "required": Field(SWITCH, "Nobody can approve without an answer.", default=False),
    },
    makes=ApprovalField,
)


def _approval(*, approvers: Mapping[str, Any] | None = None, **keys: Any) -> ApprovalSpec:
    return ApprovalSpec(**(approvers or {}), **keys)


APPROVAL = Shaped(
    forms=(
        (bool, SWITCH),
        (
            (str, dict),
            Record(
                what="approval",
                short="message",
                fields={
                    "message": Field(Text(multiline=True), "The question."),
                    "approvers": Field(APPROVERS, "Who may answer. Left out: everybody who may run the pipeline."),
                    "required": Field(COUNT, "How many must agree.", default=1),
                    "self_approval": Field(SWITCH, "Whether who started the run may agree.", default=True),
                    "fields": Field(ListOf(APPROVAL_FIELD), "What else is asked."),
                    "timeout": Field(TIME, "How long to wait for an answer. Left out: as long as it takes."),
                    "on_timeout": Field(
                        Choice(("reject", "approve", "skip"), literal=True), "What happens then.", default="reject"
                    ),
                },
                makes=_approval,
            ),
        ),
    ),
    wanted="true, a question or a map",
)
