"""Carries a step out as the engine does: prepare, run, conclude; for real, but without shim and log store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansflow.core.outcome import Outcome
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.registry import step_type


@dataclass(frozen=True, kw_only=True)
class Performed:
    command: Command
    outcome: Outcome
    log: str
    workspace: Path


Perform = Callable[[StepJob], Performed]


@pytest.fixture
def perform() -> Perform:
    def carry_out(job: StepJob) -> Performed:
        kind = step_type(job.spec.type)
        command = kind.prepare(job)
        for name, text in command.files.items():
            job.file(name).parent.mkdir(exist_ok=True)
            job.file(name).write_text(text)
        outputs = job.attempt_folder / "outputs"
        outputs.touch()
        started = datetime.now(UTC)
        done = subprocess.run(
            command.argv,
            input=command.stdin,
            env={**command.env, **job.secrets, "ANSFLOW_OUTPUT": str(outputs)},
            cwd=job.workspace / command.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        code = done.returncode
        ended = Ended(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            started_at=started,
            ended_at=datetime.now(UTC),
        )
        written = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        outcome = replace(kind.conclude(job, ended), outputs=written)
        return Performed(
            command=command, outcome=outcome, log=done.stdout.decode("utf-8", "replace"), workspace=job.workspace
        )

    return carry_out


Write = Callable[..., None]


@pytest.fixture
def write(make_job: Callable[..., StepJob]) -> Write:
    """Puts files into the workspace: `write({"src/lib.rs": "…"})`."""

    def put(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = make_job("x").workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return put


@pytest.fixture
def own_python() -> dict[str, str]:
    """The environment in which `python3` is the one that runs these tests, and so has pytest."""
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
