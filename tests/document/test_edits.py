"""Edits case by case: the bytes before, the edit, the bytes after. The editor in the browser reads the same cases."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.document import edits
from ansflow.document.edit_words import FORMS
from ansflow.document.edits import (
    AddNeed,
    AddStep,
    Edit,
    InsertItem,
    MoveStep,
    RemoveNeed,
    RemoveStep,
    RenameStep,
    SetValue,
    Splice,
    Unset,
    apply,
    parse_path,
    read_edit,
    splices,
)
from ansflow.document.reader import read
from ansflow.document.splices import spliced
from ansflow.document.targets import spelled
from ansflow.plugins.checking import check
from tests.document.contract import CONTRACT, REPOSITORY

FILES = sorted((CONTRACT / "edits").glob("*.json"))
CASES = [(file.stem, case) for file in FILES for case in json.loads(file.read_text(encoding="utf-8"))]


def edit_from(data: dict[str, Any]) -> Edit:
    fields = {name: tuple(value) if name in ("path", "needs") else value for name, value in data.items()}
    edit: Edit = getattr(edits, fields.pop("edit"))(**fields)
    return edit


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{topic}: {case['name']}") for topic, case in CASES])
def test_an_edit_gives_these_bytes_or_this_error(case: dict[str, Any]) -> None:
    edit = edit_from(case["edit"])
    if "after" in case:
        assert apply(case["before"], edit) == case["after"]
        assert spliced(case["before"], splices(case["before"], edit)) == case["after"]
        return
    with pytest.raises(InvalidSpec) as caught:
        apply(case["before"], edit)
    problem = caught.value.problems[0]
    assert {name: getattr(problem, name) for name in case["refused"]} == case["refused"]


def test_the_contract_holds_every_kind_of_edit() -> None:
    kinds = {case["edit"]["edit"] for _, case in CASES}
    assert kinds == {name for name in edits.__all__ if hasattr(getattr(edits, name), "meaning")} - {"Edit"}
    assert len(CASES) >= 80


def test_splices_name_only_what_changes() -> None:
    text = "a: 1  # one\nb: 2\n"
    assert splices(text, SetValue(("b",), 3)) == (Splice(14, 16, " 3"),)
    assert splices(text, SetValue(("b",), 2)) == ()


def test_a_wrong_splice_never_comes_out() -> None:
    class Wrong:
        def splices(self, source: Any) -> list[Splice]:
            return [Splice(0, 1, "b")]

        def meaning(self, value: Any) -> Any:
            return value

    with pytest.raises(InvalidSpec, match="Another value would change"):
        apply("a: 1\n", Wrong())


def test_splices_that_overlap_are_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="begins before the end"):
        spliced("abc", [Splice(0, 2, "x"), Splice(1, 3, "y")])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("steps.unit.timeout", ("steps", "unit", "timeout")),
        ("steps.unit.needs[0]", ("steps", "unit", "needs", 0)),
        ("a[0][1].b", ("a", 0, 1, "b")),
        ('env."a.b"', ("env", "a.b")),
        ("env.'a \"b'.c", ("env", 'a "b', "c")),
        ('env["a\\"b"]', ("env", 'a"b')),
        ("env['a.b'][2]", ("env", "a.b", 2)),
        ('"on".push', ("on", "push")),
        ("steps.lint-all.x-note", ("steps", "lint-all", "x-note")),
        ("步骤.é", ("步骤", "é")),
        ("[3]", (3,)),
    ],
)
def test_a_path_is_read_from_a_line(text: str, path: tuple[Any, ...]) -> None:
    assert parse_path(text) == path
    assert parse_path(spelled(path)) == path


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a b", "a[x]", "a[0", 'a."b', "a[-1]", "a'b'", "a]"])
def test_what_is_no_path_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(InvalidSpec, match=r"steps\.unit\.needs\[0\]"):
        parse_path(text)


@pytest.mark.parametrize(
    ("words", "edit"),
    [
        (["set", "steps.unit.timeout", "5m"], SetValue(("steps", "unit", "timeout"), "5m")),
        (["set", "a.b", "[x, 1, true]"], SetValue(("a", "b"), ["x", 1, True])),
        (["set", "a", '"3.10"'], SetValue(("a",), "3.10")),
        (["set", "a", ""], SetValue(("a",), None)),
        (["unset", "a.b[2]"], Unset(("a", "b", 2))),
        (["insert", "a[1]", "x"], InsertItem(("a",), 1, "x")),
        (["add-step", "lint"], AddStep("lint")),
        (
            ["add-step", "lint", "--type", "test", "--needs", "a,b", "--needs=c", "--after", "b"],
            AddStep("lint", type="test", needs=("a", "b", "c"), after="b"),
        ),
        (["add-step", "--run", "make lint", "lint"], AddStep("lint", run="make lint")),
        (["rename-step", "a", "b"], RenameStep("a", "b")),
        (["move-step", "a", "--before", "b"], MoveStep("a", before="b")),
        (["remove-step", "a"], RemoveStep("a")),
        (["need", "a", "b"], AddNeed("a", "b")),
        (["unneed", "a", "b"], RemoveNeed("a", "b")),
    ],
)
def test_the_words_of_a_command_line_make_an_edit(words: list[str], edit: Edit) -> None:
    assert read_edit(words) == edit


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Known: set, unset"),
        (["rename-stp", "a", "b"], "Did you mean 'rename-step'"),
        (["set", "a"], "Write: set PATH VALUE"),
        (["set", "a", "[1"], "is not closed"),
        (["insert", "a", "x"], r"Write: insert PATH\[INDEX\] VALUE"),
        (["move-step", "a"], "Write: move-step ID --before STEP"),
        (["move-step", "a", "--before", "b", "--after", "c"], "Write: move-step"),
        (["add-step", "a", "--colour", "red"], "Write: add-step"),
        (["add-step", "a", "--type"], "Write: add-step"),
        (["add-step", "a", "--type", "x", "--type", "y"], "Write: add-step"),
    ],
)
def test_wrong_words_are_refused_with_the_right_ones(words: list[str], said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        read_edit(words)


def test_the_commands_of_the_how_to_can_be_made_one_after_the_other() -> None:
    text = """\
version: 1
steps:
  source: {type: fetch_code}
  scan: {type: security_scan, needs: source}
  unit:
    needs: source   # the code
    run:
      - make test
  package:
    run: make package
"""
    page = (REPOSITORY / "docs" / "how-to" / "edit-a-pipeline-file.md").read_text(encoding="utf-8")
    commands = [shlex.split(line)[3:] for line in page.splitlines() if line.startswith("ansflow edit ")]
    assert {words[0] for words in commands} == set(FORMS)
    for words in commands:
        text = apply(text, read_edit(words))
        assert not [problem for problem in check(read(text)) if problem.code != "not_available"], words
    run = "    run:\n      - make deps\n      - make data\n      - make test\n"
    assert "tests:\n    needs: [source, scan]   # the code\n" + run in text
    assert "lint" not in text
