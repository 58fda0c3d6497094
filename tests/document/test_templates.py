"""Templates: files of the repository in the place of the steps that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ansflow.core.compile import compile_plan
from ansflow.core.expressions import evaluate, parse
from ansflow.core.plan import Plan
from ansflow.core.spec import Trigger
from ansflow.core.templates import MAX_DEPTH, as_expression, literal
from ansflow.document.reader import Document
from ansflow.document.templates import read_with_templates
from ansflow.plugins.checking import check

PYTHON = """\
version: 1
inputs:
  python: {type: choice, options: ["3.11", "3.12"], required: true}
  args: {default: ""}
  strict: {type: boolean, default: true}
steps:
  lint: {run: "ruff check", env: {A: inner}}
  unit:
    needs: lint
    if: inputs.strict || steps.lint.status == 'success'
    run: "pytest ${{ inputs.args }}"
    env: {PYTHON: "${{ inputs.python }}"}
    outputs: [coverage]
  report:
    needs: [unit, {step: lint, status: finished}]
    run: "echo ${{ steps.unit.outputs.coverage }} ${{ steps['lint'].status }}"
"""

Files = Mapping[str, str]
Make = Callable[[Files], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Make:
    def make(files: Files) -> Path:
        root = tmp_path / "repository"
        (root / ".git").mkdir(parents=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return root / ".ansflow.yml"

    return make


def plan(document: Document, event: str = "push") -> Plan:
    assert document.spec is not None, [str(problem) for problem in document.problems]
    trigger = Trigger(event=event, branch="main", changed=())
    return compile_plan(document.spec, digest=document.digest, trigger=trigger, inputs={})


def messages(file: Path) -> list[str]:
    return [str(problem) for problem in check(read_with_templates(file))]


USING = """\
steps:
  source: {run: "true"}
  check:
    uses: ./ci/python.yml
    with: {python: 3.12, args: "-k ${{ git.branch }}"}
    needs: source
    env: {A: outer, B: outer}
  ship: {needs: check, run: "echo ${{ steps.check.outputs.coverage }}"}
