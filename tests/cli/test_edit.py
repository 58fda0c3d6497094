from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansflow.cli.commands.edit import EDITS
from ansflow.document.edit_words import FORMS
from tests.cli.conftest import Ansflow

FILE = """\
# the shop
steps:
  unit:   # quick ones
    run: 'make test'

  package: {needs: [unit], run: "make"}
"""


@pytest.fixture
def file(project: Path) -> Path:
    path = project / "ci.yml"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        (("set", "steps.unit.run", "make check"), "'make test'", "'make check'"),
        (("rename-step", "unit", "tests"), "unit", "tests"),
        (("unneed", "package", "unit"), "needs: [unit], ", ""),
    ],
)
def test_an_edit_keeps_every_other_byte(
    ansflow: Ansflow, file: Path, words: tuple[str, ...], old: str, new: str
) -> None:
    done = ansflow("edit", "ci.yml", *words)
    assert (done.code, done.out, done.err) == (0, "✓ Changed ci.yml\n", "")
    assert file.read_text() == FILE.replace(old, new)


def test_steps_come_move_and_go(ansflow: Ansflow, file: Path) -> None:
    words = ("add-step", "lint", "--run", "ruff check .", "--needs", "unit", "--after", "unit")
    assert ansflow("edit", "ci.yml", *words).code == 0
    assert "  lint:\n    needs: unit\n    run: ruff check .\n" in file.read_text()
    assert ansflow("edit", "ci.yml", "need", "package", "lint").code == 0
    assert "needs: [unit, lint]" in file.read_text()
    assert ansflow("edit", "ci.yml", "unneed", "package", "lint").code == 0
    assert ansflow("edit", "ci.yml", "remove-step", "lint").code == 0
    assert file.read_text().replace("\n\n\n", "\n\n") == FILE


def test_a_new_step_may_be_told_later_what_it_runs(ansflow: Ansflow, file: Path) -> None:
    done = ansflow("edit", "ci.yml", "add-step", "lint", "--needs", "unit")
    assert (done.code, done.out) == (0, "✓ Changed ci.yml\n")
    assert "nothing to run yet" in done.err
    assert ansflow("run", "ci.yml").code == 5
    assert ansflow("edit", "ci.yml", "set", "steps.lint.run", "make lint").err == ""
    assert ansflow("validate", "ci.yml").code == 0


def test_a_dry_run_shows_the_difference_and_writes_nothing(ansflow: Ansflow, file: Path) -> None:
    done = ansflow("edit", "ci.yml", "set", "steps.unit.timeout", "5m", "--dry-run")
    assert done.code == 0
    assert "+    timeout: 5m\n" in done.out
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "steps.unit.timeout", "5x"), "would make ci.yml invalid"),
        (("set", "steps.unit.tiemout", "5m"), "Did you mean 'timeout'?"),
        (("remove-step", "unti"), "unti"),
        (("need", "unit", "package"), "would make ci.yml invalid"),
        (("set", "..", "x"), "is no path"),
        (("set", "steps.unit.run", "[a"), "no YAML"),
        (("sett", "a", "b"), "Did you mean 'set'?"),
        (("set", "a"), "VALUE"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    ansflow: Ansflow, file: Path, words: tuple[str, ...], said: str
) -> None:
    done = ansflow("edit", "ci.yml", *words)
    assert (done.code, done.out) == (5, "")
    assert said in done.err
    assert file.read_text() == FILE


def test_a_file_that_is_wrong_already_may_be_mended(ansflow: Ansflow, file: Path) -> None:
    file.write_text(FILE.replace("unit]", "nuit]"))
    assert ansflow("edit", "ci.yml", "set", "steps.package.needs", "[unit]").code == 0
    assert file.read_text() == FILE


def test_standard_input_goes_to_standard_output(ansflow: Ansflow) -> None:
    done = ansflow("edit", "-", "set", "steps.unit.run", "make check", stdin=FILE.encode())
    assert (done.code, done.out) == (0, FILE.replace("make test", "make check"))


def test_mode_and_link_stay_and_nothing_is_left_beside_the_file(ansflow: Ansflow, file: Path, project: Path) -> None:
    file.chmod(0o640)
    (project / "link.yml").symlink_to("ci.yml")
    assert ansflow("edit", "link.yml", "set", "steps.unit.timeout", "5m").code == 0
    assert (project / "link.yml").is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(os.listdir(project)) == ["ci.yml", "link.yml"]


def test_windows_line_ends_stay(ansflow: Ansflow, file: Path) -> None:
    file.write_bytes(FILE.replace("\n", "\r\n").encode())
    assert ansflow("edit", "ci.yml", "set", "steps.unit.run", "make check").code == 0
    assert file.read_bytes() == FILE.replace("\n", "\r\n").replace("make test", "make check").encode()


def test_nothing_to_change_is_said(ansflow: Ansflow, file: Path) -> None:
    done = ansflow("edit", "ci.yml", "set", "steps.unit.run", "make test")
    assert (done.code, done.out) == (0, "Nothing to change: ci.yml says so already.\n")


def test_a_file_that_is_no_text_is_refused(ansflow: Ansflow, file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    done = ansflow("edit", "ci.yml", "set", "name", "x")
    assert (done.code, file.read_bytes()) == (5, b"\xff\xfe")
    assert "UTF-8" in done.err


def test_every_edit_of_the_document_has_its_words_here() -> None:
    assert set(EDITS) == set(FORMS)
