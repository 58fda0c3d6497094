from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansflow.cli.starter import starter_for
from ansflow.document.reader import read
from ansflow.plugins.checking import check
from tests.cli.conftest import Ansflow

PROJECTS = {
    "make": {"Makefile": "all:\n\techo built\ntest:\n\techo tested\n"},
    "npm": {"package.json": '{"name": "x", "version": "1.0.0", "scripts": {"build": "echo b", "test": "node -e 0"}}'},
    "cmake": {
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.10)\nproject(x C)\nenable_testing()\n"
        "add_executable(x x.c)\nadd_test(NAME x COMMAND x)\n",
        "x.c": "int main(void) { return 0; }\n",
    },
    "nothing known": {"notes.txt": "hello\n"},
}


def lay_out(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def commit(folder: Path) -> None:
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=folder, check=True)


@pytest.mark.parametrize("kind", PROJECTS)
def test_the_starter_file_runs_green(ansflow: Ansflow, project: Path, kind: str) -> None:
    if shutil.which(kind.split(maxsplit=1)[0]) is None and kind != "nothing known":
        pytest.skip(f"{kind} is not installed")
    lay_out(project, PROJECTS[kind])
    commit(project)
    assert ansflow("init").code == 0
    assert ansflow("validate").code == 0
    done = ansflow("run")
    assert done.code == 0, done.out


PYTHON = {"pyproject.toml": '[project]\nname = "x"\nversion = "1"\n', "tests/test_x.py": "def test(): pass\n"}


@pytest.mark.parametrize(
    ("files", "installed"),
    [
        (PYTHON, "[., pytest]"),
        (PYTHON | {"requirements-dev.txt": "pytest\n"}, "[., -r requirements-dev.txt, pytest]"),
        ({"tests/test_x.py": ""}, "[pytest]"),
        (PYTHON | {"pyproject.toml": PYTHON["pyproject.toml"] + "[project.optional-dependencies]\ntest = []\n"},
         '[".[test]", pytest]'),
        (PYTHON | {"pyproject.toml": PYTHON["pyproject.toml"] + '[dependency-groups]\ntest = ["pytest>=8"]\n'
                   'dev = [{include-group = "test"}]\n'}, "[., pytest>=8]"),
        (PYTHON | {"pyproject.toml": PYTHON["pyproject.toml"] + '[dependency-groups]\na = [{include-group = "test"}]\n'
                   'test = [{include-group = "a"}]\n'}, "[., pytest]"),
    ],
)  # fmt: skip
def test_pip_installs_what_the_project_says_that_its_tests_need(
    tmp_path: Path, files: dict[str, str], installed: str
) -> None:
    lay_out(tmp_path, files)
    text = starter_for(tmp_path, repository=True).text
    assert f"with: {{tool: pytest, install: {installed}}}" in text
    assert check(read(text)) == []


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": "no json"},
        {"package.json": "[1]"},
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"pyproject.toml": "[project\n"},
        {"Makefile": "install:\n\trm -rf /\n"},
    ],
)
def test_a_project_that_says_nothing_useful_gets_a_file_that_says_hello(tmp_path: Path, files: dict[str, str]) -> None:
    lay_out(tmp_path, files)
    starter = starter_for(tmp_path, repository=False)
    assert starter.found == ()
    assert "hello:" in starter.text
    assert check(read(starter.text)) == []


@pytest.mark.parametrize("name", ["on", "true", "3.10", "构建", "a: b", "#", "x\ty", "'", '"'])
def test_any_name_of_a_folder_gives_a_valid_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    document = read(starter_for(folder, repository=True).text)
    assert check(document) == []
    assert document.spec is not None
    assert document.spec.name == name


def test_a_file_that_is_there_is_never_overwritten_without_force(ansflow: Ansflow, project: Path) -> None:
    (project / "ansflow.yml").write_text("mine\n")
    done = ansflow("init")
    assert (done.code, (project / "ansflow.yml").read_text()) == (1, "mine\n")
    assert "--force" in done.err
    assert not (project / ".ansflow.yml").exists()
    assert ansflow("init", "--force").code == 0
    assert (project / "ansflow.yml").read_text() != "mine\n"


def test_a_broken_link_in_the_file_s_place_is_not_followed(ansflow: Ansflow, project: Path) -> None:
    (project / ".ansflow.yml").symlink_to(project / "elsewhere")
    assert ansflow("init").code == 1
    assert not (project / "elsewhere").exists()


def test_a_dry_run_prints_the_file_and_writes_nothing(ansflow: Ansflow, project: Path) -> None:
    done = ansflow("init", "--dry-run")
    assert check(read(done.out)) == []
    assert not list(project.iterdir())


def test_a_tool_that_is_missing_here_is_named(ansflow: Ansflow, project: Path) -> None:
    lay_out(project, {"build.gradle": ""})
    if shutil.which("gradle"):
        pytest.skip("gradle is installed")
    assert "gradle, which is not installed here" in ansflow("init").out
