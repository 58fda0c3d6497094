"""The fake executor does what its variables say, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.executors.fake import Fake
from ansflow.plugins.contracts import Command, Launch, Limits


def launch(folder: Path, *, timeout: float = 60, **env: str) -> Launch:
    limits = Limits(timeout=timedelta(seconds=timeout), grace=timedelta(seconds=1))
    return Launch(command=Command(argv=("x",), env=env), workspace=folder, attempt=folder / "a", limits=limits)


def test_without_variables_it_succeeds_at_once(tmp_path: Path) -> None:
    ended = Fake().start(launch(tmp_path)).wait(0)
    assert ended is not None and (ended.exit_code, ended.signal, ended.error) == (0, None, "")


def test_the_exit_code_and_the_output_are_as_told(tmp_path: Path) -> None:
    running = Fake().start(launch(tmp_path, FAKE_EXIT_CODE="3", FAKE_OUTPUT="héllo"))
    ended = running.wait()
    assert ended is not None and ended.exit_code == 3
    assert running.spool.read_text(encoding="utf-8") == "héllo\n" and ended.log_bytes == 7


def test_an_error_is_ours_and_no_exit_code(tmp_path: Path) -> None:
    ended = Fake().start(launch(tmp_path, FAKE_ERROR="The moon is down.")).wait()
    assert ended is not None and ended.error == "The moon is down." and ended.exit_code is None


def test_a_refusal_is_raised_by_start(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="no room"):
        Fake().start(launch(tmp_path, FAKE_REFUSE="There is no room."))


def test_it_sleeps_until_it_is_stopped(tmp_path: Path) -> None:
    running = Fake().start(launch(tmp_path, FAKE_SLEEP="100"))
    assert running.wait(0) is None
    running.stop()
    ended = running.wait(0)
    assert ended is not None and ended.cancelled and ended.signal == 15 and not ended.timed_out


def test_it_runs_out_of_time(tmp_path: Path) -> None:
    ended = Fake().start(launch(tmp_path, timeout=0, FAKE_SLEEP="1")).wait()
    assert ended is not None and ended.timed_out and ended.signal == 15


def test_another_worker_adopts_it(tmp_path: Path) -> None:
    asked = launch(tmp_path, FAKE_SLEEP="100")
    assert Fake().adopt(asked) is None
    Fake().start(asked)
    adopted = Fake().adopt(asked)
    assert adopted is not None and adopted.wait(0) is None
    adopted.stop(timed_out=True)
    again = Fake().adopt(asked)
    assert again is not None
    ended = again.wait(0)
    assert ended is not None and ended.timed_out
