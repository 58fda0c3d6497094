"""Templates in the place of the steps that use them: a pure function from spec and loaded templates to spec.

    steps:                                     steps:
      check:                                     check.lint: {group: check, needs: source, …}
        uses: ./templates/python.yml    →        check.unit: {group: check, needs: check.lint, …}
        needs: source

The steps get the id of the using step in front, and are a group of its name: who needs `check` needs the group. Those
that need nothing in the template get the needs of the using step. Its `when` must match as well as their own; its `env`
stands under theirs. Its `if` is asked of those that need nothing, and of the others too unless it asks for a status
(`failure()`), which means the needs of the using step. In expressions `inputs.x` becomes what `with` says, and
`steps.unit` becomes `steps['check.unit']`.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ansflow.core import inputs as typed
from ansflow.core.errors import Path, Problem
from ansflow.core.expressions import STATUS_FUNCTIONS, Expression, ExpressionError, as_text, parse, split
from ansflow.core.expressions.tree import Access, Literal, Name, Node, children
from ansflow.core.schema import nearest
from ansflow.core.spec import GroupSpec, InputSpec, Need, PipelineSpec, StepSpec
from ansflow.core.texts import mapped_step, step_texts

MAX_DEPTH = 10
MAX_STEPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a step was written: a template's file, and the path of the step in it."""

    file: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """`origins` has an entry for each step that came from a template."""

    spec: PipelineSpec
    origins: Mapping[str, Origin]
    problems: tuple[Problem, ...]


def resolve(file: str, uses: str) -> str:
    """The template that `uses` means in `file`, both from the root of the repository; "" when it leads out of it."""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(file), uses))
    return "" if found.startswith(("../", "/")) or found == ".." else found


def is_file(step: StepSpec) -> bool:
    """Whether `uses` names a file of the repository, and not a template of a library."""
    return step.uses.startswith(("./", "../"))


def expand(spec: PipelineSpec, templates: Mapping[str, PipelineSpec], *, file: str) -> Expanded:
    """`templates` by their path from the root; one that is missing there has been reported by who loaded them."""
    expansion = _Expansion(templates)
    steps = expansion.steps(spec.steps, file, ("steps",))
    final_steps = expansion.steps(spec.final_steps, file, ("finally",))
    groups = {**spec.groups, **expansion.groups}
    return Expanded(
        spec=replace(spec, steps=steps, final_steps=final_steps, groups=groups),
        origins=expansion.origins,
        problems=tuple(expansion.problems),
    )


class _Expansion:
    def __init__(self, templates: Mapping[str, PipelineSpec]) -> None:
        self.templates = templates
        self.groups: dict[str, GroupSpec] = {}
        self.origins: dict[str, Origin] = {}
        self.problems: list[Problem] = []

    def steps(self, steps: Mapping[str, StepSpec], file: str, root: Path) -> dict[str, StepSpec]:
        found: dict[str, StepSpec] = {}
        for name, step in steps.items():
            origin = Origin(file="", path=(*root, name))
            for expanded in self.step(step, file, origin, ()):
                found[expanded.id] = expanded
        return found

    def step(self, step: StepSpec, file: str, origin: Origin, chain: tuple[str, ...]) -> Iterator[StepSpec]:
        """The step itself, or what its template puts in its place. `chain` holds the templates around it."""
        target = resolve(file, step.uses) if is_file(step) else ""
        template = self.templates.get(target)
        if template is None or target in chain or len(chain) == MAX_DEPTH:
            yield step
            return
        values = self.values(step, template, origin)
        self.groups[step.id] = GroupSpec(name=step.id, within=step.group)
        place = _Placing(step, template, values)
        for inner in template.steps.values():
            if len(self.origins) > MAX_STEPS:
                return
            here = Origin(file=target, path=("steps", inner.id))
            if not self.fits(inner, template, here):
                continue
            placed = place.step(inner)
            self.origins[placed.id] = here
            yield from self.step(placed, target, self.origins[placed.id], (*chain, target))

    def fits(self, inner: StepSpec, template: PipelineSpec, here: Origin) -> bool:
        """Whether a step says nothing that has no meaning in a template."""
        before = len(self.problems)
        if inner.group:
            message = "A step of a template stands in the group of the step that uses the template."
            self.problems.append(
                Problem(code="in_template", message=message, path=(*here.path, "group"), file=here.file)
            )
        if any(rule.inputs for rule in inner.when or ()):
            message = "In a template `when` cannot ask for inputs, which are those of the pipeline."
            hint = "Write `if: inputs.name == …`."
            path = (*here.path, "when")
            self.problems.append(Problem(code="in_template", message=message, hint=hint, path=path, file=here.file))
        for path, text in [
            *step_texts(inner),
            *([(("if",), f"${{{{ {inner.condition} }}}}")] if inner.condition else []),
        ]:
            self.readable(text, template, Origin(file=here.file, path=(*here.path, *path)))
        return len(self.problems) == before

    def readable(self, text: str, template: PipelineSpec, here: Origin) -> None:
        """A template reads its own inputs and steps, and no others."""
        try:
            references = sorted(
                {path for part in split(text) if isinstance(part, Expression) for path in part.references}
            )
        except ExpressionError as wrong:
            self.problems.append(Problem(code=wrong.code, message=str(wrong), path=here.path, file=here.file))
            return
        for root, *names in references:
            known = {"steps": template.steps, "inputs": template.inputs}.get(root)
            if known is None or (root == "inputs" and not names) or (names and names[0] in known):
                continue
            what = f"{root}.{names[0]}, which the template does not have" if names else "a step whose name is computed"
            hint = nearest(names[0], known) if names else "Write the name of the step."
            message = f"A template reads its own steps and inputs: this one reads {what}."
            self.problems.append(
                Problem(code="bad_expression", message=message, hint=hint, path=here.path, file=here.file)
            )

    def values(self, step: StepSpec, template: PipelineSpec, origin: Origin) -> dict[str, str]:
        """The text of an expression for each input of the template."""
        given = step.uses_inputs
        for name in given:
            if name not in template.inputs:
                known = "Known: " + ", ".join(template.inputs) + "." if template.inputs else "It takes none."
                hint = nearest(name, template.inputs) or known
                self.problem(origin, name, "unknown_input", f"The template has no input {name!r}.", hint)
        return {name: self.value(spec, given.get(name), origin) for name, spec in template.inputs.items()}

    def value(self, spec: InputSpec, given: Any, origin: Origin) -> str:
        if given is None:
            if spec.required and spec.default is None:
                message = f"The template needs its input {spec.name!r}."
                self.problem(origin, "", "missing_input", message, spec.description)
            given = typed.EMPTY.get(spec.type) if spec.default is None else typed.converted(spec, spec.default)
            return literal(given)
        if isinstance(given, str) and "${{" in given:
            if spec.type == "choice" or spec.pattern:
                message = f"The input {spec.name!r} is checked before the run, so it cannot be given an expression."
                self.problem(origin, spec.name, "wrong_input", message)
            return as_expression(given)
        wrong = "wants a single value" if isinstance(given, (list, Mapping)) else ""
        value = given if wrong else typed.converted(spec, given)
        wrong = wrong or typed.misfit(spec, value)
        if wrong:
            hint = nearest(value, spec.options) if isinstance(value, str) else ""
            self.problem(origin, spec.name, "wrong_input", f"The input {spec.name!r} {wrong}.", hint)
        return literal(None if wrong else value)

    def problem(self, origin: Origin, name: str, code: str, message: str, hint: str = "") -> None:
        path = (*origin.path, "with", name) if name else origin.path
        self.problems.append(Problem(code=code, message=message, hint=hint, path=path, file=origin.file))


