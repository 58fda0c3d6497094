"""What a run looks like: in a pipe, as JSON, in a terminal. The run is scripted; the views are the real ones."""

from __future__ import annotations

import io
import json
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansflow.cli.commands.run import carry_out
from ansflow.cli.follow import watch
from ansflow.cli.interrupts import Interrupts
from ansflow.cli.look import duration
from ansflow.cli.main import entry
from ansflow.cli.parser import build_parser
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.remote.tables import status_of
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import choose_language
from ansflow.cli.views.asking import Asking
from ansflow.cli.views.lines import Lines
from ansflow.cli.views.live import ERASE_BELOW, SHOW_CURSOR, Live
from ansflow.core.events import StepChanged
from ansflow.core.status import ExecutionStatus, Reason, StepStatus
from tests.cli import scripted
from tests.cli.emulator import Terminal
from tests.cli.scripted import Scripted
from tests.plans import plan


class Pipe(io.StringIO):
    encoding = "utf-8"


class Tty(Pipe):
    def isatty(self) -> bool:
        return True


def shown(run: Scripted, *words: str, tty: bool = False, columns: int = 80, **environ: str) -> tuple[int, str]:
    """The exit code, and everything that was written."""
    args = build_parser(["run", *words]).parse_args(["run", *words])
    out = Tty() if tty else Pipe()
    code = carry_out(run, args, Screen(out, {"COLUMNS": str(columns), **environ}), Path(".ansflow.yml"))
    return code, out.getvalue()


def seen(run: Scripted, *words: str, columns: int = 80, **environ: str) -> str:
    """What a person sees in the end, in a terminal."""
    terminal = Terminal(columns)
    terminal.feed(shown(run, *words, tty=True, columns=columns, **environ)[1])
    assert terminal.cursor_shown
    return terminal.shown


# ── in a pipe ────────────────────────────────────────────────────────────────────────────────────────────────────────

RED_END = """
✓ lint                success    0.4s  1 artifact (2.0 KiB)
✗ unit (python=3.12)  failed     3.0s
    tests: 39 passed, 2 failed, 1 skipped  The command ended with exit code 1.
» package             skipped          unit (python=3.12) failed.

✗ unit (python=3.12) failed: The command ended with exit code 1.
  its last 20 lines:
  │ line 12 of the test run
""" + "".join(f"  │ line {number} of the test run\n" for number in range(13, 31)) + """\
  │ 2 failed, 39 passed
  failing tests (2 of 2):
  │ tests.test_cart.test_total  tests/test_cart.py:17
  │   assert 3 == 4
  │ tests.test_cart.test_tax
  │   ZeroDivisionError: division by zero
  Run it again: ansflow run .ansflow.yml --step 'unit (python=3.12)'

✗ test: failed in 3.0s (1 success, 1 failed, 1 skipped)
Execution 7 is kept in /runs/7
"""  # fmt: skip


def test_a_red_run_in_a_pipe_ends_with_what_failed_why_and_how_to_run_it_again() -> None:
    code, text = shown(scripted.red())
    assert code == 1
    assert text.endswith(RED_END)
    assert text.splitlines()[:4] == [
        "[lint] ● running",
        "[unit (python=3.12)] ● running",
        "[lint] all clean",
        "[lint] ✓ success 0.4s",
    ]


def test_in_a_pipe_every_line_of_a_step_is_there_once_and_in_order() -> None:
    _, text = shown(scripted.red())
    printed = [line for line in text.splitlines() if line.startswith("[unit (python=3.12)] line")]
    assert printed == [f"[unit (python=3.12)] line {number} of the test run" for number in range(1, 31)]


def test_a_pipe_gets_no_escape_sequence() -> None:
    assert "\x1b" not in shown(scripted.red())[1]


def test_chinese_statuses_and_words() -> None:
    choose_language(["--lang", "zh"])
    _, text = shown(scripted.red())
    assert "✗ unit (python=3.12)  失败      3.0s" in text
    assert "重新运行：ansflow run .ansflow.yml --step 'unit (python=3.12)'" in text
    assert "测试：39 通过，2 失败，1 跳过" in text


