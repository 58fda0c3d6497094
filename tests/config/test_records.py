"""Records of local runs: numbers nobody shares, records that come back equal, and tidying that harms no running one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansflow.config.records import ExecutionRecord, Records, StepRecord
from ansflow.core.errors import NotFound
from ansflow.core.outcome import Outcome
from ansflow.core.status import ExecutionStatus, Reason, StepStatus
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.workspaces import FileWorkspaces

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(number: int) -> ExecutionRecord:
    outcome = Outcome(status=StepStatus.FAILED, reason=Reason.EXIT_CODE, message="Exited with code 2.", exit_code=2)
    step = StepRecord(
        status=StepStatus.FAILED, step_id="unit", type="test", reason=Reason.EXIT_CODE, attempt=1, outcome=outcome
    )
    return ExecutionRecord(
        number=number,
        pipeline="shop",
        file=".ansflow.yml",
        status=ExecutionStatus.FAILED,
        started_at=NOW,
        ended_at=NOW,
        steps={"unit (python=3.12)": step},
    )


def test_a_record_comes_back_equal(tmp_path: Path) -> None:
    records = Records(tmp_path)
    held = records.reserve()
    records.write(record(held.number))
    assert records.read(held.number) == record(held.number)
    assert [found.number for found in records.newest_first()] == [1]
    held.release()


def test_two_runs_never_get_the_same_number(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda _: Records(tmp_path).reserve(), range(40)))
    assert sorted(one.number for one in held) == list(range(1, 41))
    for one in held:
        one.release()


def test_a_missing_execution_names_the_newest(tmp_path: Path) -> None:
    records = Records(tmp_path)
    with pytest.raises(NotFound, match="None has been run yet"):
        records.read(1)
    records.reserve().release()
    with pytest.raises(NotFound, match="The newest is 1"):
        records.read(9)


def test_tidying_keeps_the_newest_and_whatever_still_runs(tmp_path: Path) -> None:
    records = Records(tmp_path)
    held = [records.reserve() for _ in range(6)]
    for one in held:
        (one.folder / "workspace").mkdir()
        (tmp_path / "logs" / str(one.number)).mkdir(parents=True)
    for one in held[1:]:
        one.release()
    records.tidy(keep=3, keep_workspaces=2)
    assert records.numbers() == [1, 4, 5, 6]
    workspaces = [number for number in records.numbers() if (records.root / str(number) / "workspace").exists()]
    assert workspaces == [1, 5, 6]
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["1", "4", "5", "6"]
    held[0].release()


def test_a_workspace_that_cannot_be_removed_is_told_and_fails_no_run(tmp_path, monkeypatch, caplog) -> None:
    def refuse(self, execution):
        raise PermissionError(13, "Permission denied", "workspace/root-owned")

    monkeypatch.setattr(FileWorkspaces, "remove", refuse)
    records = Records(tmp_path)
    for _ in range(2):
        records.reserve().release()
    records.tidy(keep=1, keep_workspaces=1)
    assert "The workspace of run 1 cannot be removed: [Errno 13] Permission denied" in caplog.text


def test_what_runs_leave_is_for_nobody_else_on_this_machine(tmp_path: Path) -> None:
    Records(tmp_path / "data").reserve().release()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_run_whose_process_was_killed_says_so_and_shows_its_logs(tmp_path: Path) -> None:
    records = Records(tmp_path)
    held = records.reserve()
    records.write(replace(record(1), status=ExecutionStatus.RUNNING, ended_at=None, steps={}, keys=("a", "b (x=1)")))
    assert records.read(1).status is ExecutionStatus.RUNNING
    FileLogs(tmp_path / "logs").append(1, "b (x=1)", 2, fence=1, offset=0, data=b"so far")
    held.release()
    found = records.read(1)
    assert found.status is ExecutionStatus.CANCELLED
    assert "killed" in found.message
    assert [(key, step.attempt) for key, step in found.steps.items()] == [("a", 0), ("b (x=1)", 2)]


def test_a_killed_run_and_one_that_was_asked_to_stay_keep_their_workspace(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for number in range(1, 7):
        held = records.reserve()
        (held.folder / "workspace").mkdir()
        status = ExecutionStatus.RUNNING if number == 2 else ExecutionStatus.SUCCESS
        records.write(replace(record(number), status=status))
        if number == 1:
            held.keep()
        held.release()
    records.tidy(keep=6, keep_workspaces=2)
    kept = [number for number in records.numbers() if (records.root / str(number) / "workspace").exists()]
    assert kept == [1, 2, 5, 6]


def test_many_processes_may_tidy_at_once(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for _ in range(40):
        held = records.reserve()
        for name in range(20):
            (held.folder / "attempts" / str(name)).mkdir(parents=True)
        held.release()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Records(tmp_path).tidy(keep=2, keep_workspaces=1), range(16)))
    assert records.numbers() == [39, 40]
