"""What can be wrong with a spec as a whole. What is wrong with a single value was found when it was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansflow.core import globs, graph, inputs, matrix
from ansflow.core.errors import Path, Problem
from ansflow.core.plan import wrong_queue
from ansflow.core.schema import Problems, nearest
from ansflow.core.spec import EVENTS, ApprovalSpec, GlobSet, InputSpec, PipelineSpec, StepSpec, WhenRule
from ansflow.core.texts import has_expressions

UNSOUND = frozenset({"cycle", "self_need", "duplicate_id", "too_many_steps"})
"""Problems with which nobody could say what an expression may read."""

GIVEN = frozenset(
    {
        *("CI", "CONTINUOUS_INTEGRATION", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG"),
        *("CI_COMMIT_MESSAGE", "CI_REPO_URL", "ANSFLOW", "ANSFLOW_EXECUTION_ID", "ANSFLOW_PIPELINE", "ANSFLOW_STEP"),
        *("ANSFLOW_COMMIT", "ANSFLOW_BRANCH", "ANSFLOW_TRIGGER_TYPE", "ANSFLOW_EVENT", "ANSFLOW_ACTOR"),
        *("ANSFLOW_EXECUTION_NUMBER", "ANSFLOW_EXECUTION_URL", "ANSFLOW_PROJECT"),
        *("ANSFLOW_ATTEMPT", "ANSFLOW_ATTEMPT_KEY", "ANSFLOW_WORKSPACE", "ANSFLOW_OUTPUT"),
        *("ANSFLOW_SUMMARY", "ANSFLOW_STEP_SUMMARY"),
    }
)
"""Variables that the engine gives to every step, whatever its file says."""

MAX_STEPS = 10_000
MAX_EDGES = 200_000


def check(spec: PipelineSpec) -> list[Problem]:
    """Everything that is wrong, with the path of each place. Empty when the spec can be compiled."""
    problems = Problems()
    checks = _Checks(spec, problems)
    checks.names()
    checks.needs()
    checks.cycles()
    _check_variables(spec.env, ("env",), problems)
    for place, step in checks.placed():
        _check_variables(step.env, (*place, "env"), problems)
        _check_variables(step.secrets, (*place, "secrets"), problems)
        _check_matrix(step, place, problems)
        _check_when(step, place, spec, problems)
        _check_globs(step, place, problems)
        if "${{" not in step.runs_on and (wrong := wrong_queue(step.runs_on)):
            problems.add((*place, "runs_on"), "bad_queue", wrong)
        if step.approval is not None:
            _check_approval(step.approval, (*place, "approval"), problems)
    for name, given in spec.inputs.items():
        _check_input(given, ("inputs", name), problems)
    if not problems:
        checks.size()
    if not problems:
        checks.same_legs()
    if has_expressions(spec) and not any(problem.code in UNSOUND for problem in problems):
        from ansflow.core.references import check_expressions  # noqa: PLC0415 — costs time only where there are some

        check_expressions(spec, problems)
    return list(problems)


class _Checks:
    """The checks that look at several steps at once."""

    def __init__(self, spec: PipelineSpec, problems: Problems) -> None:
        self.spec = spec
        self.problems = problems
        self.steps: Mapping[str, StepSpec] = {**spec.steps, **spec.final_steps}
        self.groups: dict[str, list[str]] = {}
        for name, step in self.steps.items():
            for group in spec.groups_of(step):
                self.groups.setdefault(group, []).append(name)

    def placed(self) -> Iterator[tuple[Path, StepSpec]]:
        for root, steps in (("steps", self.spec.steps), ("finally", self.spec.final_steps)):
            for name, step in steps.items():
                yield (root, name), step

    def names(self) -> None:
        for name in self.spec.final_steps:
            if name in self.spec.steps:
                self.problems.add(("finally", name), "duplicate_id", f"{name!r} is already the id of a step.",
                                  "Steps and `finally` share their ids: rename one.")  # fmt: skip
        for name in self.spec.groups:
            if name in self.steps:
                self.problems.add(("groups", name), "duplicate_id", f"{name!r} names both a group and a step.",
                                  "`needs` could not tell them apart: rename one.")  # fmt: skip
            elif name not in self.groups:
                self.problems.add(("groups", name), "unused_group", f"No step is in the group {name!r}.",
                                  f"Write `group: {name}` in its steps, or take the group out.")  # fmt: skip
        for place, step in self.placed():
            if step.group and step.group not in self.spec.groups:
                hint = nearest(step.group, self.spec.groups) or f"Declare it: `groups: {{{step.group}: {{}}}}`."
                self.problems.add((*place, "group"), "unknown_group", f"There is no group {step.group!r}.", hint)

    def needs(self) -> None:
        for place, step in self.placed():
            for at, need in enumerate(step.needs):
                self._check_need(step, need.step, (*place, "needs", at), optional=need.optional)

    def _check_need(self, step: StepSpec, wanted: str, place: Path, *, optional: bool) -> None:
        if wanted == step.id:
            self.problems.add(place, "self_need", f"{step.id} needs itself: it could never start.")
        elif wanted and wanted in self.spec.groups_of(step):
            message = f"{step.id} needs the group {wanted!r}, and stands in it: it could never start."
            self.problems.add(place, "self_need", message)
        elif wanted not in self.steps and wanted not in self.groups:
            if not optional:
                hint = nearest(wanted, (*self.steps, *self.groups)) or "Known: " + _some(self.steps) + "."
                self.problems.add(
                    place, "unknown_need", f"{step.id} needs {wanted!r}, and there is no such step.", hint
                )
        elif step.id in self.spec.steps and self._is_final(wanted):
            message = f"{step.id} needs {wanted}, which stands under `finally` and runs after every step."
            self.problems.add(place, "needs_final", message, "Take the need out, or move this step to `finally`.")

    def _is_final(self, wanted: str) -> bool:
        return any(name in self.spec.final_steps for name in self.groups.get(wanted, [wanted]))

    def cycles(self) -> None:
        """A group counts as a step that needs its members: so a cycle through it names it."""
        needs: dict[str, Sequence[str]] = {
            name: [need.step for need in step.needs if need.step not in (name, *self.spec.groups_of(step))]
            for name, step in self.steps.items()
        }
        needs |= {name: members for name, members in self.groups.items() if name not in self.steps}
        for cycle in graph.cycles(needs):
            first = next(name for name in cycle if name in self.steps)
            root = "steps" if first in self.spec.steps else "finally"
            message = f"These steps wait for each other: {graph.shown_cycle(cycle)}."
            self.problems.add((root, first, "needs"), "cycle", message, "Take one of these needs out.")

    def size(self) -> None:
        """Only where all names are known: counts what would be planned before anything is made."""
        sizes = {name: matrix.size(step) for name, step in self.steps.items()}
        total = sum(sizes.values())
        if total > MAX_STEPS:
            largest = max(sizes, key=sizes.__getitem__)
            message = f"The pipeline has {total} steps with all legs; at most {MAX_STEPS} can be planned."
            self.problems.add(("steps",), "too_many_steps", message, f"{largest} alone has {sizes[largest]} legs.")
            return
        sizes |= {name: sum(sizes[member] for member in members) for name, members in self.groups.items()}
        for place, step in self.placed():
            edges = sum(sizes.get(need.step, 0) for need in step.needs if not need.same_matrix) * sizes[step.id]
            if edges > MAX_EDGES:
                message = f"The legs of {step.id} and of what it needs are joined by {edges} edges; {MAX_EDGES} can be."
                hint = "Write `matrix: same` on the need, or put one step between the two."
                self.problems.add((*place, "needs"), "too_many_edges", message, hint)

    def same_legs(self) -> None:
        """`matrix: same` needs a counterpart for every leg, unless the need is optional."""
        for place, step in self.placed():
            for at, need in enumerate(step.needs):
                if not need.same_matrix or need.optional or need.step not in self.steps:
                    continue
                joined = matrix.joined(matrix.legs(step), matrix.legs(self.steps[need.step]))
                alone = [name for name, others in joined.items() if not others]
                if alone:
                    message = f"{alone[0]} needs the same leg of {need.step}, and there is none."
                    hint = "Give both the same values, or write `optional: true` on the need."
                    self.problems.add((*place, "needs", at), "no_same_leg", message, hint)


def _check_variables(names: Iterable[str], place: Path, problems: Problems) -> None:
    for at, name in enumerate(names):
        if name in GIVEN:
            message = f"AnsFlow itself gives {name} to every step, so it cannot be set here."
            problems.add((*place, at if place[-1] == "secrets" else name), "given", message, "Choose another name.")


def _check_matrix(step: StepSpec, place: Path, problems: Problems) -> None:
    if step.matrix is None or matrix.size(step) > MAX_STEPS:
        return
    place = (*place, "matrix")
    for axis, values in step.matrix.axes.items():
        if not values:
            problems.add((*place, axis), "empty_axis", f"The axis {axis!r} has no values, so {step.id} has no legs.")
    for at, pattern in enumerate(step.matrix.exclude):
        unknown = next((axis for axis in pattern if axis not in step.matrix.axes), None)
        if unknown is not None:
            message = f"`exclude` names the axis {unknown!r}, which this matrix does not have."
            problems.add((*place, "exclude", at, unknown), "unknown_axis", message, nearest(unknown, step.matrix.axes))
    names = [leg.name for leg in matrix.legs(step)]
    if not names and all(step.matrix.axes.values()):
        hint = "`exclude` takes every combination out." if step.matrix.exclude else "Give it an axis."
        problems.add(place, "no_legs", f"The matrix of {step.id} has no legs: nothing is left to run.", hint)
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice:
        problems.add(place, "same_leg", f"Two legs are both called {twice!r}.", "Take one of them out.")


def _check_when(step: StepSpec, place: Path, spec: PipelineSpec, problems: Problems) -> None:
    for at, rule in enumerate(step.when or ()):
        here: Path = (*place, "when", at)
        for key, wanted in _globs_of(rule):
            _check_glob_set(wanted, (*here, *key), problems)
        for name in rule.inputs:
            if name not in spec.inputs:
                hint = nearest(name, spec.inputs) or "Declare it under `inputs`."
                problems.add((*here, "input", name), "unknown_input", f"There is no input {name!r}.", hint)
        for word in (*rule.event.include, *rule.event.exclude) if rule.event else ():
            if not globs.problem(word) and not any(globs.matches(word, event) for event in EVENTS):
                hint = nearest(word, EVENTS) or "Known: " + ", ".join(EVENTS) + "."
                problems.add((*here, "event"), "unknown_event", f"There is no event {word!r}.", hint)


def _globs_of(rule: WhenRule) -> Iterator[tuple[Path, GlobSet]]:
    for key in ("event", "branch", "tag", "path", "author"):
        wanted = getattr(rule, key)
        if wanted is not None:
            yield (key,), wanted
    for name, wanted in rule.inputs.items():
        yield ("input", name), wanted


def _check_glob_set(wanted: GlobSet, place: Path, problems: Problems) -> None:
    for glob in (*wanted.include, *wanted.exclude):
        _check_glob(glob, place, problems)


def _check_glob(glob: str, place: Path, problems: Problems) -> None:
    wrong = "" if "${{" in glob else globs.problem(glob)
    if wrong:
        problems.add(place, "bad_glob", wrong)


def _check_globs(step: StepSpec, place: Path, problems: Problems) -> None:
    for key, found in (
        ("artifacts", step.artifacts.paths if step.artifacts else ()),
        ("memoize", step.memoize.inputs if step.memoize else ()),
        ("reports", (*step.reports.junit, *step.reports.coverage, *step.reports.sarif) if step.reports else ()),
    ):
        for glob in found:
            _check_glob(glob, (*place, key), problems)


def _check_approval(approval: ApprovalSpec, place: Path, problems: Problems) -> None:
    if approval.required < 1:
        problems.add((*place, "required"), "bad_approval", f"{approval.required} approvals open no gate.", "Write 1.")
    if approval.users and not approval.groups and approval.required > len(set(approval.users)):
        message = f"{approval.required} approvals are required, and only {len(set(approval.users))} people may approve."
        problems.add((*place, "required"), "bad_approval", message, "Name more users, or a group.")
    if approval.timeout is None and approval.on_timeout != "reject":
        message = f"`on_timeout: {approval.on_timeout}` never happens: the approval has no time-out."
        problems.add((*place, "on_timeout"), "bad_approval", message, "Write `timeout: 24h`.")
    names = [field.name for field in approval.fields]
    for at, field in enumerate(approval.fields):
        if field.type == "choice" and not field.options:
            message = f"The field {field.name!r} is a choice without options."
            problems.add((*place, "fields", at), "bad_approval", message, "Write `options: [now, tonight]`.")
        if field.options and field.type != "choice":
            message = f"The field {field.name!r} is a {field.type}, so `options` would not be used."
            problems.add((*place, "fields", at, "options"), "bad_approval", message, "Write `type: choice`.")
        if field.name in names[:at]:
            problems.add((*place, "fields", at), "bad_approval", f"Two fields are called {field.name!r}.")


def _check_input(given: InputSpec, place: Path, problems: Problems) -> None:
    if given.type == "choice" and not given.options:
        problems.add(place, "bad_input", f"The input {given.name!r} is a choice without options.",
                     "Write `options: [a, b]`.")  # fmt: skip
        return
    if given.options and given.type != "choice":
        message = f"The input {given.name!r} is a {given.type}, so `options` would not be used."
        problems.add((*place, "options"), "bad_input", message, "Write `type: choice`.")
        return
    if given.pattern and (wrong := inputs.bad_pattern(given.pattern)):
        problems.add((*place, "pattern"), "bad_pattern", wrong)
        return
    if given.default is not None:
        wrong_default = inputs.misfit(given, inputs.converted(given, given.default))
        if wrong_default:
            message = f"The default of the input {given.name!r} {wrong_default}."
            problems.add((*place, "default"), "bad_input", message)


def _some(names: Mapping[str, object], most: int = 10) -> str:
    shown = list(names)[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
