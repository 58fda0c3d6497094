"""`build`: runs a build, said by the step itself or known from the project's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ansflow.core.errors import Problem
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Record
from ansflow.core.spec import StepSpec
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.programs import first_program
from ansflow.plugins.reading import read_outcome
from ansflow.plugins.scripts import script_command
from ansflow.plugins.toolchains import (
    Recipe,
    Sign,
    choose_tool,
    extra_words,
    needs_module,
    node_recipe,
    python_recipe,
    seen_tools,
    target_of,
    tool_command,
    tool_fields,
    tool_problems,
    with_sentence,
    words_or_nothing,
    wrapper_or,
)

SIGNS: Mapping[str, tuple[Sign, ...]] = {
    "gradle": (Sign("build.gradle"), Sign("build.gradle.kts"), Sign("settings.gradle*")),
    "maven": (Sign("pom.xml"),),
    "cargo": (Sign("Cargo.toml"),),
    "go": (Sign("go.mod"),),
    "python": (
        Sign("pyproject.toml", r"^\[(project|build-system)\]"),
        Sign("setup.py"),
        Sign("setup.cfg", r"^\[metadata\]"),
    ),
    "pnpm": (Sign("pnpm-lock.yaml"),),
    "npm": (Sign("package.json"),),
    "cmake": (Sign("CMakeLists.txt"),),
    "make": (Sign("GNUmakefile"), Sign("makefile"), Sign("Makefile")),
}
TARGETS = (
    "What to build: a make, CMake or Gradle target, an npm script (default build), a Maven phase (default package), "
    "a Go package (default ./...), a Cargo package."
)


class Build:
    name = "build"
    summary = "Runs a build: the step's own command, or the tool that the project's files show."
    example = """\
type: build
run: make
artifacts: dist/
"""
    parameters = Record(fields=tool_fields(SIGNS, TARGETS), what="`with` of a build step")

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        return tool_problems(spec)

    def detect(self, folder: Path) -> Mapping[str, Sequence[str]]:
        return seen_tools(folder, SIGNS)

    def prepare(self, job: StepJob) -> Command:
        if job.run.strip():
            return script_command(job)
        tool, why = choose_tool(job, SIGNS, "build")
        return tool_command(job, tool, why, RECIPES[tool](job))

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        return with_sentence(job, read_outcome(job, ended))


def _python(job: StepJob) -> Recipe:
    """A wheel in dist/, by pip: it reads every build back end."""
    python, ready = python_recipe(job)
    wheel = (python, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-deps", "--wheel-dir", "dist")
    return Recipe(
        commands=(*ready.commands, (*wheel, *extra_words(job), target_of(job, "."))),
        needs=() if ready.commands else (needs_module(python, "pip", "pip"),),
    )


def _npm(job: StepJob) -> Recipe:
    return node_recipe(job, "npm", "build")


def _pnpm(job: StepJob) -> Recipe:
    return node_recipe(job, "pnpm", "build")


def _make(job: StepJob) -> Recipe:
    make = first_program(("make",), job.env)
    return Recipe(commands=((make, *filter(None, (target_of(job),)), *extra_words(job)),))


def _cmake(job: StepJob) -> Recipe:
    """`args` go to the configuration, as in `-DCMAKE_BUILD_TYPE=Release`; everything is built in build/."""
    cmake = first_program(("cmake",), job.env)
    build = (cmake, "--build", "build", "--parallel", *words_or_nothing("--target", target_of(job)))
    return Recipe(commands=((cmake, "-S", ".", "-B", "build", *extra_words(job)), build))


def _maven(job: StepJob) -> Recipe:
    maven = wrapper_or(job, "mvnw", "mvn")
    return Recipe(commands=((maven, "-B", "-ntp", "-DskipTests", target_of(job, "package"), *extra_words(job)),))


def _gradle(job: StepJob) -> Recipe:
    gradle = wrapper_or(job, "gradlew", "gradle")
    return Recipe(commands=((gradle, "--console=plain", target_of(job, "assemble"), *extra_words(job)),))


def _cargo(job: StepJob) -> Recipe:
    cargo = first_program(("cargo",), job.env)
    locked = ("--locked",) if (job.cwd / "Cargo.lock").is_file() else ()
    return Recipe(commands=((cargo, "build", *locked, *words_or_nothing("-p", target_of(job)), *extra_words(job)),))


def _go(job: StepJob) -> Recipe:
    go = first_program(("go",), job.env)
    return Recipe(commands=((go, "build", *extra_words(job), target_of(job, "./...")),))


RECIPES: Mapping[str, Callable[[StepJob], Recipe]] = {
    "gradle": _gradle,
    "maven": _maven,
    "cargo": _cargo,
    "go": _go,
    "python": _python,
    "pnpm": _pnpm,
    "npm": _npm,
    "cmake": _cmake,
    "make": _make,
}
