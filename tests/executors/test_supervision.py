"""A step outlives its worker, and nothing that goes wrong with its supervisor is taken for the step's own end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ansflow.engine.masking import Masker
from ansflow.engine.memory import SystemClock
from ansflow.engine.pump import Pump
from ansflow.executors import supervised
from ansflow.executors.host import Host
from ansflow.executors.shim.tree import children_of, descendants
from ansflow.infra.storage.logs import FileLogs
from ansflow.plugins.contracts import Command, Ended, Launch, Limits, Running

Make = Callable[..., Launch]

# The worker: starts the step and pumps its log until somebody kills it.
WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
from ansflow.engine.masking import Masker
from ansflow.engine.memory import SystemClock
from ansflow.engine.pump import Pump
from ansflow.executors.host import Host
from ansflow.infra.storage.logs import FileLogs
from ansflow.plugins.contracts import Command, Launch, Limits
folder = Path(sys.argv[1])
launch = Launch(
    command=Command(argv=("/bin/sh", "-c", sys.argv[2]), env={"PATH": "/usr/bin:/bin"}),
    workspace=folder / "workspace", attempt=folder / "attempt",
    limits=Limits(timeout=timedelta(seconds=60), grace=timedelta(seconds=1)),
)
logs, masker = FileLogs(folder / "logs"), Masker({"T": "s3cr3t-token"})
pump = Pump(logs=logs, masker=masker, execution=1, step="s", attempt=1, fence=1, now=SystemClock().now)
pump.follow(Host().start(launch))
"""
STEP = """
echo run >> runs
i=0
while [ $i -lt 20000 ]; do
    i=$((i+1)); echo "line $i s3cr3t-token"
    [ $i -ne 10000 ] || { echo half > half; while [ ! -e go ]; do sleep 0.01; done; }
done
"""


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def printed(running: Running, text: bytes) -> None:
    """Waits until the command has printed this."""
    give_up = time.monotonic() + 30
    while not (running.spool.exists() and text in running.spool.read_bytes()):
        assert running.wait(0) is None and time.monotonic() < give_up
        running.wait_for_output(1)


@pytest.fixture
def worker(tmp_path: Path, launch: Make) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, with its step half done."""
    launch()
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), STEP])
    until((tmp_path / "workspace" / "half").exists)
    yield process
    process.kill()
    process.wait()


def test_a_killed_workers_step_is_adopted_with_its_whole_log_and_runs_once(
    worker: subprocess.Popen[bytes], tmp_path: Path, launch: Make
) -> None:
    logs = FileLogs(tmp_path / "logs")
    until(lambda: logs.length(1, "s", 1) > 0)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    adopted = Host().adopt(launch())
    assert adopted is not None and adopted.wait(0) is None
    begun_at = datetime.fromtimestamp((tmp_path / "workspace" / "runs").stat().st_mtime - 0.001, UTC)
    killed_at, now = datetime.now(UTC), SystemClock().now
    (tmp_path / "workspace" / "go").touch()
    pump = Pump(logs=logs, masker=Masker({"T": "s3cr3t-token"}), execution=1, step="s", attempt=1, fence=1, now=now)
    before = logs.count(1, "s", 1)
    ended = pump.follow(adopted)
    wanted = b"".join(b"line %d ***\n" % n for n in range(1, 20001))
    assert ended.exit_code == 0 and not ended.log_truncated
    assert ended.log_sha256 == sha256(wanted).hexdigest() == sha256(logs.read(1, "s", 1)).hexdigest()
    assert (tmp_path / "workspace" / "runs").read_text() == "run\n"
    times = list(logs.times(1, "s", 1, first=1, last=20_000))
    assert times[0].line == 1 and times == sorted(times) == sorted(times, key=lambda time: time.at)
    assert begun_at <= times[0].at and times[-1].at <= now()
    assert [time.at > killed_at for time in times] == [time.line > before for time in times]


def test_a_step_that_ends_while_no_worker_is_there_leaves_its_record(
    worker: subprocess.Popen[bytes], tmp_path: Path, launch: Make
) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    (tmp_path / "workspace" / "go").touch()
    until((tmp_path / "attempt" / "record").exists)
    adopted = Host().adopt(launch())
    ended = adopted and adopted.wait(0)
    assert (
        isinstance(ended, Ended)
        and ended.exit_code == 0
        and ended.log_bytes == (tmp_path / "attempt" / "spool").stat().st_size
    )


def test_nothing_of_a_worker_that_ended_stays_behind(worker: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Neither the parent of the shims, nor the shim once its step has ended."""
    below = descendants(worker.pid)
    assert below
    (tmp_path / "workspace" / "go").touch()
    worker.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))


