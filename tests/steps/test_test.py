from __future__ import annotations

import json
import os
import shutil

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.core.spec import ReportsSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.registry import step_type

GOOD = "def test_one():\n    pass\n\n\ndef test_two():\n    pass\n"
BAD = "def test_sum():\n    assert 1 + 1 == 3\n"
COBERTURA = '<coverage lines-valid="10" lines-covered="7"><packages/></coverage>'


def need(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def numbers(outcome):
    tests = outcome.tests
    return (tests.total, tests.passed, tests.failed, tests.errors, tests.skipped)


# ── real tools ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_pytest_is_detected_and_its_numbers_are_read(make_job, perform, write, own_python):
    write({"tests/test_good.py": GOOD, "tests/test_bad.py": BAD})
    done = perform(make_job(type="test", env=own_python))
    outcome = done.outcome
    assert done.log.startswith("Detected pytest: tests/test_bad.py.\n$ python3 -m pytest --junitxml=")
    assert (outcome.status, outcome.reason, numbers(outcome)) == (StepStatus.FAILED, Reason.EXIT_CODE, (3, 2, 1, 0, 0))
    assert outcome.message == "Exited with code 1: 1 of 3 tests failed."
    (failing,) = outcome.tests.failing
    assert failing.name == "tests.test_bad › test_sum"
    assert failing.message.startswith("assert (1 + 1) == 3")
    assert (failing.file, failing.line) == ("tests/test_bad.py", 2)
    assert not list(done.workspace.glob("*.xml"))


def test_pytest_takes_arguments_and_a_target(make_job, perform, write, own_python):
    write({"tests/test_good.py": GOOD, "tests/test_bad.py": BAD})
    wanted = {"tool": "pytest", "target": "tests/test_good.py", "args": "-k 'one or nothing'"}
    done = perform(make_job(type="test", parameters=wanted, env=own_python))
    assert numbers(done.outcome) == (1, 1, 0, 0, 0), done.log


def test_pytest_of_the_projects_own_environment_is_used(make_job, write):
    write({"test_x.py": GOOD, ".venv/bin/python": "#!/bin/sh\n"})
    script = step_type("test").prepare(make_job(type="test")).files["script.sh"]
    assert "\n.venv/bin/python -m pytest" in script


def test_a_missing_pytest_is_said_with_the_way_to_get_it(make_job, perform, write, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "python3").chmod(0o755)
    write({"test_x.py": GOOD})
    outcome = perform(make_job(type="test", env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})).outcome
    assert (outcome.status, outcome.reason) == (StepStatus.FAILED, Reason.NOT_AVAILABLE)
    assert outcome.message.startswith("pytest is not installed for python3. Install it in a step before, or let this ")


def test_install_makes_an_environment_of_the_project(make_job, write):
    write({"test_x.py": GOOD})
    script = (
        step_type("test").prepare(make_job(type="test", parameters={"install": [".", "-r dev.txt"]})).files["script.sh"]
    )
    lines = [line for line in script.splitlines() if not line.startswith("printf")]
    assert lines[0] == "python3 -m venv .venv"
    assert lines[1] == ".venv/bin/python -m pip install --quiet --disable-pip-version-check . -r dev.txt"
    assert lines[2].startswith(".venv/bin/python -m pytest")


def test_npm_with_the_report_that_the_project_is_told_to_write(make_job, perform, write):
    need("npm")
    test = "const test = require('node:test'); const assert = require('assert');\n"
    test += "test('adds', () => {}); test('breaks', () => assert.strictEqual(1, 2)); test.skip('later', () => {});\n"
    run = "node --test --test-reporter=junit --test-reporter-destination=junit.xml"
    write({"package.json": json.dumps({"scripts": {"test": run}}), "test/a.test.js": test})
    done = perform(make_job(type="test", reports=ReportsSpec(junit=("junit.xml",))))
    assert "Detected npm: package.json." in done.log
    assert numbers(done.outcome) == (3, 1, 1, 0, 1), done.log
    (failing,) = done.outcome.tests.failing
    assert ("breaks" in failing.name, failing.file, failing.line) == (True, "test/a.test.js", 2)


