"""`test`: runs tests, reads their numbers from the tool's own report, and may hold them against gates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ansflow.core.errors import Problem
from ansflow.core.leaves import Choice, Number
from ansflow.core.outcome import Outcome, TestSummary
from ansflow.core.schema import Field, ListOf, Record
from ansflow.core.spec import ReportsSpec, StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.programs import first_program
from ansflow.plugins.reading import read_outcome
from ansflow.plugins.scripts import script_command
from ansflow.plugins.toolchains import (
    Recipe,
    Sign,
    choose_tool,
    chosen_tool,
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

JUNIT, COVERAGE = "junit.xml", "coverage.xml"
NOTHING_COLLECTED = 5  # exit code of pytest
NOT_CARRIED_OUT = 126  # and above: what a shell says of a program that cannot be started, or was killed
SUREFIRE = ("**/target/surefire-reports/TEST-*.xml", "**/target/failsafe-reports/TEST-*.xml")
GATES = ("failed", "none_run")
SIGNS: Mapping[str, tuple[Sign, ...]] = {
    "gradle": (Sign("build.gradle"), Sign("build.gradle.kts"), Sign("settings.gradle*")),
    "maven": (Sign("pom.xml"),),
    "cargo": (Sign("Cargo.toml"),),
    "go": (Sign("go.mod"),),
    "pytest": (
        Sign("pytest.ini"),
        Sign("pyproject.toml", r"^\[tool\.pytest"),
        Sign("setup.cfg", r"^\[tool:pytest\]"),
        Sign("tox.ini", r"^\[pytest\]"),
        Sign("conftest.py"),
        Sign("tests/**/test_*.py"),
        Sign("test/**/test_*.py"),
        Sign("test_*.py"),
    ),
    "tox": (Sign("tox.ini"), Sign("pyproject.toml", r"^\[tool\.tox")),
    "pnpm": (Sign("pnpm-lock.yaml"),),
    "npm": (Sign("package.json", r'"test"\s*:'),),
    "ctest": (Sign("build/CTestTestfile.cmake"),),
    "make": (Sign("GNUmakefile", r"^(test|check):"), Sign("Makefile", r"^(test|check):")),
}
TARGETS = (
    "What to test: files or folders for pytest, an npm script (default test), a tox environment, a Maven phase, "
    "a Gradle task, a Go package, a Cargo package, a pattern for ctest, a make target."
)


class Test:
    __test__ = False

    name = "test"
    summary = "Runs tests, reads JUnit and coverage, and fails where tests fail, none ran, or too little is covered."
    example = """\
type: test
with: {tool: pytest}
"""
    parameters = Record(
        fields=tool_fields(SIGNS, TARGETS)
        | {
            "min_coverage": Field(Number(minimum=0, maximum=100), "Least share of lines covered, in per cent."),
            "fail_on": Field(
                ListOf(Choice(GATES)), "What fails the step: failed tests, and that none ran.", default=list(GATES)
            ),
        },
        what="`with` of a test step",
    )

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        return tool_problems(spec)

    def detect(self, folder: Path) -> Mapping[str, Sequence[str]]:
        return seen_tools(folder, SIGNS)

    def prepare(self, job: StepJob) -> Command:
        if job.run.strip():
            return script_command(job)
        tool, why = choose_tool(job, SIGNS, "test")
        return tool_command(job, tool, why, TOOLS[tool].recipe(job))

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        tool = TOOLS.get(chosen_tool(job))
        known = []
        if tool is not None and not _named_report(job):
            known.append((job.cwd, ReportsSpec(junit=tool.junit)))
            known.append((job.file(JUNIT).parent, ReportsSpec(junit=(JUNIT,))))
        if tool is not None and _measures(job):
            known.append((job.file(COVERAGE).parent, ReportsSpec(coverage=(COVERAGE,))))
        outcome = with_sentence(job, read_outcome(job, ended, known=known))
        if ended.exit_code is None or outcome.reason is Reason.NOT_AVAILABLE:
            return outcome
        if outcome.tests is None and outcome.status is StepStatus.SUCCESS and tool is not None and tool.reports:
            outcome = replace(outcome, tests=TestSummary())
        return _gated(job, outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTool:
    """`reports`: it always writes JUnit when a test ran, to our file or, by itself, to `junit` below its folder."""

    __test__ = False

    recipe: Callable[[StepJob], Recipe]
    reports: bool = False
    junit: tuple[str, ...] = ()


# ── gates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _gated(job: StepJob, outcome: Outcome) -> Outcome:
    """The command's own failure comes first; a gate speaks where the command was content."""
    fail_on = job.parameters.get("fail_on", GATES)
    outcome = _forgiven(outcome, fail_on)
    if outcome.status is not StepStatus.SUCCESS:
        return outcome
    said = [*_test_gates(outcome, fail_on), *_coverage_gate(outcome, job.parameters.get("min_coverage"))]
    if said:
        return replace(outcome, status=StepStatus.FAILED, reason=Reason.GATE, message=" ".join(said))
    if outcome.tests is None:
        warning = "How many tests ran is not known: no report was read. Name one with reports: {junit: …}."
        return replace(outcome, warnings=(*outcome.warnings, warning))
    return outcome