"""


def test_the_steps_of_a_template_stand_in_the_place_of_the_step_that_uses_it(repository: Make) -> None:
    found = plan(read_with_templates(repository({".ansflow.yml": USING, "ci/python.yml": PYTHON})))
    assert list(found.steps) == ["source", "check.lint", "check.unit", "check.report", "ship"]
    edges = {key: [need.key for need in step.needs] for key, step in found.steps.items()}
    assert edges == {
        "source": [],
        "check.lint": ["source"],
        "check.unit": ["check.lint"],
        "check.report": ["check.unit", "check.lint"],
        "ship": ["check.lint", "check.unit", "check.report"],
    }
    assert found.bundles["check"].keys == ("check.lint", "check.unit", "check.report")
    assert {need.group for need in found.steps["ship"].needs} == {"check"}


def test_inputs_and_steps_in_its_expressions_mean_those_of_the_template(repository: Make) -> None:
    found = plan(read_with_templates(repository({".ansflow.yml": USING, "ci/python.yml": PYTHON})))
    unit, report = found.specs["check.unit"], found.specs["check.report"]
    assert unit.run == ('pytest "${ANSFLOW_VALUE_1}"',)
    assert unit.env["ANSFLOW_VALUE_1"] == "${{ format('-k {0}', git.branch) }}"
    assert unit.env["PYTHON"] == "${{ '3.12' }}"
    assert unit.condition == "true || steps['check.lint'].status == 'success'"
    assert report.env["ANSFLOW_VALUE_1"] == "${{ steps['check.unit'].outputs.coverage }}"
    assert report.env["ANSFLOW_VALUE_2"] == "${{ steps['check.lint'].status }}"


def test_env_of_the_using_step_stands_under_that_of_the_steps(repository: Make) -> None:
    found = plan(read_with_templates(repository({".ansflow.yml": USING, "ci/python.yml": PYTHON})))
    assert found.env_of("check.lint") == {"A": "inner", "B": "outer"}
    assert found.env_of("check.unit")["A"] == "outer"


def test_when_of_the_using_step_must_match_as_well(repository: Make) -> None:
    using = "steps: {check: {uses: ./t.yml, when: [{event: push}]}}"
    inner = "steps: {a: {run: 'true', when: [{branch: dev}]}, b: {run: 'true'}}"
    file = repository({".ansflow.yml": using, "t.yml": inner})
    here, there = plan(read_with_templates(file)), plan(read_with_templates(file), "manual")
    assert [key for key, step in here.steps.items() if step.skip] == ["check.a"]
    assert [str(step.skip.message) for step in there.steps.values() if step.skip] == [
        "`when` wants event push, but the event is manual."
    ] * 2


@pytest.mark.parametrize(
    ("condition", "first", "second"),
    [
        ("failure()", "failure()", ""),
        ("git.branch == 'main'", "git.branch == 'main'", "success() && (git.branch == 'main')"),
    ],
)
def test_if_of_the_using_step_decides_about_the_first_and_a_plain_one_about_all(
    repository: Make, condition: str, first: str, second: str
) -> None:
    using = f'steps:\n  s: {{run: x}}\n  check:\n    uses: ./t.yml\n    needs: s\n    if: "{condition}"\n'
    file = repository({".ansflow.yml": using, "t.yml": "steps: {a: {run: x}, b: {run: x, needs: a}}"})
    specs = plan(read_with_templates(file)).specs
    assert (specs["check.a"].condition, specs["check.b"].condition) == (first, second)


def test_a_template_may_use_another_and_paths_are_relative_to_the_file(repository: Make) -> None:
    files = {
        ".ansflow.yml": "steps: {all: {uses: ./ci/outer.yml, with: {word: hello}}, end: {needs: all, run: x}}",
        "ci/outer.yml": "inputs: {word: {}}\nsteps:\n"
        '  one: {uses: ../inner.yml, with: {text: "<${{ inputs.word }}>"}}\n'
        "  two: {needs: one, run: x}\n",
        "inner.yml": 'inputs: {text: {}}\nsteps: {say: {run: "echo ${{ inputs.text }}"}}',
    }
    found = plan(read_with_templates(repository(files)))
    assert list(found.steps) == ["all.one.say", "all.two", "end"]
    assert found.steps["all.one.say"].bundles == ("all.one", "all")
    assert found.bundles["all"].keys == ("all.one.say", "all.two")
    assert [(need.key, need.group) for need in found.steps["all.two"].needs] == [("all.one.say", "all.one")]
    value = found.specs["all.one.say"].env["ANSFLOW_VALUE_1"]
    assert evaluate(parse(value.removeprefix("${{").removesuffix("}}")), {}).value == "<hello>"


def test_templates_stand_under_finally_too(repository: Make) -> None:
    files = {".ansflow.yml": "steps: {a: {run: x}}\nfinally: {tell: {uses: ./t.yml}}", "t.yml": "steps: {b: {run: x}}"}
    found = plan(read_with_templates(repository(files)))
    assert found.steps["tell.b"].final


def test_the_digest_changes_with_the_template(repository: Make) -> None:
    file = repository({".ansflow.yml": "steps: {a: {uses: ./t.yml}}", "t.yml": "steps: {b: {run: x}}"})
    before = read_with_templates(file).digest
    (file.parent / "t.yml").write_text("steps: {b: {run: y}}")
    assert read_with_templates(file).digest != before


@pytest.mark.parametrize(
    ("using", "template", "says"),
    [
        ("with: {python: 3.13}", PYTHON, "3:20: The input 'python' wants one of 3.11, 3.12, not '3.13'."),
        ("with: {}", PYTHON, "3:5: The template needs its input 'python'."),
        ("with: {python: 3.12, arg: x}", PYTHON, "The template has no input 'arg'. Did you mean 'args'?"),
        ("with: {python: '${{ git.tag }}'}", PYTHON, "is checked before the run, so it cannot be given an expression."),
        ("with: {python: 3.12, strict: [1]}", PYTHON, "The input 'strict' wants a single value."),
        ("timeout: 5m", "steps: {b: {run: x}}", "'timeout' has no meaning beside 'uses'"),
        ("", "steps: {b: {run: x, need: a}}", "t.yml:1:21: Unknown key 'need' in a step. Did you mean 'needs'?"),
        ("", "on: push\nsteps: {b: {run: x}}", "t.yml:1:1: Unknown key 'on'"),
        ("", "steps: {b: {run: x, needs: c}}", "t.yml:1:28: use.b needs 'use.c'"),
        ("", "steps: {b: {run: 'echo ${{ inputs.x }}'}}", "t.yml:1:18: A template reads its own steps and inputs"),
        (
            "",
            "steps: {b: {run: x, if: steps.other.status == ''}}",
            "reads steps.other, which the template does not have",
        ),
        ("", "steps: {b: {run: x, if: git.brunch == ''}}", "t.yml:1:25: git has no 'brunch'. Did you mean 'branch'?"),
        ("", "steps: {b: {run: 'eval ${{ git.tag }}'}}", "t.yml:1:18: ${{ git.tag }} cannot stand in this script"),
        ("", "steps: {b: {run: x, group: g}}", "t.yml:1:28: A step of a template stands in the group"),
        (
            "",
            "inputs: {x: {}}\nsteps: {b: {run: x, when: [{input: {x: y}}]}}",
            "t.yml:2:27: In a template `when` cannot",
        ),
        ("", "inputs: {x: {type: choice}}\nsteps: {b: {run: x}}", "t.yml:1:"),
        ("", "steps: {b: {type: bild}}", "t.yml:1:19: There is no step type 'bild' here. Did you mean 'build'?"),
        ("", "steps: {b: {uses: ./t.yml}}", "t.yml:1:19: Templates use each other: t.yml → t.yml."),
        (
            "",
            "steps: {b: {uses: ../../x.yml}}",
            "t.yml:1:19: The template '../../x.yml' lies outside of the repository.",
        ),
        ("", "steps: [", "t.yml:"),
        ("", "", "t.yml:1:1: The file is empty."),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(repository: Make, using: str, template: str, says: str) -> None:
    text = f"steps:\n  use:\n    {using or 'x-none: 1'}\n    uses: ./t.yml\n"
    found = messages(repository({".ansflow.yml": text, "t.yml": template}))
    assert any(says in message for message in found), found
    assert all("t.yml:" in message or message[0].isdigit() for message in found)


def test_recursion_is_named_with_its_path(repository: Make) -> None:
    files = {
        ".ansflow.yml": "steps: {a: {uses: ./a.yml}}",
        "a.yml": "steps: {b: {uses: ./ci/b.yml}}",
        "ci/b.yml": "steps: {a: {uses: ../a.yml}}",
    }
    assert messages(repository(files)) == ["ci/b.yml:1:19: Templates use each other: a.yml → ci/b.yml → a.yml."]


def test_a_symbolic_link_does_not_lead_out_of_the_repository(repository: Make, tmp_path: Path) -> None:
    (tmp_path / "outside.yml").write_text("steps: {b: {run: x}}")
    file = repository({".ansflow.yml": "steps: {a: {uses: ./link.yml}}"})
    (file.parent / "link.yml").symlink_to(tmp_path / "outside.yml")
    assert messages(file) == ["1:19: The template './link.yml' lies outside of the repository."]


def test_a_template_that_is_not_there_is_told_at_its_use(repository: Make) -> None:
    [message] = messages(repository({".ansflow.yml": "steps: {a: {uses: ./none.yml}}"}))
    assert message.startswith("1:19: ")
    assert "none.yml cannot be read: No such file or directory." in message


def test_templates_that_grow_without_end_are_stopped(repository: Make) -> None:
    files = {".ansflow.yml": "steps: {a: {uses: ./t0.yml}}"}
    for at in range(MAX_DEPTH):
        uses = ", ".join(f"s{number}: {{uses: ./t{at + 1}.yml}}" for number in range(20))
        files[f"t{at}.yml"] = f"steps: {{{uses}}}"
    files[f"t{MAX_DEPTH}.yml"] = "steps: {end: {run: x}}"
    assert messages(repository(files))


def test_a_file_without_templates_is_read_as_ever(repository: Make) -> None:
    document = read_with_templates(repository({".ansflow.yml": "steps: {a: {run: x}}"}))
    assert type(document) is Document
    assert read_with_templates("/nowhere/at/all.yml").problems


@pytest.mark.parametrize("text", ["", "a", "it's", "{0} {{x}}", "'\"\\n\n", "日本", "}}"])
def test_a_value_given_as_text_is_that_text_in_every_expression(text: str) -> None:
    assert evaluate(parse(literal(text)), {}).value == text
    mixed = parse(as_expression(f"{text}${{{{ 'x' }}}}") if "${{" not in text else "'x'")
    assert evaluate(mixed, {}).value in (f"{text}x", "x")