def test_npm_without_a_report_says_that_the_number_is_not_known(make_job, perform, write):
    need("npm")
    write({"package.json": '{"name": "shop", "scripts": {"test": "exit 0"}}'})
    outcome = perform(make_job(type="test")).outcome
    assert outcome.status is StepStatus.SUCCESS
    assert outcome.warnings == (
        "How many tests ran is not known: no report was read. Name one with reports: {junit: …}.",
    )


def test_cargo_is_heard(make_job, perform, write):
    need("cargo")
    lib = """
pub fn add(a: i32, b: i32) -> i32 { a + b }
#[cfg(test)]
mod tests {
    #[test] fn adds() { assert_eq!(super::add(1, 1), 2); }
    #[test] fn breaks() {
        assert_eq!(super::add(1, 1), 3);
    }
    #[test] #[ignore] fn later() {}
}
"""
    write({"Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n', "src/lib.rs": lib})
    done = perform(make_job(type="test", env={"HOME": os.environ["HOME"]}))
    assert numbers(done.outcome) == (3, 1, 1, 0, 1), done.log
    (failing,) = done.outcome.tests.failing
    assert (failing.name, failing.file, failing.line) == ("tests::breaks", "src/lib.rs", 7)
    assert "test tests::adds ... ok" in done.log
    assert done.log.startswith("Detected cargo: Cargo.toml.\n$ cargo test --no-fail-fast\n")


def test_ctest_writes_its_own_report(make_job, perform, write):
    need("ctest")
    write({"CMakeLists.txt": "cmake_minimum_required(VERSION 3.21)\nproject(shop NONE)\nenable_testing()\n"
           "add_test(NAME good COMMAND true)\nadd_test(NAME bad COMMAND false)\n"})  # fmt: skip
    perform(make_job("cmake -S . -B build"))
    done = perform(make_job(type="test", attempt=2))
    assert "Detected ctest: build/CTestTestfile.cmake." in done.log
    assert numbers(done.outcome) == (2, 1, 1, 0, 0), done.log
    assert [test.name for test in done.outcome.tests.failing] == ["bad"]


def test_make_runs_the_test_target(make_job, perform, write):
    need("make")
    write({"Makefile": "check:\n\t@echo checked\n"})
    done = perform(make_job(type="test"))
    assert "$ make check\nchecked\n" in done.log


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>org.example</groupId><artifactId>shop</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter-engine</artifactId>
<version>5.11.4</version><scope>test</scope></dependency></dependencies>
<build><plugins>
<plugin><artifactId>maven-resources-plugin</artifactId><version>3.4.0</version></plugin>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.15.0</version></plugin>
<plugin><artifactId>maven-surefire-plugin</artifactId><version>3.2.5</version></plugin>
</plugins></build></project>
"""
JAVA = """import org.junit.jupiter.api.*;
class ShopTest {
  @Test void good() {}
  @Test void bad() { Assertions.assertEquals(1, 2); }
}
"""


def test_maven_writes_surefire_reports(make_job, perform, write):
    need("mvn")
    write({"pom.xml": POM, "src/test/java/ShopTest.java": JAVA})
    job = make_job(type="test", parameters={"args": "-o"}, env={"HOME": os.environ["HOME"]})
    done = perform(job)
    if "offline mode" in done.log:
        pytest.skip("Maven's plug-ins are not in ~/.m2 and were not fetched: " + done.outcome.message)
    assert numbers(done.outcome) == (2, 1, 1, 0, 0), done.log
    (failing,) = done.outcome.tests.failing
    assert (failing.name, failing.file, failing.line) == ("ShopTest › bad", "ShopTest.java", 4)


# ── gates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def junit_step(make_job, perform, junit, code=0, coverage="", **parameters):
    """A step whose command writes the reports given and ends with the code given."""
    run = f"cat > junit.xml <<'E'\n{junit}\nE\n" + (f"echo '{coverage}' > coverage.xml\n" if coverage else "")
    reports = ReportsSpec(junit=("junit.xml",), coverage=("coverage.xml",) if coverage else ())
    return perform(make_job(f"{run}exit {code}", type="test", parameters=parameters, reports=reports)).outcome


SUITE = {
    "good": '<testsuite><testcase name="a"/></testsuite>',
    "bad": '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>',
    "empty": "<testsuite/>",
    "skipped": '<testsuite><testcase name="a"><skipped/></testcase></testsuite>',
}


@pytest.mark.parametrize(
    ("suite", "code", "fail_on", "end"),
    [
        ("good", 0, None, "success"),
        ("good", 1, None, "exit_code"),
        ("bad", 1, None, "exit_code"),
        ("bad", 0, None, "gate"),
        ("bad", 0, ["none_run"], "success"),
        ("bad", 1, ["none_run"], "success"),
        ("bad", 1, ["failed"], "exit_code"),
        ("bad", 127, ["none_run"], "exit_code"),
        ("bad", 137, ["none_run"], "exit_code"),
        ("empty", 0, None, "gate"),
        ("empty", 0, ["failed"], "success"),
        ("empty", 1, ["failed"], "exit_code"),
        ("empty", 5, ["failed"], "success"),
        ("empty", 5, None, "exit_code"),
        ("skipped", 0, None, "gate"),
        ("skipped", 0, ["failed"], "success"),
    ],
)
def test_the_gates_over_tests(suite, code, fail_on, end, make_job, perform):
    given = {} if fail_on is None else {"fail_on": fail_on}
    outcome = junit_step(make_job, perform, SUITE[suite], code, **given)
    assert (outcome.reason.value if outcome.reason else outcome.status.value) == end, outcome.message


@pytest.mark.parametrize(
    ("least", "coverage", "message"),
    [
        (70, COBERTURA, ""),
        (70.1, COBERTURA, "70.0 % of lines are covered; at least 70.1 % must be."),
        (1, "", "At least 1 % of lines must be covered, and no coverage report was read."),
    ],
)
def test_the_gate_over_coverage(least, coverage, message, make_job, perform):
    outcome = junit_step(make_job, perform, SUITE["good"], coverage=coverage, min_coverage=least)
    assert (outcome.message, outcome.reason) == (message, Reason.GATE if message else None)


def test_a_gate_says_what_it_saw(make_job, perform):
    assert junit_step(make_job, perform, SUITE["skipped"]).message == "No test ran: all 1 were skipped."
    assert junit_step(make_job, perform, SUITE["empty"]).message == "No test ran."
    assert "though the command ended with code 0" in junit_step(make_job, perform, SUITE["bad"]).message


def test_pytest_that_collects_nothing_says_so(make_job, perform, write, own_python):
    write({"conftest.py": ""})
    outcome = perform(make_job(type="test", env=own_python)).outcome
    assert (outcome.status, outcome.message, outcome.exit_code) == (StepStatus.FAILED, "No test ran.", 5)


def test_a_share_of_coverage_needs_the_plug_in_that_measures(make_job, perform, write, own_python):
    write({"test_x.py": GOOD})
    outcome = perform(make_job(type="test", parameters={"min_coverage": 50}, env=own_python)).outcome
    assert outcome.reason is Reason.NOT_AVAILABLE
    assert outcome.message.startswith("pytest-cov is not installed for python3.")


def test_nothing_to_test_is_refused(make_job, write):
    write({"notes.txt": ""})
    with pytest.raises(NotAvailable, match="Nothing in the workspace shows how to test it"):
        step_type("test").prepare(make_job(type="test"))


def test_a_step_without_report_is_told_that_its_number_is_not_known(make_job, perform):
    (warning,) = perform(make_job("true", type="test")).outcome.warnings
    assert warning.startswith("How many tests ran is not known")
