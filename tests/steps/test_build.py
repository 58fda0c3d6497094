from __future__ import annotations

import shutil

import pytest

from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.registry import step_type

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "shop"
version = "1.2"
"""


def need(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def test_make_is_detected_and_builds(make_job, perform, write):
    need("make")
    write({"Makefile": "all:\n\techo built > out\nextra:\n\techo $(WORD) > extra\n"})
    done = perform(make_job(type="build"))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert done.log.splitlines()[:2] == ["Detected make: Makefile.", "$ make"]
    assert (done.workspace / "out").exists()
    perform(make_job(type="build", parameters={"target": "extra", "args": ["WORD=two words"]}))
    assert (done.workspace / "extra").read_text() == "two words\n"


def test_cmake_configures_and_builds(make_job, perform, write):
    need("cmake")
    write({
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(shop C)\nadd_executable(shop main.c)\n",
        "main.c": "int main(void) { return 0; }\n",
    })  # fmt: skip
    done = perform(make_job(type="build", parameters={"args": "-DCMAKE_BUILD_TYPE=Release"}))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert "$ cmake -S . -B build -DCMAKE_BUILD_TYPE=Release" in done.log
    assert (done.workspace / "build" / "shop").exists()


def test_python_builds_a_wheel_with_the_projects_own_back_end(make_job, perform, write, own_python):
    write({"pyproject.toml": PYPROJECT, "shop/__init__.py": ""})
    done = perform(make_job(type="build", parameters={"args": ["--no-build-isolation"]}, env=own_python))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert done.log.startswith("Detected python: pyproject.toml.\n$ python3 -m pip wheel ")
    assert [path.name.split("-")[:2] for path in (done.workspace / "dist").iterdir()] == [["shop", "1.2"]]


def test_cargo_builds(make_job, perform, write):
    need("cargo")
    write(
        {
            "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
            "src/main.rs": "fn main() {}\n",
        }
    )
    env = {name: __import__("os").environ.get(name, "") for name in ("HOME",)}
    done = perform(make_job(type="build", env=env))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (done.workspace / "target" / "debug" / "shop").exists()


def test_npm_runs_the_build_script_after_installing_what_the_lock_file_says(make_job, perform, write):
    need("npm")
    lock = '{"name": "shop", "lockfileVersion": 3, "packages": {"": {"name": "shop"}}}'
    write({"package.json": '{"name": "shop", "scripts": {"build": "echo built > out"}}', "package-lock.json": lock})
    done = perform(make_job(type="build"))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert "$ npm ci --no-audit --no-fund\n" in done.log and "$ npm run build\n" in done.log
    assert (done.workspace / "out").exists()


def test_npm_without_such_a_script_is_refused_with_the_scripts_there_are(make_job, write):
    need("npm")
    write({"package.json": '{"scripts": {"lint": "x", "compile": "y"}}'})
    with pytest.raises(InvalidSpec, match=r"no script 'build'. It has: compile, lint. Name one with `target`"):
        step_type("build").prepare(make_job(type="build"))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"scripts": 3}'])
def test_a_broken_package_json_is_refused_with_a_sentence(text, make_job, write):
    need("npm")
    write({"package.json": text})
    with pytest.raises(InvalidSpec, match=r"package\.json (is no JSON map|has no script)"):
        step_type("build").prepare(make_job(type="build"))


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        (("pom.xml", "package.json"), "maven"),
        (("build.gradle.kts",), "gradle"),
        (("Cargo.toml", "Makefile"), "cargo"),
        (("go.mod",), "go"),
        (("setup.py", "Makefile"), "python"),
        (("pnpm-lock.yaml", "package.json"), "pnpm"),
        (("CMakeLists.txt", "Makefile"), "cmake"),
    ],
)
def test_the_files_of_the_project_show_the_tool(files, tool, make_job, write, tmp_path):
    write(dict.fromkeys(files, '{"scripts": {"build": "x"}}'))
    for program in ("mvn", "gradle", "cargo", "go", "python3", "npm", "pnpm", "cmake", "make", "bash", "sh"):
        path = tmp_path / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    command = step_type("build").prepare(make_job(type="build", env={"PATH": str(tmp_path / "bin")}))
    script = command.files["script.sh"]
    assert f"Detected {tool}: {files[0]}." in script
    assert ("Also seen" in script) == (len(files) > 1)


def test_a_projects_own_wrapper_goes_first(make_job, write):
    write({"pom.xml": "", "mvnw": "#!/bin/sh\n"})
    (make_job("x").workspace / "mvnw").chmod(0o755)
    assert "./mvnw -B -ntp -DskipTests package" in step_type("build").prepare(make_job(type="build")).files["script.sh"]


def test_an_empty_workspace_is_told_where_code_comes_from(make_job):
    with pytest.raises(NotAvailable, match=r"nothing to build: the workspace is empty\. A step of type fetch_code"):
        step_type("build").prepare(make_job(type="build"))


def test_nothing_to_build_is_refused_and_says_what_was_looked_for(make_job, write):
    write({"notes.txt": ""})
    with pytest.raises(NotAvailable, match=r"Nothing in the workspace shows how to build it. Looked for: .*Makefile"):
        step_type("build").prepare(make_job(type="build"))


def test_a_missing_tool_is_named_with_the_way_to_install_it(make_job, write):
    write({"go.mod": "module shop\n"})
    with pytest.raises(NotAvailable, match=r"go is not installed here.*apt-get install golang-go"):
        step_type("build").prepare(make_job(type="build", env={"PATH": "/nowhere"}))


def test_the_steps_own_command_needs_no_tool(make_job, perform):
    done = perform(make_job("echo built", type="build"))
    assert (done.outcome.status, done.log) == (StepStatus.SUCCESS, "built\n")


def test_a_command_and_a_tool_at_once_are_refused():
    spec = StepSpec(id="x", type="build", run=("make",), parameters={"tool": "make"})
    assert [problem.code for problem in step_type("build").check(spec)] == ["run_and_tool"]


def test_a_build_that_fails_fails_the_step_at_once(make_job, perform, write):
    need("make")
    write({"Makefile": "all:\n\texit 3\n"})
    outcome = perform(make_job(type="build")).outcome
    assert (outcome.status, outcome.reason, outcome.exit_code) == (StepStatus.FAILED, Reason.EXIT_CODE, 2)


def test_arguments_are_words_and_never_shell_text(make_job, perform, write):
    need("make")
    write({"Makefile": "all:\n\tprintf '%s' \"$$WORD\" > out\n"})
    done = perform(make_job(type="build", parameters={"args": ["WORD=$(touch witness); `touch witness`"]}))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert not (done.workspace / "witness").exists()


def test_install_for_a_detected_tool_that_would_not_use_it_is_refused(make_job, write):
    need("make")
    write({"Makefile": "all:\n"})
    with pytest.raises(InvalidSpec, match="`install` is for Python, so make would not use it"):
        step_type("build").prepare(make_job(type="build", parameters={"install": ["wheel"]}))