def test_the_rerun_command_repeats_event_inputs_and_approvals() -> None:
    words = ("ci.yml", "--event", "push", "--branch", "a b", "--input", "x=1", "--approve", "p", "--changed", "s.py")
    _, text = shown(scripted.red(), *words)
    assert (
        "ansflow run .ansflow.yml --step 'unit (python=3.12)' --event push --branch 'a b' --changed s.py"
        " --input x=1 --approve p" in text
    )


def test_a_run_of_thousands_of_steps_ends_with_a_table_that_fits() -> None:
    _, text = shown(scripted.green(10_000))
    assert len([line for line in text.splitlines() if line.startswith("✓ step-")]) == 0
    assert "… and 10,000 more steps" in text
    assert "10,000 success" in text


# ── as JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_json_is_one_object_per_event_and_a_summary_and_nothing_else() -> None:
    code, text = shown(scripted.red(), "--json")
    objects = [json.loads(line) for line in text.splitlines()]
    assert code == 1
    assert [one["seq"] for one in objects[:-1]] == list(range(1, len(objects)))
    assert {one["type"] for one in objects[:-1]} == {"execution.status", "step.status"}
    summary = objects[-1]
    assert (summary["type"], summary["status"], summary["reason"]) == ("summary", "failed", "step_failed")
    assert summary["counts"] == {"success": 1, "failed": 1, "skipped": 1}
    unit = summary["steps"][1]
    assert (unit["step"], unit["seconds"], unit["outcome"]["tests"]["failed"]) == ("unit (python=3.12)", 3.0, 2)


def test_json_is_ascii_whatever_the_steps_are_called() -> None:
    name = "构建\x7f\x9b"
    ended = scripted.ended(ExecutionStatus.SUCCESS)
    run = Scripted(plan({name: ""}), [scripted.STARTED, scripted.running(name), scripted.success(name), ended])
    text = shown(run, "--json")[1]
    assert text.isascii()
    assert "\x7f" not in text
    assert json.loads(text.splitlines()[-1])["steps"][0]["step"] == name


# ── in a terminal ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_terminal_shows_in_the_end_what_a_pipe_would(columns: int, language: str) -> None:
    choose_language(["--lang", language])
    text = seen(scripted.red(), columns=columns)
    _, _, piped = shown(scripted.red(), columns=columns)[1].partition("\n\n")
    assert text.endswith(piped.rstrip("\n"))
    assert len([line for line in text.splitlines() if line.startswith("✗ unit")]) >= 2


NOBODY = "No worker serves the queue gpu (served: default): start one that does."
WAITS = {"train": NOBODY, "lint": NOBODY, "eval": NOBODY} | {f"x{n}": f"It is number {n}." for n in (1, 2, 3)}


def waiting_run() -> Scripted:
    """`lint` runs, so whatever is still said of it is out of date."""
    run = Scripted(plan(dict.fromkeys(WAITS, "")), [])
    run.script = iter([scripted.STARTED, scripted.running("lint"), lambda: (run.moved.wait(60), None)[1]])
    return run


def test_in_a_pipe_what_steps_wait_for_is_told_once() -> None:
    run, out = waiting_run(), Pipe()
    asked: list[None] = []

    def waits() -> dict[str, str]:
        asked.append(None)
        if len(asked) > 20:
            run.moved.set()
        return {} if len(asked) < 3 else WAITS | {"x1": f"It is number {len(asked)} now."}

    watch(run, Lines(run, Screen(out, {}), waits), Progress(run.plan))
    told = [line for line in out.getvalue().splitlines() if not line.startswith("[lint]")]
    assert told == [
        f"◌ train, eval: {NOBODY}", "◌ x1: It is number 3 now.", "◌ x2: It is number 2.",
        "  … and 1 more that waits for a slot",
    ]  # fmt: skip


