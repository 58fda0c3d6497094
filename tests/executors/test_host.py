"""The host executor: starts, tells how it ended, and says why it could not."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.executors.host import Host
from ansflow.executors.supervised import SHIMS
from ansflow.plugins.contracts import Command, Ended, Launch

Run = Callable[..., Ended]


def test_it_proves_itself_by_running_something() -> None:
    assert Host().check() == ""


def test_output_and_exit_code_are_kept(run: Run, tmp_path: Path) -> None:
    ended = run("echo out; echo err >&2; exit 3")
    assert (ended.exit_code, ended.signal, ended.error) == (3, None, "")
    assert (tmp_path / "attempt" / "spool").read_bytes() == b"out\nerr\n" and ended.log_bytes == 8


def test_a_signal_is_no_exit_code(run: Run) -> None:
    ended = run("kill -9 $$")
    assert (ended.exit_code, ended.signal, ended.error) == (None, 9, "")


def test_the_environment_is_built_from_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSFLOW_DATABASE_URL", "canary")
    run("env | cut -d= -f1 | sort | grep -v ANSFLOW_SUPERVISION", env={"GREETING": "hello", "PATH": "/usr/bin:/bin"})
    assert (tmp_path / "attempt" / "spool").read_text().split() == ["GREETING", "PATH", "PWD"]


def test_stdin_is_handed_over_and_stands_in_no_folder(run: Run, tmp_path: Path) -> None:
    run("cat", stdin=b"s3cr3t\n" * 100_000)
    assert (tmp_path / "attempt" / "spool").stat().st_size == 700_000
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "spool"]
    assert not any(b"s3cr3t" in path.read_bytes() for path in files)


def test_signals_that_the_worker_ignores_are_not_ignored_by_the_step(launch: Callable[..., Launch]) -> None:
    """A worker that was started with nohup, or in the background of a script, ignores some."""
    script = "grep SigIgn /proc/self/status"
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    }
    SHIMS.close()
    try:
        running = Host().start(launch(script))
        running.wait(30)
    finally:
        SHIMS.close()
        for number, how in before.items():
            signal.signal(number, how)
    ignored = int(running.spool.read_text().split()[1], 16)
    assert ignored & 0x7FFFFFFF == 0  # of the 31 that programs use


def test_files_stand_beside_the_attempt(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "attempt" / "files" / "a" / "script.sh"
    ended = run("", argv=("/bin/sh", str(path)), files={"a/script.sh": "exit 7\n"})
    assert ended.exit_code == 7


def test_what_it_cost_is_counted(run: Run) -> None:
    ended = run(
        "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; (head -c 50000000 /dev/zero | tail -c 40000000 >/dev/null)"
    )
    assert ended.cpu_seconds > 0.01 and ended.peak_memory > 40_000_000
    assert ended.started_at is not None and ended.ended_at is not None and ended.started_at < ended.ended_at


def test_it_does_not_pretend_to_take_the_network_away(launch: Callable[..., Launch]) -> None:
    with pytest.raises(NotAvailable, match="cannot keep 'network: none'"):
        Host().start(replace(launch("true"), network="none"))


CANNOT = {
    "a missing program": (Command(argv=("nowhere-to-be-found",)), "not installed here: not found on PATH"),
    "a missing path": (Command(argv=("/nowhere/program",)), "/nowhere/program does not exist"),
    "a folder": (Command(argv=("/usr",)), "/usr is a folder, not a program"),
    "a file that may not run": (Command(argv=("./plain",)), "may not be executed. Make it executable"),
    "a missing interpreter": (Command(argv=("./odd",)), "asks for the interpreter /no/such/interpreter"),
    "no program at all": (Command(argv=("./text",)), "must name its interpreter in its first line"),
    "a missing folder": (Command(argv=("true",), cwd="not/there"), "not/there does not exist when the step starts"),
    "a NUL": (Command(argv=("/bin/echo", "a\0b")), "holds a NUL character"),
    "too much": (Command(argv=("/bin/echo", "x" * 3_000_000)), "more arguments and environment than the system"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_a_command_that_cannot_start_says_why(case: str, run: Run, tmp_path: Path) -> None:
    command, sentence = CANNOT[case]
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for name, text, mode in (
        ("plain", "x", 0o644),
        ("odd", "#!/no/such/interpreter -x\n", 0o755),
        ("text", "x", 0o755),
    ):
        (workspace / name).write_text(text)
        (workspace / name).chmod(mode)
    ended = run("", command=command)
    assert sentence in ended.error and ended.exit_code is None and ended.signal is None