def _forgiven(outcome: Outcome, fail_on: Iterable[str]) -> Outcome:
    """A non-zero exit code that only says what `fail_on` lets pass; a tool that was killed or not found says more."""
    tests = outcome.tests
    if outcome.reason is not Reason.EXIT_CODE or tests is None or (outcome.exit_code or 0) >= NOT_CARRIED_OUT:
        return outcome
    bad = tests.failed + tests.errors
    if bad and "failed" not in fail_on:
        note = f"{bad} of {tests.total} tests failed; `fail_on` lets that pass."
    elif not tests.total and outcome.exit_code == NOTHING_COLLECTED and "none_run" not in fail_on:
        note = "No test ran; `fail_on` lets that pass."
    else:
        message = "No test ran." if not tests.total and outcome.exit_code == NOTHING_COLLECTED else outcome.message
        return replace(outcome, message=message)
    return replace(outcome, status=StepStatus.SUCCESS, reason=None, message="", warnings=(*outcome.warnings, note))


def _test_gates(outcome: Outcome, fail_on: Iterable[str]) -> Iterable[str]:
    tests = outcome.tests
    if tests is None:
        return
    bad = tests.failed + tests.errors
    if bad and "failed" in fail_on:
        yield f"{bad} of {tests.total} tests failed, though the command ended with code 0."
    if tests.total == tests.skipped and "none_run" in fail_on:
        yield f"No test ran: all {tests.total} were skipped." if tests.total else "No test ran."


def _coverage_gate(outcome: Outcome, least: float | None) -> Iterable[str]:
    if least is None:
        return
    if outcome.coverage is None:
        yield f"At least {least:g} % of lines must be covered, and no coverage report was read."
    elif outcome.coverage.percent < least:
        yield f"{outcome.coverage.percent:.1f} % of lines are covered; at least {least:g} % must be."


def _measures(job: StepJob) -> bool:
    """Whether we ask pytest to measure: a share is wanted, and the step names no report of its own."""
    return job.parameters.get("min_coverage") is not None and not (job.spec.reports and job.spec.reports.coverage)


# ── tools ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _listener(job: StepJob, dialect: str) -> tuple[str, ...]:
    """Writes JUnit from what the tool prints; all of it goes on to the log."""
    return (sys.executable, "-I", "-m", "ansflow.plugins.reports.listen", dialect, str(job.file(JUNIT)))


def _named_report(job: StepJob) -> bool:
    return bool(job.spec.reports and job.spec.reports.junit)


def _pytest(job: StepJob) -> Recipe:
    python, ready = python_recipe(job)
    report = () if _named_report(job) else (f"--junitxml={job.file(JUNIT)}",)
    cover = ("--cov", f"--cov-report=xml:{job.file(COVERAGE)}", "--cov-report=term") if _measures(job) else ()
    needs = [needs_module(python, "pytest", "pytest")]
    needs += [needs_module(python, "pytest_cov", "pytest-cov")] if cover else []
    target = target_of(job).split()
    return Recipe(
        commands=(*ready.commands, (python, "-m", "pytest", *report, *cover, *extra_words(job), *target)),
        needs=() if ready.commands else tuple(needs),
    )


def _tox(job: StepJob) -> Recipe:
    tox = first_program(("tox",), job.env)
    return Recipe(commands=((tox, "run", *words_or_nothing("-e", target_of(job)), *extra_words(job)),))


def _npm(job: StepJob) -> Recipe:
    return node_recipe(job, "npm", "test")


def _pnpm(job: StepJob) -> Recipe:
    return node_recipe(job, "pnpm", "test")


def _maven(job: StepJob) -> Recipe:
    maven = wrapper_or(job, "mvnw", "mvn")
    return Recipe(commands=((maven, "-B", "-ntp", target_of(job, "test"), *extra_words(job)),))


def _gradle(job: StepJob) -> Recipe:
    """`cleanTest` because Gradle does not write the reports of tests anew that it holds to be up to date."""
    gradle = wrapper_or(job, "gradlew", "gradle")
    return Recipe(commands=((gradle, "--console=plain", "cleanTest", target_of(job, "test"), *extra_words(job)),))


def _cargo(job: StepJob) -> Recipe:
    cargo = first_program(("cargo",), job.env)
    words = (cargo, "test", "--no-fail-fast", *words_or_nothing("-p", target_of(job)), *extra_words(job))
    return Recipe(commands=(words,), through=_listener(job, "cargo"))


def _go(job: StepJob) -> Recipe:
    go = first_program(("go",), job.env)
    words = (go, "test", "-json", *extra_words(job), target_of(job, "./..."))
    return Recipe(commands=(words,), through=_listener(job, "go"))


def _ctest(job: StepJob) -> Recipe:
    ctest = first_program(("ctest",), job.env)
    report = () if _named_report(job) else ("--output-junit", str(job.file(JUNIT)))
    words = (ctest, "--test-dir", "build", "--output-on-failure", *report)
    return Recipe(commands=((*words, *words_or_nothing("-R", target_of(job)), *extra_words(job)),))


def _make(job: StepJob) -> Recipe:
    make = first_program(("make",), job.env)
    seen = Sign("*akefile", r"^test:").seen(job.cwd)
    return Recipe(commands=((make, target_of(job, "test" if seen else "check"), *extra_words(job)),))


TOOLS: Mapping[str, TestTool] = {
    "gradle": TestTool(recipe=_gradle, reports=True, junit=("**/build/test-results/**/*.xml",)),
    "maven": TestTool(recipe=_maven, reports=True, junit=SUREFIRE),
    "cargo": TestTool(recipe=_cargo, reports=True),
    "go": TestTool(recipe=_go, reports=True),
    "pytest": TestTool(recipe=_pytest, reports=True),
    "tox": TestTool(recipe=_tox),
    "pnpm": TestTool(recipe=_pnpm),
    "npm": TestTool(recipe=_npm),
    "ctest": TestTool(recipe=_ctest, reports=True),
    "make": TestTool(recipe=_make),
}