def test_what_steps_wait_for_stands_whole_below_what_runs() -> None:
    run, out, terminal = waiting_run(), Tty(), Terminal(60)
    view = Live(run, Screen(out, {"COLUMNS": "60"}), Asking(run), lambda: WAITS)
    ticks: list[str] = []

    class Seen(Live):
        def tick(self) -> None:
            super().tick()
            terminal.feed(out.getvalue())
            out.seek(0), out.truncate()
            ticks.append(terminal.shown)
            run.moved.set()

    watch(run, Seen(run, view.screen, view.asking, view.waits), Progress(run.plan))
    terminal.feed(out.getvalue())
    assert "◌ train, eval: No worker serves the queue gpu (served:\ndefault): start one that does.\n◌ x1:" in ticks[0]
    assert "gpu" not in terminal.shown


def test_nothing_of_the_live_region_is_left_behind() -> None:
    text = seen(scripted.green(5))
    assert "━" not in text
    assert "steps" not in text


def test_finished_steps_scroll_by_in_the_order_in_which_they_ended() -> None:
    lines = seen(scripted.green(40)).splitlines()
    finished = [line.split()[1] for line in lines[:40]]
    assert finished == [f"step-{number}" for number in range(40)]


def test_the_live_view_never_writes_a_line_wider_than_the_terminal() -> None:
    long = "a-step-with-a-very-long-name-" * 5
    run = Scripted(
        plan({long: "", "步骤" * 40: ""}),
        [scripted.STARTED, scripted.running(long), scripted.running("步骤" * 40), scripted.success(long),
         scripted.success("步骤" * 40), scripted.ended(ExecutionStatus.SUCCESS)],
    )  # fmt: skip
    live = shown(run, tty=True, columns=40)[1].partition("\n\n")[0]
    terminal = Terminal(40)
    terminal.strict = True
    terminal.feed(live)


def test_without_colour_the_live_view_still_moves_but_paints_nothing() -> None:
    _, text = shown(scripted.green(3), tty=True, NO_COLOR="1")
    assert "\x1b[32m" not in text
    assert "\x1b[?25l" in text


def test_a_dumb_terminal_gets_plain_lines() -> None:
    _, text = shown(scripted.red(), tty=True, TERM="dumb")
    assert "\x1b" not in text
    assert text.startswith("[lint] ● running\n")


def test_hostile_names_messages_and_logs_never_reach_the_terminal_raw() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b3A\u202e"
    name = f"step{evil}"
    script = [
        scripted.STARTED,
        scripted.running(name),
        scripted.failed(name, f"bad {evil}"),
        scripted.skipped("b", f"because {evil}"),
        scripted.ended(ExecutionStatus.FAILED, Reason.STEP_FAILED, evil),
    ]
    logs = {name: f"log {evil}\r{evil}\nlast {evil}".encode()}
    for words in ((), ("--plain",)):
        run = Scripted(plan({name: "", "b": name}), script, logs)
        Terminal(120).feed(shown(run, *words, tty=True, columns=120, FORCE_COLOR="1")[1])


# ── how a run ends ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (ExecutionStatus.SUCCESS, 0),
        (ExecutionStatus.FAILED, 1),
        (ExecutionStatus.CANCELLED, 2),
        (ExecutionStatus.TIMEOUT, 3),
    ],
)
def test_the_exit_code_says_how_the_run_ended(status: ExecutionStatus, code: int) -> None:
    run = Scripted(plan({"a": ""}), [scripted.STARTED, scripted.ended(status, None, "Said.")])
    assert shown(run)[0] == code


class Quiet:
    """A view that shows nothing."""

    pause = 0.01
    ended = False

    def begin(self, progress: Progress) -> None: ...

    def event(self, event: object, step: object) -> None: ...

    def tick(self) -> None: ...

    def end(self) -> None:
        self.ended = True


class Deaf(Quiet):
    """A view that cannot go on after the first event: nobody reads its pipe."""

    def event(self, event: object, step: object) -> None:
        raise BrokenPipeError


def test_a_view_that_breaks_ends_the_run_before_it_is_told() -> None:
    run = scripted.patient()
    with pytest.raises(BrokenPipeError):
        watch(run, Deaf(), Progress(run.plan))
    assert run.cancelled == [True]


