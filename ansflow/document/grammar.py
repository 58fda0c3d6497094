"""The grammar of the pipeline file: its top level and the step, as data. `parts` holds what stands inside a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.schema import (
    JSON,
    Choice,
    Field,
    Integer,
    ListOf,
    MapOf,
    Named,
    Problems,
    Record,
    Shaped,
    Text,
    shown,
)
from ansflow.core.spec import ScheduleSpec
from ansflow.document import elsewhere
from ansflow.document.cron import Cron
from ansflow.document.parts import (
    EVENT,
    EXECUTOR,
    GLOBS,
    IMAGE,
    NEEDS,
    RESOURCES,
    SERVICES,
    WHEN,
)
from ansflow.document.policies import (
    ALLOW_FAILURE,
    APPROVAL,
    ARTIFACTS,
    CACHE,
    CONCURRENCY,
    ENVIRONMENT,
    MATRIX,
    MEMOIZE,
    REPORTS,
    RETRY,
)
from ansflow.document.words import (
    COUNT,
    ENV,
    FIXED_LINE,
    ID,
    ID_FORM,
    NAMES,
    PAUSE,
    SWITCH,
    TIME,
    VARIABLE,
    VARIABLE_FORM,
    WORD,
    Parameters,
    SingleValue,
)

VERSION = 1
RUN = ListOf(Text(multiline=True, minimum=1), minimum=1)
SHELL = Text(literal=True, minimum=1)
QUEUE = Text(minimum=1)
TEMPLATE_NAME = Text(
    literal=True,
    pattern=r"\.{1,2}/[^\s@]+|[\w.-]+/[\w./-]+@[\w.-]+",
    form="./path/to/template.yml, or owner/name@1.2",
)

STEP_RECORD = Record(
    what="a step",
    hint="Write a command, or a map with 'run'.",
    short="run",
    elsewhere=elsewhere.STEP,
    exclusive=(("run", "uses"), ("type", "uses")),
    fields={
        "type": Field(
            WORD,
            "What kind of work it does: fetch_code build test security_scan deploy notify custom, or a plug-in's.",
            default="custom",
        ),
        "name": Field(Text(), "What people read. Left out: the id."),
        "with": Field(Parameters(), "What the type, or the template, wants to know."),
        "uses": Field(TEMPLATE_NAME, "A template that stands in the place of this step."),
        "group": Field(WORD, "The group it belongs to."),
        "needs": Field(NEEDS, "What it waits for: ids of steps, or names of groups. Left out: it starts at once."),
        "when": Field(WHEN, "For which runs it is there, decided before the run: one of these maps must match."),
        "if": Field(Text(), "Whether it runs, decided when its turn comes.", default="success()"),
        "run": Field(RUN, "The commands; the first line that fails ends them."),
        "shell": Field(SHELL, "What reads the commands: bash, sh, python …"),
        "working_directory": Field(Text(), "Where they run, below the workspace."),
        "executor": Field(EXECUTOR, "Where they run: host, sandbox, container …"),
        "runs_on": Field(QUEUE, "The queue of workers it wants."),
        "priority": Field(Integer(literal=True, minimum=-1000, maximum=1000), "Higher goes first.", default=0),
        "resources": Field(RESOURCES, "What it may use."),
        "image": Field(IMAGE, "The container image it runs in."),
        "services": Field(SERVICES, "Containers that run beside it; each is reached by its name."),
        "env": Field(ENV, "Environment variables."),
        "secrets": Field(
            ListOf(Text(literal=True, pattern=VARIABLE, form=VARIABLE_FORM)),
            "Names of the secrets it may see, as environment variables of these names.",
        ),
        "network": Field(Choice(("none", "limited", "open"), literal=True), "What it may reach."),
        "outputs": Field(ListOf(WORD), "Names it writes to $ANSFLOW_OUTPUT, for later steps to read."),
        "matrix": Field(MATRIX, "Lists of values: the step runs once for each combination."),
        "parallel": Field(
            Integer(literal=True, minimum=1, maximum=1000), "Runs it so many times, with a number to share the work by."
        ),
        "retry": Field(RETRY, "How often and for what it is tried again."),
        "timeout": Field(TIME, "It is stopped after this time.", default="60m"),
        "grace": Field(PAUSE, "How long it may take to stop before it is killed.", default="10s"),
        "allow_failure": Field(ALLOW_FAILURE, "Its failure does not fail the run; it is shown amber, never green."),
        "cache": Field(CACHE, "Files kept from run to run."),
        "memoize": Field(MEMOIZE, "Takes over the result of an earlier run with the same inputs."),
        "artifacts": Field(ARTIFACTS, "Files kept with the run."),
        "reports": Field(REPORTS, "Files of results to read."),
        "environment": Field(ENVIRONMENT, "The environment it deploys to."),
        "approval": Field(APPROVAL, "Somebody must agree before it starts; no worker is held meanwhile."),
        "concurrency": Field(CONCURRENCY, "Which other executions it does not run beside."),
    },
)
STEP = Named("step", STEP_RECORD)
STEPS = MapOf(STEP, name=ID, form=ID_FORM, minimum=1, hint=elsewhere.STEPS_LIST)
FINAL_STEPS = MapOf(STEP, name=ID, form=ID_FORM, hint=elsewhere.STEPS_LIST)

# ── what starts it ───────────────────────────────────────────────────────────────────────────────────────────────

SCHEDULE = Record(
    what="a schedule",
    short="cron",
    elsewhere={"timeZone": elsewhere.called("timezone"), "tz": elsewhere.called("timezone")},
    fields={
        "cron": Field(
            Cron(literal=True, form="cron line"),
            "When: minute hour day month weekday.",
            required=True,
        ),
        "timezone": Field(FIXED_LINE, "The time zone of the cron line: Asia/Shanghai.", default="UTC"),
        "on_missed": Field(
            Choice(("skip", "run_once", "run_all"), literal=True),
            "What happens to times that passed while nothing ran.",
            default="skip",
        ),
    },
    makes=ScheduleSpec,
)

BRANCHES = Field(GLOBS, "Branches that start it. Left out: every branch.")
PATHS = Field(GLOBS, "Changed files that start it. Left out: every change.")
TAGS = Field(GLOBS, "Tags that start it. Left out: every tag.")


def _event(name: str, *, short: str = "", **fields: Field) -> Record:
    empty = not any(known.required for known in fields.values())
    return Record(what=f"on.{name}", short=short, empty=empty, elsewhere=elsewhere.FILTERS, fields=fields)


ON = Record(
    what="on",
    elsewhere=elsewhere.ON,
    fields={
        "push": Field(_event("push", short="branches", branches=BRANCHES, paths=PATHS), "Commits were pushed."),
        "pull_request": Field(
            _event("pull_request", short="branches", branches=BRANCHES, paths=PATHS),
            "A pull or merge request was opened or changed; branches are those it goes to.",
        ),
        "tag": Field(_event("tag", short="tags", tags=TAGS), "A Git tag was made."),
        "release": Field(_event("release", short="tags", tags=TAGS), "A release was published."),
        "schedule": Field(ListOf(SCHEDULE, minimum=1), "At certain times."),
        "manual": Field(_event("manual"), "By hand, with the inputs as a form."),
        "webhook": Field(_event("webhook"), "By a signed call from elsewhere."),
        "pipeline": Field(
            _event(
                "pipeline",
                short="after",
                after=Field(NAMES, "Names of the pipelines after whose success it starts.", required=True),
                same_revision=Field(SWITCH, "Takes the revision that they ran for.", default=False),
            ),
            "After other pipelines.",
        ),
    },
)

TRIGGERS = Shaped(
    forms=((dict, ON), ((str, list), ListOf(EVENT))),
    wanted="an event, a list of events or a map of them",
)

# ── inputs, groups, defaults ─────────────────────────────────────────────────────────────────────────────────────

INPUT_TYPES = ("string", "number", "boolean", "choice")


def input_type(keys: Mapping[str, Any]) -> str:
    """The type that was written, or the one that the default shows."""
    if "type" in keys:
        return str(keys["type"])
    default = keys.get("default")
    if keys.get("options"):
        return "choice"
    if isinstance(default, bool):
        return "boolean"
    return "number" if isinstance(default, (int, float)) else "string"


INPUT = Record(
    what="an input",
    short="default",
    empty=True,
    elsewhere={
        "choices": elsewhere.called("options"),
        "enum": elsewhere.called("options"),
        "value": elsewhere.called("default"),
        "regex": elsewhere.called("pattern"),
        "deprecationMessage": "Write it into 'description'.",
    },
    fields={
        "type": Field(
            Choice(
                INPUT_TYPES,
                literal=True,
                elsewhere={
                    "environment": "Write choice.",
                    "text": "Write string.",
                    "bool": "Write boolean.",
                    "integer": "Write number.",
                    "int": "Write number.",
                },
            ),
            "What may be given. Left out: what the default shows.",
        ),
        "description": Field(Text(literal=True, multiline=True), "Shown in the form."),
        "default": Field(SingleValue(), "Taken where nothing is given."),
        "required": Field(SWITCH, "A run without it is refused.", default=False),
        "options": Field(NAMES, "What can be chosen."),
        "pattern": Field(FIXED_LINE, "A regular expression that the whole text must match."),
    },
)

GROUP = Record(
    what="a group",
    short="join",
    empty=True,
    fields={
        "join": Field(
            Choice(("wait_all", "wait_any", "fail_fast"), literal=True),
            "wait_all: all end; wait_any: the first success cancels the rest; fail_fast: the first failure does.",
            default="wait_all",
        ),
        "max_parallel": Field(COUNT, "How many of its steps run at once."),
        "timeout": Field(TIME, "Its steps are stopped after this time."),
    },
)

DEFAULTS = Record(
    what="defaults",
    elsewhere={
        "run": "Write its keys directly under 'defaults'.",
        "env": "Write 'env' at the top.",
        "timeout-minutes": "Write timeout: 30m.",
        "runs-on": elsewhere.called("runs_on"),
    },
    fields={name: STEP_RECORD.fields[name] for name in ("image", "shell", "timeout", "retry", "runs_on")},
)


@dataclass(eq=False, repr=False)
class Version:
    """The version of the grammar that a file was written in."""

    def read(self, value: Any, path: Path, problems: Problems) -> int | None:
        if value == VERSION and type(value) is int:
            return VERSION
        message = f"Version {shown(value)} of the grammar is not known to this AnsFlow: it reads version {VERSION}."
        problems.add(path, "wrong_version", message, f"Write version: {VERSION}.")
        return None

    def json_schema(self) -> JSON:
        return {"const": VERSION}


PIPELINE = Record(
    what="the pipeline",
    hint="A pipeline begins with 'steps:'.",
    elsewhere=elsewhere.TOP,
    fields={
        "version": Field(Version(), "The version of this grammar.", default=VERSION),
        "name": Field(Text(literal=True), "What people read."),
        "description": Field(Text(literal=True, multiline=True), "What it is for."),
        "labels": Field(MapOf(Text(literal=True)), "Words to find it by."),
        "on": Field(TRIGGERS, "What starts it."),
        "inputs": Field(MapOf(INPUT, name=ID, form=ID_FORM), "Values that are asked for when it is started."),
        "env": Field(ENV, "Environment variables of every step."),
        "defaults": Field(DEFAULTS, "What a step has where it says nothing else."),
        "concurrency": Field(CONCURRENCY, "Which other executions it does not run beside."),
        "max_parallel": Field(COUNT, "How many steps of one execution run at once.", default=5),
        "timeout": Field(TIME, "The whole execution is stopped after this time."),
        "groups": Field(MapOf(GROUP, name=ID, form=ID_FORM), "How the steps of a group are joined."),
        "steps": Field(STEPS, "What runs: steps by id. The ids are the names in needs.", required=True),
        "finally": Field(FINAL_STEPS, "Steps that run at the end, whatever happened."),
    },
)
DEFINITIONS: tuple[Named, ...] = (STEP, IMAGE, GLOBS, RETRY, CONCURRENCY)
