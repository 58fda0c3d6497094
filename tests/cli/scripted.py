"""A run that follows a script: what the views show is tested without an engine.

`python -m tests.cli.scripted NAME [words]` shows one of SCRIPTS as `ansflow run` would: for tests under a terminal.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansflow.core.events import Event, ExecutionChanged, Fact, StepChanged
from ansflow.core.outcome import FailedTest, KeptFile, Outcome, TestSummary
from ansflow.core.plan import Plan
from ansflow.core.status import ExecutionStatus, Reason, StepStatus
from tests.plans import plan

BEGIN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
Item = Fact | float | Callable[[], None]


class Scripted:
    """Facts become events; a number lets so many seconds pass on the events' clock; a function is called in between."""

    folder = Path("/runs/7")

    def __init__(
        self, plan: Plan, script: Iterator[Item] | list[Item], logs: Mapping[str, bytes] | None = None
    ) -> None:
        self.plan, self.script = plan, iter(script)
        self.logs = dict(logs or {})
        self.cancelled: list[bool] = []
        self.answers: list[tuple[str, str]] = []
        self.moved = threading.Event()

    def follow(self) -> Iterator[Event]:
        now, seq = BEGIN, 0
        for item in self.script:
            if isinstance(item, (int, float)):
                now += timedelta(seconds=item)
            elif callable(item):
                item()
            else:
                seq += 1
                yield Event(execution=7, seq=seq, at=now, fact=item)

    def cancel(self, *, immediate: bool = False) -> None:
        self.cancelled.append(immediate)
        self.moved.set()

    def approve(self, step: str) -> None:
        self.answers.append((step, "approve"))
        self.moved.set()

    def reject(self, step: str) -> None:
        self.answers.append((step, "reject"))
        self.moved.set()

    def read_log(self, step: str, attempt: int, start: int = 0) -> bytes:
        return self.logs.get(step, b"")[start:]


def running(step: str, attempt: int = 1) -> StepChanged:
    return StepChanged(step=step, status=StepStatus.RUNNING, attempt=attempt, reason=Reason.STARTED, message="Started.")


def success(step: str, **outcome: Any) -> StepChanged:
    return StepChanged(
        step=step,
        status=StepStatus.SUCCESS,
        attempt=1,
        outcome=Outcome(status=StepStatus.SUCCESS, exit_code=0, **outcome),
    )


def failed(step: str, message: str = "The command ended with exit code 1.", **more: Any) -> StepChanged:
    allowed = more.pop("allowed_failure", False)
    outcome = Outcome(status=StepStatus.FAILED, reason=Reason.EXIT_CODE, message=message, exit_code=1, **more)
    return StepChanged(step=step, status=StepStatus.FAILED, attempt=1, reason=Reason.EXIT_CODE, message=message,
                       allowed_failure=allowed, outcome=outcome)  # fmt: skip


def skipped(step: str, message: str) -> StepChanged:
    return StepChanged(step=step, status=StepStatus.SKIPPED, attempt=0, reason=Reason.UPSTREAM_FAILED, message=message)


def waiting(step: str, message: str) -> StepChanged:
    return StepChanged(step=step, status=StepStatus.WAITING, attempt=0, reason=Reason.APPROVAL, message=message)


def ended(status: ExecutionStatus, reason: Reason | None = None, message: str = "") -> ExecutionChanged:
    return ExecutionChanged(status=status, reason=reason, message=message)


STARTED = ended(ExecutionStatus.RUNNING, Reason.STARTED, "Started.")


def red() -> Scripted:
    """A lint that is fine, a unit test that fails in two places, a package that never runs."""
    tests = TestSummary(total=42, passed=39, failed=2, skipped=1, seconds=2.5, failing=(
        FailedTest(name="tests.test_cart.test_total", message="assert 3 == 4\n +  where 3 = total()",
                   file="tests/test_cart.py", line=17),
        FailedTest(name="tests.test_cart.test_tax", message="ZeroDivisionError: division by zero"),
    ))  # fmt: skip
    log = b"".join(b"line %d of the test run\n" % number for number in range(1, 31)) + b"2 failed, 39 passed"
    return Scripted(
        plan({"lint": "", "unit (python=3.12)": "", "package": "unit (python=3.12)"}),
        [
            STARTED, running("lint"), running("unit (python=3.12)"), 0.4,
            success("lint", artifacts=(KeptFile(path="lint.txt", size=2048, sha256="0" * 64),)), 2.6,
            failed("unit (python=3.12)", tests=tests),
            skipped("package", "unit (python=3.12) failed."),
            ended(ExecutionStatus.FAILED, Reason.STEP_FAILED, "unit (python=3.12) failed."),
        ],
        {"unit (python=3.12)": log, "lint": b"all clean\n"},
    )  # fmt: skip


def green(steps: int = 3) -> Scripted:
    keys = [f"step-{number}" for number in range(steps)]

    def script() -> Iterator[Item]:
        yield STARTED
        for key in keys:
            yield running(key)
            yield 0.01
            yield success(key)
        yield ended(ExecutionStatus.SUCCESS)

    return Scripted(plan(dict.fromkeys(keys, "")), script(), {key: b"done\n" for key in keys})


def patient() -> Scripted:
    """Two steps that run until somebody cancels."""
    run = Scripted(plan({"server": "", "构建镜像": "", "later": "server"}), [])

    def script() -> Iterator[Item]:
        yield STARTED
        yield running("server")
        yield running("构建镜像")
        yield lambda: (run.moved.wait(60), None)[1]
        for key in ("server", "构建镜像", "later"):
            yield StepChanged(step=key, status=StepStatus.CANCELLED, attempt=1, reason=Reason.CANCELLED_BY_USER,
                              message="Cancelled by you.")  # fmt: skip
        yield ended(ExecutionStatus.CANCELLED, Reason.CANCELLED_BY_USER, "Cancelled by you.")

    run.script = script()
    run.logs = {
        "server": "监听端口 8080\nready".encode(),
        "构建镜像": b"\x1b[31mred\x1b[0m\x1b]0;title\x07 45 %\r 46 %",
    }
    return run


def gated() -> Scripted:
    """A step that waits for an answer and does as it is told."""
    run = Scripted(plan({"build": "", "production": "build"}), [])

    def script() -> Iterator[Item]:
        yield STARTED
        yield running("build")
        yield success("build")
        yield waiting("production", "Deploy 1.2 to production?")
        yield lambda: (run.moved.wait(60), None)[1]
        if run.answers == [("production", "approve")]:
            yield running("production")
            yield success("production")
            yield ended(ExecutionStatus.SUCCESS)
        else:
            message = "Rejected by you."
            yield StepChanged(
                step="production", status=StepStatus.FAILED, attempt=0, reason=Reason.REJECTED, message=message
            )
            yield ended(ExecutionStatus.FAILED, Reason.REJECTED, message)

    run.script = script()
    return run


SCRIPTS = {"red": red, "green": green, "patient": patient, "gated": gated, "many": lambda: green(10_000)}


def main(name: str, words: list[str]) -> int:
    from ansflow.cli.commands.run import carry_out
    from ansflow.cli.parser import build_parser
    from ansflow.cli.terminal import open_screen
    from ansflow.cli.texts import choose_language

    choose_language(words)
    args = build_parser(["run", *words]).parse_args(["run", *words])
    return carry_out(SCRIPTS[name](), args, open_screen(args.color), Path(".ansflow.yml"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