@pytest.fixture
def shim_of() -> Iterator[Callable[[Running], int]]:
    """The shim that supervises a running step: the process above its command."""

    def find(running: Running) -> int:
        mark = str(running.spool.parent).encode()
        for name in os.listdir("/proc"):
            if name.isdigit() and mark in _environ(name):
                return int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        raise AssertionError("the command cannot be found")

    yield find


def _environ(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def test_a_killed_supervisor_is_a_sentence_and_its_orphans_are_killed(
    launch: Make, tmp_path: Path, shim_of: Callable[[Running], int]
) -> None:
    mark = str(tmp_path / "attempt")
    asked = launch(
        "trap '' TERM; setsid -f sleep 1000; echo ready; sleep 1000", env={"PATH": "/usr/bin:/bin", "MARK": mark}
    )
    running = Host().start(asked)
    printed(running, b"ready\n")
    until(lambda: sum(mark.encode() in _environ(name) for name in os.listdir("/proc") if name.isdigit()) == 3)
    os.kill(shim_of(running), signal.SIGKILL)
    ended = running.wait(30)
    assert ended is not None and ended.exit_code is None and ended.log_bytes == 6
    assert ended.error == (
        "The supervisor of this step was killed, so nobody knows how the step ended. "
        "3 of its processes were left, and were killed."
    )
    assert not any(mark.encode() in _environ(name) for name in os.listdir("/proc") if name.isdigit())


def test_a_supervisor_that_is_told_to_end_ends_its_step_first(
    launch: Make, shim_of: Callable[[Running], int], tmp_path: Path
) -> None:
    mark = str(tmp_path / "attempt")
    running = Host().start(launch("echo ready; sleep 1000", env={"PATH": "/usr/bin:/bin", "MARK": mark}))
    printed(running, b"ready\n")
    os.kill(shim_of(running), signal.SIGTERM)
    ended = running.wait(30)
    assert ended is not None and "was told to end (SIGTERM)" in ended.error and not ended.cancelled
    assert not any(mark.encode() in _environ(name) for name in os.listdir("/proc") if name.isdigit())


def with_a_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> supervised.Shims:
    """Shims of their own, whose parent plants this into itself first."""
    shims = supervised.Shims()
    monkeypatch.setattr(supervised, "SHIMS", shims)
    planted = f"from ansflow.executors.shim import log, starting, supervision\n{fault}\nmain()"
    monkeypatch.setattr(supervised, "PARENT", supervised.PARENT.replace("main()", planted))
    return shims


DENIED = "lambda *known: (_ for _ in ()).throw(PermissionError(1, 'x'))"
FAULTS = {
    "log.Log.copy = lambda *known: 1 / 0": "ZeroDivisionError: division by zero (<string>:2)",
    "supervision.Supervision.watch = lambda self: int('\\ud800')": "ValueError: invalid literal for int() ",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_supervisor_that_fails_itself_says_so_and_leaves_nothing_running(
    fault: str, launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, mark = with_a_fault(fault, monkeypatch), str(tmp_path / "attempt")
    env = {"PATH": "/usr/bin:/bin", "MARK": mark}
    ended = Host().start(launch("setsid -f sleep 1000; echo ready; sleep 1000", env=env)).wait(30)
    shims.close()
    assert ended is not None and ended.exit_code is None and ended.started_at is not None
    assert ended.error.startswith(f"The supervisor of this step failed itself: {FAULTS[fault]}")
    assert not any(mark.encode() in _environ(name) for name in os.listdir("/proc") if name.isdigit())


def test_a_command_that_was_spawned_is_put_down_when_its_start_fails_afterwards(
    launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims = with_a_fault(f"starting.resource.prlimit = {DENIED}", monkeypatch)
    first = Host().start(launch("sleep 1000", memory=2**30)).wait(30)
    after = Host().start(Launch(command=shell("exit 5"), **_place(tmp_path, "after"))).wait(30)
    shims.close()
    assert first is not None and first.error == "/bin/sh may not be executed by this user."
    assert after is not None and (after.exit_code, after.survivors) == (5, 0)


def test_what_takes_no_signal_is_named_and_the_time_that_is_over_is_told(
    launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of another user, below a `sudo`."""
    shims = with_a_fault(f"supervision.os.kill = {DENIED}; supervision.KILLING = 0.2", monkeypatch)
    running = Host().start(launch("echo $$ > pid; exec sleep 1000", timeout=0.5, grace=0.1))
    ended = running.wait(30)
    shims.close()
    pid = int((tmp_path / "workspace" / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert ended is not None and ended.timed_out and ended.survivors == 1
    assert ended.error.startswith(f"SIGKILL did not end {pid} (sleep): a device or a network file system may hold it")


DIES = """
import os
from ansflow.executors.shim import parent
class Dies(parent.Supervision):
    def __init__(self, *known):
        if len(os.listdir({place!r})) < {times}:
            open({place!r} + "/" + str(os.getpid()), "w").close()
            os.kill(os.getpid(), 9)
        super().__init__(*known)
parent.Supervision = Dies
"""


@pytest.mark.parametrize(("times", "ends_well"), [(1, True), (supervised.TRIES, True), (100, False)])
def test_a_command_that_has_not_begun_begins_under_another_supervisor(
    times: int, ends_well: bool, launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "deaths"
    place.mkdir()
    shims = with_a_fault(DIES.format(place=str(place), times=times), monkeypatch)
    ended = Host().start(launch("echo run >> runs; exit 3")).wait(30)
    shims.close()
    assert ended is not None
    if ends_well:
        assert (ended.exit_code, ended.error) == (3, "")
        assert (tmp_path / "workspace" / "runs").read_text() == "run\n"
    else:
        assert ended.error == "The command has not begun: its supervisor was killed, or the attempt was given up."
        assert len(list(place.iterdir())) == 1 + supervised.TRIES
        assert not (tmp_path / "workspace" / "runs").exists()


def test_a_supervisor_killed_together_with_its_worker_is_told_to_the_next(
    worker: subprocess.Popen[bytes], tmp_path: Path, launch: Make
) -> None:
    for shim in (shim for parent in children_of(worker.pid) for shim in children_of(parent)):
        os.kill(shim, signal.SIGKILL)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    adopted = Host().adopt(launch())
    ended = adopted and adopted.wait(30)
    assert isinstance(ended, Ended) and "supervisor of this step was killed" in ended.error


def test_the_parent_of_the_shims_may_be_killed_at_any_time(launch: Make, tmp_path: Path) -> None:
    first = Host().start(launch("echo ready; while [ ! -e go ]; do sleep 0.01; done; exit 7"))
    printed(first, b"ready\n")
    (parent,) = (pid for pid in children_of(os.getpid()) if b"shim.parent" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(parent, signal.SIGKILL)
    second = Host().start(Launch(command=shell("exit 8"), **_place(tmp_path, "second")))
    ended = second.wait(30)
    assert ended is not None and ended.exit_code == 8
    (tmp_path / "workspace" / "go").touch()
    ended = first.wait(30)
    assert ended is not None and ended.exit_code == 7


def test_a_stop_that_comes_too_late_does_not_hit_the_next_step(launch: Make, tmp_path: Path) -> None:
    for number in range(20):
        running = Host().start(Launch(command=shell("exit 3"), **_place(tmp_path, f"a{number}")))
        assert running.wait(30) is not None
        running.stop()
        ended = running.wait(30)
        assert ended is not None and ended.exit_code == 3 and not ended.cancelled


def test_an_attempt_that_runs_is_not_started_twice(launch: Make, tmp_path: Path) -> None:
    asked = launch("echo run >> runs; while [ ! -e go ]; do sleep 0.01; done")
    first = Host().start(asked)
    until((tmp_path / "workspace" / "runs").exists)
    second = Host().start(asked)
    (tmp_path / "workspace" / "go").touch()
    assert first.wait(30) == second.wait(30)
    assert (tmp_path / "workspace" / "runs").read_text() == "run\n"


def test_an_attempt_that_has_ended_or_was_given_up_is_not_started_again_and_its_record_stays(
    launch: Make, tmp_path: Path
) -> None:
    asked = launch("echo run >> runs")
    first = Host().start(asked).wait(30)
    record = (tmp_path / "attempt" / "record").read_bytes()
    assert Host().start(asked).wait(30) == first and first is not None and first.exit_code == 0
    assert (tmp_path / "attempt" / "record").read_bytes() == record
    given_up = Launch(command=shell("echo run >> runs"), **_place(tmp_path, "given-up"))
    (given_up.attempt / "files").mkdir(parents=True)
    (given_up.attempt / "given-up").touch()
    ended = Host().start(given_up).wait(30)
    assert ended is not None and "The command has not begun" in ended.error
    assert sorted(path.name for path in given_up.attempt.iterdir()) == ["files", "given-up"]
    assert (tmp_path / "workspace" / "runs").read_text() == "run\n"


def test_a_shim_that_wakes_after_its_attempt_was_given_up_starts_nothing(
    launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, others = supervised.Shims(), set(children_of(os.getpid()))
    monkeypatch.setattr(supervised, "SHIMS", shims)
    monkeypatch.setattr(supervised, "STARTING", 0.0)
    assert Host().start(Launch(command=shell("exit 0"), **_place(tmp_path, "before"))).wait(30) is not None
    (shim,) = (shim for parent in set(children_of(os.getpid())) - others for shim in children_of(parent))
    os.kill(shim, signal.SIGSTOP)
    asked = launch("echo run >> runs")
    Host().start(asked).let_go()  # the request lies there, and the worker is gone
    assert Host().adopt(asked) is None
    os.kill(shim, signal.SIGCONT)
    until(lambda: not Path(f"/proc/{shim}").exists())
    assert not (tmp_path / "workspace" / "runs").exists()
    assert Host().adopt(asked) is None
    shims.close()


def test_an_attempt_is_given_up_or_adopted_and_never_both(
    launch: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "STARTING", 0.0)
    launch()
    for number in range(60):
        place = _place(tmp_path, f"a{number}")
        asked = Launch(command=shell(f"echo run >> runs{number}"), **place)
        (place["attempt"] / "files").mkdir(parents=True)
        with ThreadPoolExecutor(1) as other:
            started = other.submit(Host().start, asked)
            adopted = Host().adopt(asked)
            first = started.result(30)
        ended = first.wait(30)
        assert ended is not None
        runs = tmp_path / "workspace" / f"runs{number}"
        assert (adopted is not None) == runs.exists() == (ended.exit_code == 0)
        if adopted is not None:
            assert adopted.wait(30) == ended and runs.read_text() == "run\n"


def test_a_request_of_any_size_arrives(launch: Make) -> None:
    running = Host().start(launch("wc -c", stdin=b"x" * 5_000_000))
    ended = running.wait(30)
    assert ended is not None and ended.exit_code == 0 and running.spool.read_text() == "5000000\n"


def test_limits_of_one_step_do_not_stay_with_the_next(launch: Make, tmp_path: Path) -> None:
    script = f"{sys.executable} -I -S -c 'bytearray(300_000_000)'"
    small = Host().start(launch(script, memory=200_000_000)).wait(30)
    large = Host().start(Launch(command=shell(script), **_place(tmp_path, "large"))).wait(30)
    assert small is not None and small.exit_code == 1 and large is not None and large.exit_code == 0


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, for the attempt's folder."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_fills_ends_the_step_as_our_failure_with_a_record(full_disk: Path, tmp_path: Path) -> None:
    place = _place(tmp_path, "x") | {"attempt": full_disk / "attempt"}
    running = Host().start(Launch(command=shell("head -c 1000000 /dev/zero; exec sleep 1000"), **place))
    ended = running.wait(30)
    assert ended is not None and ended.exit_code is None and ended.log_truncated
    assert ended.error.startswith("The log could not be stored: No space left on device")
    adopted = Host().adopt(Launch(command=shell(""), **place))
    assert adopted is not None and adopted.wait(0) == ended


def test_a_disk_that_is_full_from_the_start_is_a_sentence(full_disk: Path, tmp_path: Path) -> None:
    place = _place(tmp_path, "x") | {"attempt": full_disk / "attempt"}
    (full_disk / "attempt").mkdir()
    (full_disk / "attempt" / "files").mkdir()
    with pytest.raises(OSError, match="No space left"), open(full_disk / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    ended = Host().start(Launch(command=shell("echo x > ran"), **place)).wait(30)
    assert ended is not None and "No space left on device" in ended.error
    assert not (tmp_path / "workspace" / "ran").exists()


def test_a_line_arrives_within_a_tenth_of_a_second(launch: Make, tmp_path: Path) -> None:
    """Not a benchmark: a poll once a second, or a buffer that waits for more, would fail."""
    running = Host().start(launch("while [ ! -e say ]; do sleep 0.001; done; date +%s.%N; exec sleep 1000"))
    (tmp_path / "workspace" / "say").touch()
    printed(running, b"\n")
    assert time.time() - float(running.spool.read_text()) < 0.5
    running.stop()
    assert running.wait(30) is not None


def shell(script: str) -> Command:
    return Command(argv=("/bin/sh", "-c", script), env={"PATH": "/usr/local/bin:/usr/bin:/bin"})


def _place(folder: Path, name: str) -> dict[str, Any]:
    (folder / "workspace").mkdir(exist_ok=True)
    limits = Limits(timeout=timedelta(seconds=60), grace=timedelta(seconds=1))
    return {"workspace": folder / "workspace", "attempt": folder / name, "limits": limits}


def test_a_command_that_nobody_can_adopt_leaves_no_record_and_ends_with_its_worker(
    launch: Make, tmp_path: Path
) -> None:
    heard = replace(launch("exit 3"), adoptable=False)
    ended = Host().start(heard).wait(30)
    assert ended is not None and ended.exit_code == 3
    assert not (heard.attempt / "record").exists()

    running = Host().start(replace(launch("echo $$ > pid.part; mv pid.part pid; exec sleep 1000"), adoptable=False))
    pid = tmp_path / "workspace" / "pid"
    until(pid.exists)
    del running  # its link closes, as when the worker dies
    until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())
