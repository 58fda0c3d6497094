"""A file run on this machine: real processes, real files, one record at the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ansflow.config.local import SURROUNDINGS, LocalOptions, LocalRun
from ansflow.config.records import Records
from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.core.events import ExecutionChanged, StepChanged
from ansflow.core.status import ExecutionStatus, Reason, StepStatus

Start = Callable[..., LocalRun]


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Writes a file and makes the run of it; nothing of it reaches outside the test's folder."""
    monkeypatch.setenv("ANSFLOW_SECRET_TOKEN", "hunter2-hunter2")

    def make(steps: str, **options: object) -> LocalRun:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        file = project / ".ansflow.yml"
        file.write_text(f"version: 1\nname: shop\n{steps}")
        return LocalRun(file, LocalOptions(data=tmp_path / "data", **options))  # type: ignore[arg-type]

    return make


def finish(run: LocalRun) -> dict[str, StepStatus]:
    for _ in run.follow():
        pass
    return {key: step.status for key, step in run.steps.items()}


def test_steps_share_a_workspace_and_hand_over_outputs(prepare: Start) -> None:
    run = prepare(
        """
steps:
  make: {run: 'echo hello > made.txt; echo "size=$(wc -c < made.txt)" >> "$ANSFLOW_OUTPUT"', outputs: [size]}
  use: {needs: make, run: 'cat made.txt; echo "size ${{ steps.make.outputs.size }}"'}
"""
    )
    assert finish(run) == {"make": StepStatus.SUCCESS, "use": StepStatus.SUCCESS}
    assert run.status is ExecutionStatus.SUCCESS
    assert run.read_log("use", 1) == b"hello\nsize 6\n"


def test_a_failing_step_stops_what_needs_it_and_says_why(prepare: Start) -> None:
    run = prepare("steps:\n  bad: {run: exit 3}\n  after: {needs: bad, run: echo never}\n")
    assert finish(run) == {"bad": StepStatus.FAILED, "after": StepStatus.SKIPPED}
    assert run.status is ExecutionStatus.FAILED
    assert run.steps["bad"].outcome is not None and run.steps["bad"].outcome.exit_code == 3
    assert run.steps["after"].reason is Reason.UPSTREAM_FAILED
    assert "bad" in run.steps["after"].message


def test_final_steps_run_after_a_failure(prepare: Start) -> None:
    run = prepare("steps:\n  bad: {run: exit 1}\nfinally:\n  tidy: {run: echo tidied}\n")
    assert finish(run)["tidy"] is StepStatus.SUCCESS
    assert run.status is ExecutionStatus.FAILED


def test_a_secret_reaches_only_the_step_that_names_it_and_is_never_shown(prepare: Start, tmp_path: Path) -> None:
    run = prepare(
        """
steps:
  named: {secrets: [TOKEN], run: 'echo "it is $TOKEN"; test -n "$TOKEN"'}
  other: {run: 'test -z "${TOKEN:-}" && test -z "${ANSFLOW_SECRET_TOKEN:-}"'}
"""
    )
    assert set(finish(run).values()) == {StepStatus.SUCCESS}
    assert run.read_log("named", 1) == b"it is ***\n"
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and "attempts" not in path.parts]
    assert [path for path in kept if b"hunter2" in path.read_bytes()] == []


def test_a_missing_secret_is_refused_before_the_run_at_its_line(prepare: Start) -> None:
    with pytest.raises(InvalidSpec) as caught:
        prepare("steps:\n  a: {run: 'true', secrets: [NOWHERE]}\n")
    assert (caught.value.problems[0].line, "NOWHERE" in str(caught.value)) == (4, True)


