from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansflow.cli.parser import COMMANDS
from tests.cli.conftest import Ansflow

ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_ansflow
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def complete(ansflow: Ansflow, project: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    """What bash offers after these words."""
    script = tmp_path / "ansflow.bash"
    script.write_text(ansflow("completion", "bash").out)

    def ask(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", ASK, "bash", str(script), "ansflow", *words],
            cwd=project, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    return ask


def test_the_first_word_is_a_command(complete) -> None:  # type: ignore[no-untyped-def]
    assert set(COMMANDS) <= set(complete(""))
    assert complete("val") == ["validate"]


def test_options_values_files_and_edits(complete, project: Path) -> None:  # type: ignore[no-untyped-def]
    (project / "ci.yml").write_text("")
    assert complete("run", "--max") == ["--max-parallel"]
    assert complete("plan", "--event", "pu") == ["push", "pull_request"]
    assert complete("run", "ci") == ["ci.yml"]
    assert complete("edit", "ci.yml", "rename") == ["rename-step"]


def test_step_ids_come_from_the_file_of_this_folder(complete, project: Path) -> None:  # type: ignore[no-untyped-def]
    text = "name: x\nsteps:\n  unit:\n    run: x\n  lint: {run: x}\nenv:\n  NOT: a step\nfinally:\n  tell: {run: x}\n"
    (project / ".ansflow.yml").write_text(text)
    assert complete("run", "--step", "") == ["unit", "lint", "tell"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_script_is_read_by_its_shell_without_complaint(
    ansflow: Ansflow, tmp_path: Path, shell: str, language: str
) -> None:
    script = ansflow("completion", shell, "--lang", language)
    assert script.code == 0
    assert all(name in script.out for name in COMMANDS)
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(script.out)
    checked = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
