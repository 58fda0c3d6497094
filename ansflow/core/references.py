"""The expressions of a spec, before the run: syntax, types, and whether what they read will be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from ansflow.core import expressions, graph, matrix, shell_text
from ansflow.core.errors import InvalidSpec, Path
from ansflow.core.expressions import ANY, BOOLEAN, LIST, MAP, NUMBER, TEXT, Expression, ExpressionError, Scope, Type
from ansflow.core.foreseen import FIXED, is_fixed
from ansflow.core.schema import Problems
from ansflow.core.spec import InputSpec, PipelineSpec, StepSpec
from ansflow.core.texts import step_texts, texts

TEXTS = Type("map", None, TEXT)
STEP = {"status": TEXT, "attempt": NUMBER, "allowed_failure": BOOLEAN, "reason": TEXT, "message": TEXT,
        "exit_code": ANY, "failing_tests": LIST}  # fmt: skip
BASE: Mapping[str, Type] = {
    "event": expressions.map_of({"name": TEXT, "author": TEXT, "message": TEXT, "changed": LIST, "payload": MAP}),
    "git": expressions.map_of(
        dict.fromkeys(("branch", "tag", "commit", "author", "message", "repository"), TEXT) | {"working_tree": BOOLEAN}
    ),
    "vars": TEXTS,
    "execution": expressions.map_of(
        {"id": NUMBER, "pipeline": TEXT, "status": TEXT, "started_by": TEXT, "failed": ANY}
    ),
}
INPUT_TYPES: Mapping[str, Type] = {"string": TEXT, "choice": TEXT, "number": NUMBER, "boolean": BOOLEAN}


def check_expressions(spec: PipelineSpec, problems: Problems) -> None:
    """Every expression of the spec. Called when the graph has no cycle."""
    _Expressions(spec, problems).check()


class _Expressions:
    def __init__(self, spec: PipelineSpec, problems: Problems) -> None:
        self.spec = spec
        self.problems = problems
        self.steps: Mapping[str, StepSpec] = {**spec.steps, **spec.final_steps}
        self.base = Scope(contexts={
            **BASE,
            "inputs": expressions.map_of({name: _input_type(given) for name, given in spec.inputs.items()}),
            "env": expressions.map_of(dict.fromkeys(spec.env, TEXT)),
        })  # fmt: skip

    def check(self) -> None:
        for path, text in texts(self.spec.env, ("env",)):
            self.text(text, path, self.base)
        for path, text in texts(self.spec.concurrency, ("concurrency",)):
            self.text(text, path, self.base)
        for root, steps in (("steps", self.spec.steps), ("finally", self.spec.final_steps)):
            for name, step in steps.items():
                self.step(step, (root, name))

    def step(self, step: StepSpec, place: Path) -> None:
        found = list(step_texts(step, place))
        if not (found or step.condition):
            return
        scope = self.scope(step)
        for path, text in found:
            if path[2:3] == ("run",):
                continue
            if path[2:3] == ("matrix",):
                message = "The values of a matrix are decided before the run, so they cannot hold expressions."
                self.problems.add(path, "not_literal", message, "Write the values themselves.")
            elif self.text(text, path, scope, step) and path[2:3] == ("runs_on",):
                self.known_before(text, path)
        if step.condition:
            self.condition(step, (*place, "if"), scope)
        self.script(step, (*place, "run"), scope)

    def text(self, text: str, path: Path, scope: Scope, step: StepSpec | None = None) -> bool:
        try:
            found = expressions.split(text)
        except ExpressionError as wrong:
            self.problems.add(path, wrong.code, str(wrong))
            return False
        for expression in found:
            if isinstance(expression, Expression):
                self.expression(expression, path, scope, step)
        return True

    def known_before(self, text: str, path: Path) -> None:
        if not all(is_fixed(part) for part in expressions.split(text) if isinstance(part, Expression)):
            message = "Which workers a step waits for is decided before the run, and only the run can tell this."
            hint = f"Let it follow from {', '.join(sorted(FIXED))} alone."
            self.problems.add(path, "known_too_late", message, hint)

    def condition(self, step: StepSpec, path: Path, scope: Scope) -> None:
        try:
            expression = expressions.parse(step.condition)
        except ExpressionError as wrong:
            hint = "`if` is one expression, without ${{ }}." if "${{" in step.condition else ""
            self.problems.add(path, wrong.code, str(wrong), hint)
            return
        if "hash_files" in expression.calls:
            message = "hash_files() reads the workspace, and `if` is decided before the step has one."
            self.problems.add(path, "bad_expression", message)
        self.expression(expression, path, replace(scope, status=True), step, wants="boolean")

    def script(self, step: StepSpec, path: Path, scope: Scope) -> None:
        script = "\n".join(step.run)
        if "${{" not in script or not self.text(script, path, scope, step):
            return
        try:
            shell_text.without_expressions(step)
        except InvalidSpec as refused:
            self.problems.extend(replace(problem, path=path) for problem in refused.problems)

    def expression(
        self, expression: Expression, path: Path, scope: Scope, step: StepSpec | None, *, wants: str = ""
    ) -> None:
        wrong = expressions.check(expression, scope, wants=wants)
        for message in wrong:
            self.problems.add(path, "bad_expression", message)
        if step is None or wrong:
            return
        for reference in sorted(expression.references):
            if reference[0] == "steps":
                self.reference(reference, path, step)

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

    def scope(self, step: StepSpec) -> Scope:
        contexts = {**self.base.contexts, "steps": self.known_steps}
        contexts["env"] = expressions.map_of(dict.fromkeys((*self.spec.env, *step.env, *_shard_names(step)), TEXT))
        if step.matrix is not None:
            contexts["matrix"] = expressions.map_of(_matrix_types(step))
        if step.environment is not None:
            contexts["environment"] = expressions.map_of(dict.fromkeys(("name", "url", "action"), TEXT))
        return Scope(contexts=contexts)

    @cached_property
    def known_steps(self) -> Type:
        found: dict[str, Type] = {}
        for name, step in self.steps.items():
            found[name] = kind = expressions.map_of({**STEP, "outputs": _output_types(step)})
            if matrix.is_bundle(step):
                found.update((leg.name, kind) for leg in matrix.legs(step))
        for name in self.spec.groups:
            found.setdefault(name, expressions.map_of({**STEP, "outputs": TEXTS}))
        return expressions.map_of(found)

    @cached_property
    def members(self) -> Mapping[str, Sequence[str]]:
        """The step ids that a name after `steps.` stands for."""
        found: dict[str, list[str]] = {}
        for name, step in self.steps.items():
            found[name] = [name]
            for group in self.spec.groups_of(step):
                found.setdefault(group, []).append(name)
            if matrix.is_bundle(step):
                found.update((leg.name, [name]) for leg in matrix.legs(step))
        return found

    @cached_property
    def bits(self) -> Mapping[str, int]:
        return {name: 1 << at for at, name in enumerate(self.steps)}

    @cached_property
    def ancestors(self) -> Mapping[str, int]:
        """For each step a set of bits: everything that has ended when it starts."""
        needs = {
            name: [one for need in step.needs for one in self.members.get(need.step, ())]
            for name, step in self.steps.items()
        }
        before_finals = sum(self.bits[name] for name in self.spec.steps)
        found: dict[str, int] = {}
        for name in graph.order(needs):
            ended = before_finals if name in self.spec.final_steps else 0
            for need in needs[name]:
                ended |= found.get(need, 0) | self.bits[need]
            found[name] = ended
        return found

    def reference(self, reference: tuple[str, ...], path: Path, step: StepSpec) -> None:
        if len(reference) == 1:
            return
        name = reference[1]
        missing = [one for one in self.members.get(name, ()) if not self.ancestors[step.id] & self.bits[one]]
        if missing:
            message = f"{step.id} reads steps.{name}, and does not need it: the value would not be there yet."
            hint = f"Write `needs: {name}`." if step.id != name else "A step cannot read its own result."
            self.problems.add(path, "not_needed", message, hint)


def _input_type(given: InputSpec) -> Type:
    return INPUT_TYPES.get(given.type, ANY)


def _matrix_types(step: StepSpec) -> dict[str, Type]:
    """A value that some legs lack is null there, so it may be compared with anything."""
    assert step.matrix is not None
    found: dict[str, set[Type]] = {
        axis: {expressions.type_of(value) for value in values} for axis, values in step.matrix.axes.items()
    }
    for extra in step.matrix.include:
        for axis, value in extra.items():
            found.setdefault(axis, {ANY}).add(expressions.type_of(value))
    return {axis: types.pop() if len(types) == 1 else ANY for axis, types in found.items()}


def _output_types(step: StepSpec) -> Type:
    """A step type may have outputs of its own; only those of a plain script are all declared."""
    if step.type != "custom":
        return TEXTS
    return expressions.map_of(dict.fromkeys(step.outputs, TEXT))


def _shard_names(step: StepSpec) -> tuple[str, ...]:
    return (matrix.SHARD, matrix.SHARDS) if step.parallel else ()