def test_ctrl_c_before_the_first_event_is_not_lost() -> None:
    run = scripted.patient()
    progress = Progress(run.plan)
    with Interrupts(run, progress) as interrupts:
        signal.raise_signal(signal.SIGINT)
        watch(run, Quiet(), progress)
    assert interrupts.signum == signal.SIGINT
    assert run.cancelled == [False]


def test_what_the_engine_raises_is_raised_by_the_command() -> None:
    def crash() -> None:
        raise OSError(28, "No space left on device", "/data/executions")

    run = Scripted(plan({"a": ""}), [scripted.STARTED, crash])
    view = Quiet()
    with pytest.raises(OSError, match="No space left"):
        watch(run, view, Progress(run.plan))
    assert run.cancelled == []
    assert view.ended, "the terminal is put in order"


class Broken(Tty):
    """A terminal that refuses the last frame."""

    def write(self, text: str) -> int:
        if ERASE_BELOW in text:
            raise InterruptedError
        return super().write(text)


def test_the_cursor_is_given_back_whatever_goes_wrong_at_the_end() -> None:
    run, out = scripted.patient(), Broken()
    live = Live(run, Screen(out, {"COLUMNS": "80"}), Asking(run))
    live.begin(Progress(run.plan))
    with pytest.raises(InterruptedError):
        live.end()
    assert out.getvalue().endswith(SHOW_CURSOR)


def test_the_cursor_is_given_back_again_where_ctrl_c_may_have_lost_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(argv: object) -> int:
        raise KeyboardInterrupt

    out = Tty()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("gc.set_threshold", lambda *numbers: None)
    monkeypatch.setattr("ansflow.cli.shell.main", interrupted)
    assert (entry(), out.getvalue()) == (130, SHOW_CURSOR)


def test_an_allowed_failure_is_shown_as_one_and_is_not_red() -> None:
    run = Scripted(
        plan({"flaky": ""}),
        [scripted.STARTED, scripted.running("flaky"), scripted.failed("flaky", allowed_failure=True),
         scripted.ended(ExecutionStatus.SUCCESS)],
    )  # fmt: skip
    code, text = shown(run)
    assert code == 0
    assert "! flaky  allowed failure" in text
    assert "(1 allowed failure)" in text
    assert "Run it again" not in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0ms"), (0.0004, "0ms"), (0.04, "40ms"), (0.0994, "99ms"), (0.0996, "0.1s"), (9.94, "9.9s"), (9.96, "10s"),
     (72, "1m 12s"), (7500, "2h 5m")],
)  # fmt: skip
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_progress_counts_what_events_say() -> None:
    run = scripted.red()
    progress = Progress(run.plan)
    for event in run.follow():
        progress.apply(event)
        assert sum(progress.counts.values()) == 3
    assert progress.done == 3
    assert progress.red == 1
    assert progress.counts[StepStatus.SUCCESS] == 1
    assert progress.running == progress.waiting == {}


def test_an_attempt_that_is_adopted_has_lasted_since_it_began() -> None:
    def running(attempt: int) -> StepChanged:
        return StepChanged(step="unit", status=StepStatus.RUNNING, attempt=attempt)

    def seconds(*running_from: tuple[int, float]) -> float | None:
        step = StepProgress("unit")
        for attempt, second in running_from:
            step.apply(running(attempt), scripted.BEGIN + timedelta(seconds=second))
        ended = StepChanged(step="unit", status=StepStatus.SUCCESS, attempt=attempt)
        step.apply(ended, scripted.BEGIN + timedelta(seconds=60))
        return step.seconds

    assert seconds((1, 0)) == 60
    assert seconds((1, 0), (1, 50)) == 60  # the server came back and adopted it
    assert seconds((1, 0), (2, 50)) == 10


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"counts": {"waiting": 1, "success": 3}}, "waiting"),
        ({"counts": {"waiting": 1, "running": 1}}, "running"),
        ({"waits": True}, "waiting"),
        ({"waits": False}, "running"),
    ],
)
def test_an_execution_of_which_only_gates_are_open_waits_in_every_list(known: dict[str, Any], word: str) -> None:
    assert status_of(Screen(io.StringIO(), {}), {"status": "running", **known}).endswith(word)
