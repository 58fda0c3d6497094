"""The grammar of a step's parts: when it runs, what it needs, where it runs. Each part makes its value.

A part says once what may be written, in which short form, and what each key means; the reader, the JSON Schema, the
reference page and the forms of the editor follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.schema import (
    JSON,
    Anything,
    Choice,
    Field,
    Kind,
    ListOf,
    MapOf,
    Named,
    Problems,
    Record,
    Shaped,
    Text,
)
from ansflow.core.spec import (
    EVENTS,
    NEED_STATUSES,
    ExecutorSpec,
    GlobSet,
    ImageSpec,
    Need,
    WhenRule,
)
from ansflow.document import elsewhere
from ansflow.document.words import (
    ENV,
    FIXED_LINE,
    ID,
    ID_FORM,
    LINE,
    SWITCH,
    WORD,
    plain,
)

# ── globs and conditions ─────────────────────────────────────────────────────────────────────────────────────────


def globs(item: Kind, what: str = "globs") -> Record:
    return Record(
        what=what,
        short="include",
        fields={
            "include": Field(ListOf(item), "What matches. Left out: everything."),
            "exclude": Field(ListOf(item), "What does not match, even if include matches it."),
        },
        makes=GlobSet,
    )


GLOBS = Named("globs", globs(FIXED_LINE))
EVENT = Choice(EVENTS, literal=True, elsewhere=elsewhere.ON)


@dataclass(eq=False, repr=False)
class EventGlob(Choice):
    """The name of an event, or a glob over these names."""

    def parse(self, value: Any, path: Path, problems: Problems) -> str | None:
        is_glob = isinstance(value, str) and bool(set(value) & set("*?[{!"))
        return value if is_glob else Choice.parse(self, value, path, problems)

    def shape(self) -> JSON:
        return {"anyOf": [Choice.shape(self), {"type": "string", "pattern": r"[*?\[{!]"}]}


EVENT_GLOB = EventGlob(EVENTS, literal=True, elsewhere=elsewhere.ON)


def _when(*, input: Mapping[str, GlobSet] | None = None, **keys: GlobSet) -> WhenRule:
    return WhenRule(**keys, inputs=input or {})


WHEN = ListOf(
    Record(
        what="when",
        short="event",
        elsewhere=elsewhere.WHEN,
        fields={
            "event": Field(globs(EVENT_GLOB, "event"), "What started the run: " + ", ".join(EVENTS) + "."),
            "branch": Field(GLOBS, "The branch; of a pull request, the branch it goes to."),
            "tag": Field(GLOBS, "The Git tag."),
            "path": Field(GLOBS, "A file that was changed: one match is enough."),
            "author": Field(GLOBS, "Who made the commit."),
            "input": Field(MapOf(GLOBS, name=ID, form=ID_FORM), "Inputs by name, each with globs over its value."),
        },
        makes=_when,
    )
)


@lru_cache(maxsize=1024)
def _need(*, step: str, status: tuple[str, ...] = ("success",), optional: bool = False, matrix: str = "all") -> Need:
    """Equal ones are one: thousands of steps may need the same."""
    return Need(step=step, statuses=_statuses(status), optional=optional, same_matrix=matrix == "same")


@lru_cache(maxsize=256)
def _statuses(status: tuple[str, ...]) -> frozenset[str]:
    return frozenset(status)


NEEDS = ListOf(
    Record(
        what="a need",
        short="step",
        elsewhere={
            "job": elsewhere.called("step"),
            "name": elsewhere.called("step"),
            "result": elsewhere.called("status"),
            "parallel": "Write matrix: same, or name the leg under 'if'.",
            "artifacts": "Artifacts of earlier steps are in the workspace.",
        },
        fields={
            "step": Field(WORD, "The id of a step, or the name of a group.", required=True),
            "status": Field(
                ListOf(Choice(NEED_STATUSES, literal=True), minimum=1),
                "How it must have ended; finished means in any way.",
                default="success",
            ),
            "optional": Field(SWITCH, "Go on where this run does not have that step.", default=False),
            "matrix": Field(
                Choice(("all", "same"), literal=True),
                "same: wait only for the leg with the same matrix values; all: for every leg.",
                default="all",
            ),
        },
        makes=_need,
    )
)

# ── where it runs ────────────────────────────────────────────────────────────────────────────────────────────────


def _executor(*, name: str, **options: Any) -> ExecutorSpec:
    return ExecutorSpec(name=name, options=plain(options)) if options else _without_options(name)


@lru_cache(maxsize=256)
def _without_options(name: str) -> ExecutorSpec:
    return ExecutorSpec(name=name)


EXECUTOR = Record(
    what="executor",
    short="name",
    open=False,
    rest=Anything(),
    rest_name=ID,
    elsewhere={"type": elsewhere.called("name")},
    fields={
        "name": Field(WORD, "Where the commands run; the other keys are the options of that executor.", required=True)
    },
    makes=_executor,
)

IMAGE = Named(
    "image",
    Record(
        what="image",
        short="name",
        elsewhere={
            "image": elsewhere.called("name"),
            "options": "Write 'command', 'env', 'ports' or 'healthcheck'.",
            "entrypoint": elsewhere.called("command"),
            "alias": "The key of the service is its name.",
            "variables": elsewhere.called("env"),
            "environment": elsewhere.called("env"),
        },
        fields={
            "name": Field(LINE, "The image: python:3.12, or registry/name@sha256:….", required=True),
            "command": Field(ListOf(Text()), "What to start in place of the command of the image."),
            "env": Field(ENV, "Environment variables of the container."),
            "ports": Field(ListOf(Text()), "Ports that it listens on."),
            "healthcheck": Field(Text(), "A command that succeeds when it is ready."),
        },
        makes=ImageSpec,
    ),
)

SERVICES = Shaped(
    forms=((dict, MapOf(IMAGE, name=ID, form=ID_FORM)), ((list, str), ListOf(IMAGE))),
    wanted="a map from name to image",
)

RESOURCES = Record(
    what="resources",
    elsewhere={
        "limits": "Write cpu and memory directly.",
        "requests": "Write cpu and memory directly.",
        "mem": elsewhere.called("memory"),
    },
    fields={
        "cpu": Field(
            Text(pattern=r"\d+(\.\d+)?m?", form="a number of processors such as 2, 0.5 or 500m"), "Processors."
        ),
        "memory": Field(Text(pattern=r"\d+(Ki|Mi|Gi|Ti|K|M|G|T)?", form="a size such as 512Mi or 2Gi"), "Main memory."),
    },
)