class _Placing:
    """One use of one template."""

    def __init__(self, using: StepSpec, template: PipelineSpec, values: Mapping[str, str]) -> None:
        self.using = using
        self.template = template
        self.values = values

    def step(self, inner: StepSpec) -> StepSpec:
        using = self.using
        placed = mapped_step(inner, self.text)
        outer_when = (*using.outer_when, *(() if using.when is None else (using.when,)))
        return replace(
            placed,
            id=self.name(inner.id),
            group=using.id,
            needs=tuple(self.need(need) for need in inner.needs) or using.needs,
            outer_when=(*outer_when, *inner.outer_when),
            condition=self.condition(inner),
            env={**using.env, **placed.env},
        )

    def name(self, inner: str) -> str:
        return f"{self.using.id}.{inner}"

    def need(self, need: Need) -> Need:
        return replace(need, step=self.name(need.step))

    def condition(self, inner: StepSpec) -> str:
        own = self.expression(parse(inner.condition)) if inner.condition else ""
        outer = self.using.condition
        if not outer or (inner.needs and parse(outer).calls & STATUS_FUNCTIONS):
            return own
        if not own:
            return outer if not inner.needs else f"success() && ({outer})"
        return f"({outer}) && ({own})"

    def text(self, text: str) -> str:
        parts = split(text)
        return "".join(part if isinstance(part, str) else f"${{{{ {self.expression(part)} }}}}" for part in parts)

    def expression(self, expression: Expression) -> str:
        """Its text with inputs and step ids replaced, from the end, so that the offsets before stay true."""
        text = expression.text
        for start, end, new in sorted(self.edits(parse(text).node, text), reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def edits(self, node: Node, text: str) -> Iterator[tuple[int, int, str]]:
        if isinstance(node, Access) and isinstance(node.of, Name) and isinstance(node.key, Literal):
            name = as_text(node.key.value)
            new = {"inputs": self.values, "steps": self.renamed}.get(node.of.name, {}).get(name)
            if new is not None:
                yield node.of.offset, _end_of_key(text, node.key), new
                return
        if isinstance(node, Name) and node.name == "inputs":
            items = ", ".join(f"{literal(name)}: {value}" for name, value in self.values.items())
            yield node.offset, node.offset + len("inputs"), f"{{{items}}}"
        for child in children(node):
            yield from self.edits(child, text)

    @cached_property
    def renamed(self) -> dict[str, str]:
        return {name: f"steps[{literal(self.name(name))}]" for name in self.template.steps}


KEY = re.compile(r"""(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|-?[0-9.]+)\s*\]|[A-Za-z_][A-Za-z0-9_-]*""")


def _end_of_key(text: str, key: Literal) -> int:
    """Behind `name` of `.name`, or behind the bracket of `['name']`."""
    found = KEY.match(text, key.offset)
    return found.end() if found else key.offset


def literal(value: Any) -> str:
    """A value as an expression writes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


def as_expression(text: str) -> str:
    """Text that holds expressions, as one expression: `${{ a }}` is `(a)`, and `v${{ a }}` is `format('v{0}', a)`."""
    parts = split(text)
    found = [part.text for part in parts if isinstance(part, Expression)]
    if len(parts) == 1:
        return f"({found[0]})"
    numbers = iter(range(len(found)))
    template = "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else f"{{{next(numbers)}}}"
        for part in parts
    )
    return f"format({', '.join([literal(template), *found])})"
