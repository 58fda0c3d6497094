"""What every executor promises, asked of each of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.plugins import registry
from ansflow.plugins.contracts import Command, Ended, Executor, Launch, LetGo, Limits, Running

PATH = "/usr/local/bin:/usr/bin:/bin"
NAMES = ("host", "sandbox", "fake")


@dataclass
class Bench:
    """One executor and a place to run in. `wanted` says the same to a real one (script) and to the fake (variables)."""

    executor: Executor
    folder: Path
    count: int = 0

    @property
    def is_real(self) -> bool:
        return self.executor.name != "fake"

    def launch(self, script: str = "", env: Mapping[str, str] | None = None, **limits: float) -> Launch:
        self.count += 1
        attempt = self.folder / f"attempt-{self.count}"
        attempt.mkdir()
        return Launch(
            command=Command(argv=("/bin/sh", "-c", script), env={"PATH": PATH, **(env or {})}),
            workspace=self.folder / "workspace",
            attempt=attempt,
            limits=Limits(
                timeout=timedelta(seconds=limits.get("timeout", 60)),
                grace=timedelta(seconds=limits.get("grace", 5)),
                log_bytes=int(limits.get("log_bytes", 100 * 2**20)),
            ),
        )


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    executor = registry.executor(request.param)
    if why := executor.check():
        pytest.skip(why)
    (tmp_path / "workspace").mkdir()
    executor.open()
    yield Bench(executor, tmp_path)
    executor.close()


@pytest.fixture
def real(bench: Bench) -> Bench:
    if not bench.is_real:
        pytest.skip("the fake executor runs nothing")
    return bench


def ended(running: Running) -> Ended:
    end = running.wait(60)
    assert end is not None
    return end


def wait_for(condition: Callable[[], bool]) -> None:
    """For a file that a step writes: there is no signal of that. Fails after 30 s."""
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


SUCCESS = ("echo hello", {"FAKE_OUTPUT": "hello"})
FAILURE = ("exit 3", {"FAKE_EXIT_CODE": "3"})
SIGNAL = ("kill -9 $$", {"FAKE_SIGNAL": "9"})
FOREVER = ("sleep 1000", {"FAKE_SLEEP": "1000"})


def test_it_can_say_what_it_is_and_that_it_works(bench: Bench) -> None:
    assert bench.executor.name and bench.executor.summary and bench.executor.check() == ""


def test_success_with_its_output(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*SUCCESS))
    end = ended(running)
    assert (end.exit_code, end.signal, end.error) == (0, None, "")
    assert running.spool.read_bytes() == b"hello\n" and end.log_bytes == 6


def test_failure_with_its_exit_code(bench: Bench) -> None:
    end = ended(bench.executor.start(bench.launch(*FAILURE)))
    assert (end.exit_code, end.signal, end.error) == (3, None, "")


def test_a_signal(bench: Bench) -> None:
    end = ended(bench.executor.start(bench.launch(*SIGNAL)))
    assert end.error == "" and (end.signal == 9 or end.exit_code == 128 + 9)


def test_time_over(bench: Bench) -> None:
    end = ended(bench.executor.start(bench.launch(*FOREVER, timeout=0.1)))
    assert end.timed_out and not end.cancelled and end.exit_code != 0


def test_cancel_from_another_thread_while_one_waits(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FOREVER))
    ends: list[Ended | None] = []
    waiting = Thread(target=lambda: ends.append(running.wait(60)))
    waiting.start()
    running.stop()
    waiting.join()
    end = ends[0]
    assert end is not None and end.cancelled and not end.timed_out and end.exit_code != 0


def test_a_worker_may_say_that_time_is_over(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FOREVER))
    running.stop(timed_out=True)
    end = ended(running)
    assert end.timed_out and not end.cancelled


def test_waiting_with_a_limit_gives_nothing_and_may_be_repeated(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FOREVER))
    assert running.wait(0) is None and running.wait(0.01) is None
    running.stop()
    first = ended(running)
    assert running.wait(0) == running.wait() == first
    running.stop()


def test_the_end_wakes_who_waits_for_output(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FAILURE))
    give_up = time.monotonic() + 30
    while running.wait(0) is None:
        running.wait_for_output(30)
        assert time.monotonic() < give_up


def test_an_attempt_that_nobody_started_cannot_be_adopted(bench: Bench) -> None:
    assert bench.executor.adopt(bench.launch(*SUCCESS)) is None


def test_a_running_command_is_adopted_and_obeys(bench: Bench) -> None:
    launch = bench.launch(*FOREVER)
    first = bench.executor.start(launch)
    adopted = bench.executor.adopt(launch)
    assert adopted is not None and adopted.wait(0) is None and adopted.spool == first.spool
    adopted.stop()
    assert ended(adopted).cancelled and ended(first).cancelled


def test_a_command_that_has_ended_is_adopted_with_the_same_end(bench: Bench) -> None:
    launch = bench.launch(*FAILURE)
    end = ended(bench.executor.start(launch))
    adopted = bench.executor.adopt(launch)
    assert adopted is not None and ended(adopted) == end


def test_closing_twice_is_safe_and_touches_no_running_command(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FOREVER))
    bench.executor.close()
    bench.executor.close()
    assert running.wait(0) is None
    running.stop()
    assert ended(running).cancelled


def test_a_command_that_is_let_go_runs_on_and_can_be_adopted(bench: Bench) -> None:
    launch = bench.launch(*FOREVER)
    running = bench.executor.start(launch)
    raised: list[type] = []

    def wait() -> None:
        try:
            running.wait(60)
        except LetGo:
            raised.append(LetGo)

    waiting = Thread(target=wait)
    waiting.start()
    running.let_go()
    waiting.join(30)
    assert raised == [LetGo]
    with pytest.raises(LetGo):
        running.wait(0)
    running.wait_for_output(60)
    running.let_go()
    running.stop() if bench.is_real else None  # a word that nobody hears
    bench.executor.close()
    adopted = bench.executor.adopt(launch)
    assert adopted is not None and adopted.wait(0) is None
    adopted.stop()
    assert ended(adopted).cancelled


def test_a_command_that_had_ended_keeps_its_end_when_it_is_let_go(bench: Bench) -> None:
    running = bench.executor.start(bench.launch(*FAILURE))
    end = ended(running)
    running.let_go()
    assert running.wait(0) == end


def test_many_at_once_keep_apart(bench: Bench) -> None:
    launches = [bench.launch(f"exit {n}", {"FAKE_EXIT_CODE": str(n)}) for n in range(12)]
    running = [bench.executor.start(launch) for launch in launches]
    assert [ended(run).exit_code for run in running] == list(range(12))


# ── of those that run something ──────────────────────────────────────────────────────────────────────────────────


def test_the_workspace_is_where_it_runs_and_where_it_writes(real: Bench) -> None:
    end = ended(
        real.executor.start(
            real.launch('test "$PWD" = "$WHERE" && echo x > made', {"WHERE": str(real.folder / "workspace")})
        )
    )
    assert end.exit_code == 0 and (real.folder / "workspace" / "made").read_text() == "x\n"


def test_files_of_the_command_can_be_read_and_outputs_written(real: Bench) -> None:
    launch = real.launch()
    output = launch.attempt / "files" / "output"
    command = Command(
        argv=("/bin/sh", str(launch.attempt / "files" / "script.sh")), files={"script.sh": f"echo a=1 > {output}\n"}
    )
    end = ended(real.executor.start(_with(launch, command)))
    assert end.exit_code == 0 and output.read_text() == "a=1\n"


def test_stdin_comes_from_the_launch(real: Bench) -> None:
    running = real.executor.start(_with(real.launch(), Command(argv=("/bin/cat",), stdin=b"parameters\n")))
    assert ended(running).exit_code == 0 and running.spool.read_bytes() == b"parameters\n"


def test_our_own_python_can_be_run(real: Bench) -> None:
    script = "import ansflow.plugins.contracts as c; print(c.Command.__name__)"
    running = real.executor.start(_with(real.launch(), Command(argv=(sys.executable, "-c", script))))
    assert ended(running).exit_code == 0 and running.spool.read_text() == "Command\n"


def test_a_program_that_is_missing_is_a_sentence_and_no_exit_code(real: Bench) -> None:
    launch = _with(real.launch(), Command(argv=("surely-not-installed",), env={"PATH": PATH}))
    try:
        sentence = ended(real.executor.start(launch)).error
    except NotAvailable as refused:
        sentence = str(refused)
    assert sentence.startswith("surely-not-installed ") and PATH in sentence


def test_a_working_directory_that_is_missing_is_a_sentence(real: Bench) -> None:
    end = ended(real.executor.start(_with(real.launch(), Command(argv=("/bin/true",), cwd="not/there"))))
    assert "not/there" in end.error and end.exit_code is None


def test_output_passes_the_limit_loudly(real: Bench) -> None:
    running = real.executor.start(real.launch("head -c 3000000 /dev/zero; echo done > done", log_bytes=1_000_000))
    end = ended(running)
    assert end.exit_code == 0 and end.log_truncated and (real.folder / "workspace" / "done").exists()
    spool = running.spool.read_bytes()
    assert spool[:1_000_000] == bytes(1_000_000) and b"2000000 more were printed" in spool[1_000_000:]


def test_term_comes_first_and_the_command_may_clean_up(real: Bench) -> None:
    script = "trap 'echo cleaned; exit 5' TERM; echo ready > ready; while :; do sleep 0.01; done"
    running = real.executor.start(real.launch(script))
    wait_for((real.folder / "workspace" / "ready").exists)
    running.stop()
    end = ended(running)
    assert end.exit_code == 5 and end.cancelled and running.spool.read_text().endswith("cleaned\n")


def test_what_is_left_behind_is_counted_and_killed(real: Bench) -> None:
    running = real.executor.start(real.launch("trap '' TERM; sleep 1000 & setsid sleep 1000 & echo started"))
    end = ended(running)
    assert end.exit_code == 0 and (end.survivors == 2 or real.executor.name == "sandbox")


def test_output_of_a_filter_that_outlives_the_script_is_kept(real: Bench) -> None:
    running = real.executor.start(
        _with(
            real.launch(),
            Command(argv=("bash", "-c", "exec > >(sleep 0.05; cat); echo last words"), env={"PATH": PATH}),
        )
    )
    end = ended(running)
    assert end.exit_code == 0
    assert running.spool.read_text() == "last words\n" or real.executor.name == "sandbox"


def _with(launch: Launch, command: Command) -> Launch:
    return Launch(command=command, workspace=launch.workspace, attempt=launch.attempt, limits=launch.limits)
