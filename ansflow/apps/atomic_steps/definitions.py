"""The text of a saved step: one step as it stands in a pipeline file, below its id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.spec import StepSpec
from ansflow.document.reader import Document, read
from ansflow.plugins.checking import Available, missing_here

LEAD = "steps:\n  saved:\n"
INDENT = "    "
ELSEWHERE = ("needs", "group")
"""What only the pipeline can say in which the step is put."""


def step_of(definition: str) -> StepSpec:
    """The step that the text describes. Raises InvalidSpec with every problem, placed in it. What the step refers to
    (inputs, other steps), and whether it may run here, is judged where it is used."""
    text = LEAD + "".join(INDENT + line for line in definition.splitlines(keepends=True))
    document = read(text)
    problems = [_placed(problem) for problem in document.placed(_problems(document))]
    if problems or document.spec is None:
        raise InvalidSpec(problems)
    if list(document.spec.steps) != ["saved"] or document.spec.final_steps:
        raise InvalidSpec([Problem(code="invalid", message="This is more than one step.", path=("definition",))])
    return document.spec.steps["saved"]


def _problems(document: Document) -> Iterator[Problem]:
    yield from document.problems
    spec = document.draft
    if spec is None or document.problems:
        return
    yield from missing_here(spec, Available(server=True))
    for key in ELSEWHERE:
        if document.is_written(("steps", "saved", key)):
            message = f"{key!r} is said by the pipeline that uses the step."
            yield Problem(code="not_here", message=message, hint="Take it out.", path=("steps", "saved", key))


def _placed(problem: Problem) -> Problem:
    """Its place in the definition itself."""
    line = max(problem.line - LEAD.count("\n"), 1) if problem.line else 0
    column = max(problem.column - len(INDENT), 1) if problem.line else 0
    return replace(problem, path=("definition", *problem.path[2:]), line=line, column=column)
