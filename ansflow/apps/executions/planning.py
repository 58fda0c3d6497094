"""From a version and what somebody asks for to a plan: what starts it is checked, inputs are typed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansflow.apps.actor import Actor
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.pipelines.sources import check_version
from ansflow.apps.projects.models import Project
from ansflow.apps.projects.queries import variables
from ansflow.core.compile import compile_plan
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import Plan
from ansflow.core.spec import EVENTS, Trigger
from ansflow.plugins.checking import NO_WORKER, Available, queue_notes

EVENT_OF = {"webhook": "webhook", "schedule": "schedule", "pipeline": "pipeline"}
"""What `git.event` is for a trigger type, where the caller names no event. Everything else is `manual`."""

OF_CALLERS = frozenset({"manual", "api"})
"""What people and programs may say began an execution. Everything else this installation says, of what it has seen."""

COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
NOT_OF_CALLERS = "Whoever calls is no {type}: an execution over the API began by manual or api."
CHOOSE_EVENT = "`event` says what `when` is to see."
UNFIT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]\Z|\.lock\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller says about an execution that is to begin. Empty: what the project says, or nothing."""

    trigger_type: str = "manual"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    event: str = ""
    branch: str = ""
    tag: str = ""
    commit: str = ""
    message: str = ""
    steps: Sequence[str] = ()


def trigger_of(actor: Actor, project: Project, wish: Wish) -> Trigger:
    """What the execution is started for. Raises InvalidSpec that names the fields.

    Nobody but Git knows which paths changed: `changed` stays None, and every `path` rule counts as met.
    """
    problems = [*_bad_refs(wish)]
    if wish.event and wish.event not in EVENTS:
        problems.append(_wrong("event", f"There is no event {wish.event!r}. Known: {', '.join(EVENTS)}."))
    if wish.trigger_type not in OF_CALLERS and actor.user_id is not None:
        problems.append(_wrong("trigger_type", NOT_OF_CALLERS.format(type=wish.trigger_type), CHOOSE_EVENT))
    if problems:
        raise InvalidSpec(problems)
    event = wish.event or EVENT_OF.get(wish.trigger_type, "manual")
    return Trigger(
        event="tag" if wish.tag and event == "manual" else event,
        branch=wish.branch or ("" if wish.tag else project.default_branch),
        tag=wish.tag,
        commit=wish.commit,
        author=actor.name,
        message=wish.message,
        repository=project.repository,
    )


def plan_of(pipeline: Pipeline, version: Version, trigger: Trigger, wish: Wish) -> Plan:
    """Raises InvalidSpec: what the text, the parameters or the choice of steps do not fit."""
    checked = check_version(version)
    spec = checked.required()
    try:
        plan = compile_plan(
            spec,
            digest=checked.document.digest,
            trigger=trigger,
            inputs=wish.parameters,
            vars=variables(pipeline.project_id),
            only=wish.steps,
        )
    except InvalidSpec as error:
        raise InvalidSpec([_of_the_request(problem) for problem in error.problems]) from None
    return noted(replace(plan, name=pipeline.name), checked.here)


def noted(plan: Plan, here: Available, *, kept: Collection[str] = ()) -> Plan:
    """With what is to be said now of the queues in which its steps will wait, but for those that are taken over."""
    queues = queue_notes(plan, here, kept=kept)
    return replace(plan, notes=(*(note for note in plan.notes if note.code != NO_WORKER), *queues))


def _bad_refs(wish: Wish) -> Iterable[Problem]:
    for name, value in (("branch", wish.branch), ("tag", wish.tag)):
        if value and UNFIT_IN_A_REF.search(value):
            yield _wrong(name, f"Git allows no {name} of that name.")
    if wish.commit and not COMMIT.match(wish.commit):
        yield _wrong("commit", "A commit is 7 to 64 digits and letters from a to f, in small letters.")


def _of_the_request(problem: Problem) -> Problem:
    """In a request inputs are called `parameters`, and nobody has a command line."""
    if problem.path[:1] == ("inputs",) and problem.code in {"unknown_input", "missing_input", "wrong_input"}:
        hint = "" if problem.code == "missing_input" else problem.hint
        return replace(problem, path=("parameters", *problem.path[1:]), hint=hint)
    if problem.code == "unknown_step":
        return replace(problem, path=("steps",))
    return problem


def _wrong(name: str, message: str, hint: str = "") -> Problem:
    return Problem(code="invalid", message=message, hint=hint, path=(name,))