def test_a_git_credential_of_a_server_is_refused_before_the_run_at_its_line(prepare: Start) -> None:
    with pytest.raises(InvalidSpec, match=r"add it to the step: secrets: .SHOP.") as caught:
        prepare("steps:\n  a: {type: fetch_code, with: {repository: https://h/x, credential: SHOP}}\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.path) == ("unknown_secret", 4, ("steps", "a", "with", "credential"))


def test_a_secret_too_short_to_be_masked_is_refused_before_the_run_at_its_line(
    prepare: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSFLOW_SECRET_PIN", "1234")
    with pytest.raises(InvalidSpec, match=r"'PIN' has only 4 of the 6 characters") as caught:
        prepare("steps:\n  a: {run: 'true', secrets: [PIN]}\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.path) == ("secret_too_short", 4, ("steps", "a", "secrets"))


def test_all_that_a_step_sees_of_the_shell_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "executors.md").read_text()
    assert [name for name in SURROUNDINGS if f"`{name}`" not in page and f"`{name.lower()}`" not in page] == []


def test_a_step_sees_nothing_of_the_shell_it_was_started_from(prepare: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PRIVATE_SETTING", "42")
    run = prepare(
        """steps:\n  a: {run: 'test -z "${MY_PRIVATE_SETTING:-}" && test "$CI" = true && test -n "$HOME"'}\n"""
    )
    assert finish(run) == {"a": StepStatus.SUCCESS}


def test_an_approval_given_in_advance_opens_the_gate(prepare: Start) -> None:
    steps = "steps:\n  ship: {run: echo shipped, approval: {approvers: {groups: [release]}}}\n"
    run = prepare(steps, approve=["ship"])
    assert run.gates() == []
    assert finish(run) == {"ship": StepStatus.SUCCESS}


def test_a_gate_that_nobody_opened_is_told_and_can_be_answered(prepare: Start) -> None:
    run = prepare("steps:\n  ship: {run: echo shipped, approval: {message: Sure?}}\n")
    assert run.gates() == ["ship"]
    for event in run.follow():
        if isinstance(event.fact, StepChanged) and event.fact.status is StepStatus.WAITING:
            run.reject("ship")
    assert run.steps["ship"].status is StepStatus.FAILED
    assert run.steps["ship"].reason is Reason.REJECTED


def test_cancelling_ends_every_process_of_the_run(prepare: Start, tmp_path: Path) -> None:
    witness = tmp_path / "pid"
    run = prepare(f"steps:\n  long: {{run: 'sleep 600 & echo $! > {witness}; echo ready; wait', grace: 1s}}\n")
    run._on_log = lambda step, attempt, length: run.cancel()
    assert finish(run) == {"long": StepStatus.CANCELLED}
    assert run.status is ExecutionStatus.CANCELLED
    assert not Path(f"/proc/{witness.read_text().strip()}").exists()


def test_the_record_tells_the_run_afterwards(prepare: Start, tmp_path: Path) -> None:
    run = prepare("steps:\n  a: {run: 'echo x > x', artifacts: {paths: [x]}}\n")
    finish(run)
    record = Records(tmp_path / "data").read(run.number)
    assert record.status is ExecutionStatus.SUCCESS
    assert record.steps == run.steps
    assert record.steps["a"].outcome is not None
    assert [file.path for file in record.steps["a"].outcome.artifacts] == ["x"]


def test_events_are_numbered_without_gaps_and_end_once(prepare: Start) -> None:
    run = prepare("steps:\n  a: {run: 'true'}\n  b: {needs: a, run: 'true'}\n")
    events = list(run.follow())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ends = [e for e in events if isinstance(e.fact, ExecutionChanged) and e.fact.status is ExecutionStatus.SUCCESS]
    assert ends == events[-1:]


def test_two_runs_at_once_have_numbers_and_workspaces_of_their_own(prepare: Start) -> None:
    first = prepare("steps:\n  a: {run: 'test ! -e taken && touch taken'}\n")
    second = prepare("steps:\n  a: {run: 'test ! -e taken && touch taken'}\n")
    following = first.follow()
    next(following)
    assert finish(second) == {"a": StepStatus.SUCCESS}
    for _ in following:
        pass
    assert first.status is ExecutionStatus.SUCCESS
    assert first.number != second.number


def test_uncommitted_files_of_the_working_tree_are_fetched(prepare: Start, tmp_path: Path) -> None:
    run = prepare("steps:\n  source: {type: fetch_code}\n  use: {needs: source, run: cat fresh.txt}\n")
    project = tmp_path / "project"
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], cwd=project, check=True)
    (project / "fresh.txt").write_text("not committed\n")
    run = LocalRun(run.file, run.options)
    assert finish(run) == {"source": StepStatus.SUCCESS, "use": StepStatus.SUCCESS}
    assert run.read_log("use", 1) == b"not committed\n"


JUNIT = """<testsuite>
  <testcase name="login with hunter2-hunter2"><failure message="hunter2-hunter2 refused"/></testcase>
</testsuite>"""


def test_a_secret_in_a_report_is_masked_wherever_the_report_is_told_of(prepare: Start, tmp_path: Path) -> None:
    script = f"cat > j.xml <<'END'\n{JUNIT}\nEND\n".replace("\n", "\n      ")
    step = f"type: test\n    secrets: [TOKEN]\n    run: |\n      {script}\n    reports: {{junit: j.xml}}\n"
    run = prepare(f"steps:\n  unit:\n    {step}")
    assert finish(run) == {"unit": StepStatus.FAILED}
    outcome = run.steps["unit"].outcome
    assert outcome is not None and outcome.tests is not None
    assert [test.name for test in outcome.tests.failing] == ["login with ***"]
    assert "hunter2" not in (run.folder / "record.json").read_text()


def test_a_data_folder_that_cannot_be_written_is_named_before_anything_runs(prepare: Start, tmp_path: Path) -> None:
    run = prepare("steps:\n  a: {run: touch ran}\n")
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(NotAvailable, match=r"data folder .* cannot be written.*ANSFLOW_DATA_DIR"):
        finish(run)


def test_a_fault_of_ours_ends_the_run_instead_of_leaving_it_to_wait(
    prepare: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare("steps:\n  a: {run: 'true'}\n")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("ansflow.engine.runner.Runner.record", broken)
    with pytest.raises(ZeroDivisionError, match="ours"):
        finish(run)
