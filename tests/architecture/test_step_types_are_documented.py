"""Every step type has a page with exactly its parameters, and an example that uses it and is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansflow.document.reader import read_file
from ansflow.plugins.checking import check
from ansflow.plugins.registry import OWN, step_type
from tests.document.contract import load_program

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "steps"
TYPES = sorted(OWN["steps"])
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.yml"))


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TYPES)
def test_its_page_lists_exactly_its_parameters(name):
    tables = re.findall(r"^\| parameter \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", page(name), re.MULTILINE)
    listed = set(re.findall(r"^\| `(\w+)`", "".join(tables), re.MULTILINE))
    assert listed == set(step_type(name).parameters.fields)


@pytest.mark.parametrize("name", TYPES)
def test_a_generated_table_is_current(name):
    made = load_program("docs/steps.py").page_with_table(name, page(name))
    assert made == page(name), "run: python docs/steps.py"


@pytest.mark.parametrize("name", TYPES)
def test_every_parameter_has_a_sentence(name):
    bare = [key for key, field in step_type(name).parameters.fields.items() if not field.description]
    assert bare == []


@pytest.mark.parametrize("name", TYPES)
def test_it_has_an_example_of_its_own(name):
    document = read_file(REPOSITORY / "examples" / name / ".ansflow.yml")
    assert document.spec is not None, document.problems
    steps = {**document.spec.steps, **document.spec.final_steps}
    assert name in {step.type for step in steps.values()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_example_is_valid(path):
    assert [str(problem) for problem in check(read_file(path))] == []


def test_no_page_is_left_of_a_type_that_is_gone():
    assert sorted(path.stem for path in PAGES.glob("*.md")) == TYPES
