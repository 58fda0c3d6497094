from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansflow.core.spec import ReportsSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Ended
from ansflow.plugins.reading import read_outcome

JUNIT = '<testsuite><testcase name="a"/><testcase name="b"><failure message="1 != 2"/></testcase></testsuite>'


@pytest.mark.parametrize(
    ("ended", "status", "reason", "message"),
    [
        (Ended(exit_code=0), StepStatus.SUCCESS, None, ""),
        (Ended(exit_code=2), StepStatus.FAILED, Reason.EXIT_CODE, "Exited with code 2."),
        (Ended(exit_code=126), StepStatus.FAILED, Reason.EXIT_CODE,
         "Exited with code 126: a program was found but may not be executed."),
        (Ended(exit_code=137), StepStatus.FAILED, Reason.EXIT_CODE,
         "Exited with code 137: a program it ran was killed by SIGKILL (out of memory?)."),
        (Ended(exit_code=255), StepStatus.FAILED, Reason.EXIT_CODE, "Exited with code 255."),
        (Ended(signal=11), StepStatus.FAILED, Reason.EXIT_CODE, "Killed by SIGSEGV (it crashed)."),
        (Ended(signal=99), StepStatus.FAILED, Reason.EXIT_CODE, "Killed by signal 99."),
        (Ended(signal=15, timed_out=True), StepStatus.FAILED, Reason.TIMEOUT,
         "Ran out of time: stopped after 1m30s."),
        (Ended(exit_code=0, timed_out=True), StepStatus.FAILED, Reason.TIMEOUT,
         "Ran out of time: stopped after 1m30s."),
        (Ended(signal=15, cancelled=True), StepStatus.CANCELLED, Reason.CANCELLED_BY_USER, "Cancelled."),
        (Ended(error="The disk is full."), StepStatus.FAILED, Reason.INTERNAL_ERROR, "The disk is full."),
        (Ended(), StepStatus.FAILED, Reason.INTERNAL_ERROR, "The command left no exit code behind."),
    ],
)  # fmt: skip
def test_every_end_has_its_status_its_reason_and_a_sentence(ended, status, reason, message, make_job):
    outcome = read_outcome(make_job("x", timeout=timedelta(seconds=90)), ended)
    assert (outcome.status, outcome.reason, outcome.message) == (status, reason, message)


def test_a_missing_working_directory_is_the_mistake_of_the_pipeline(make_job):
    job = make_job("x", working_directory="nope")
    outcome = read_outcome(job, Ended(error="The working directory /w/nope does not exist when the step starts."))
    assert outcome.reason is Reason.INVALID
    assert outcome.message == "The workspace has no folder nope when the step starts."
    job.cwd.mkdir()
    assert read_outcome(job, Ended(error="The disk is full.")).reason is Reason.INTERNAL_ERROR


def test_failing_tests_are_counted_in_the_sentence(make_job):
    job = make_job("x", reports=ReportsSpec(junit=("junit.xml",)))
    (job.workspace / "junit.xml").write_text(JUNIT)
    outcome = read_outcome(job, Ended(exit_code=1))
    assert outcome.message == "Exited with code 1: 1 of 2 tests failed."
    assert [(test.name, test.message) for test in outcome.tests.failing] == [("b", "1 != 2")]


def test_a_glob_that_matches_nothing_is_a_warning(make_job):
    outcome = read_outcome(make_job("x", reports=ReportsSpec(junit=("out/*.xml",))), Ended(exit_code=0))
    assert outcome.warnings == ("reports.junit: no file matches 'out/*.xml'.",)
    assert outcome.tests is None


def test_a_glob_written_from_the_working_directory_is_mended_by_the_warning(make_job):
    job = make_job("x", reports=ReportsSpec(junit=("junit.xml",)), working_directory="api")
    (job.workspace / "api").mkdir()
    (job.workspace / "api" / "junit.xml").write_text(JUNIT)
    (warning,) = read_outcome(job, Ended(exit_code=0)).warnings
    assert warning.endswith("Paths start at the workspace: write 'api/junit.xml'.")


def test_a_report_of_an_earlier_attempt_does_not_count(make_job):
    job = make_job("x", reports=ReportsSpec(junit=("junit.xml",)))
    (job.workspace / "junit.xml").write_text(JUNIT)
    outcome = read_outcome(job, Ended(exit_code=1, started_at=datetime.now(UTC) + timedelta(seconds=5)))
    assert outcome.tests is None
    assert "did not write" in outcome.warnings[0]


def test_a_log_that_was_cut_and_processes_left_behind_are_told(make_job):
    outcome = read_outcome(make_job("x"), Ended(exit_code=0, log_truncated=True, survivors=2))
    assert [warning[:12] for warning in outcome.warnings] == ["The log is i", "2 processes "]


def test_reading_twice_gives_the_same(make_job):
    job = make_job("x", reports=ReportsSpec(junit=("*.xml",)))
    (job.workspace / "junit.xml").write_text(JUNIT)
    ended = Ended(exit_code=1)
    assert read_outcome(job, ended) == read_outcome(job, ended)
