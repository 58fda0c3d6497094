"""For steps whose work is Python of ours: it runs as a command like any other, so that it is logged, timed and killed.

The worker hands the parameters over on standard input, because they may hold secrets. Python is started with `-I`: a
workspace that holds a `json.py` must not become part of our program.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansflow.core.errors import AnsFlowError
from ansflow.core.outcome import Outcome
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.reading import read_outcome

RESULT = "result.json"
OUTPUT_FILE = "ANSFLOW_OUTPUT"

Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def own_command(job: StepJob, module: str, parameters: Mapping[str, Any]) -> Command:
    """The command that does the work of `module` with these parameters."""
    return Command(
        argv=(sys.executable, "-I", "-X", "utf8", "-m", module),
        env=job.env,
        cwd=job.spec.working_directory,
        stdin=json.dumps({"parameters": parameters, "result": str(job.file(RESULT))}).encode(),
    )


def do_own_work(work: Work) -> int:
    """The command's side: gives the exit code. `work` answers with the result, whose `message` says why it failed."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    given = json.load(sys.stdin)
    try:
        result = work(given["parameters"])
    except AnsFlowError as error:
        result = {"message": str(error)}
    except OSError as error:
        result = {"message": _said(error)}
    _leave(result, Path(given["result"]))
    if message := result.get("message"):
        print(message)
        return 1
    return 0


def conclude_own_work(job: StepJob, ended: Ended) -> tuple[Outcome, Mapping[str, Any]]:
    """The outcome with the message that the work left, and everything else that it left."""
    outcome, result = read_outcome(job, ended), _left(job)
    if outcome.reason is Reason.EXIT_CODE and ended.exit_code and (message := result.get("message")):
        outcome = replace(outcome, message=str(message))
    if outcome.status is StepStatus.SUCCESS and not result:
        message = "The command ended well and left no result: what it did is not known."
        return replace(outcome, status=StepStatus.FAILED, reason=Reason.INTERNAL_ERROR, message=message), {}
    return outcome, result


def _leave(result: Mapping[str, Any], file: Path) -> None:
    """Writes the outputs where the runner reads them, and the result where `conclude` does."""
    with Path(os.environ[OUTPUT_FILE]).open("a") as outputs:
        outputs.writelines(f"{name}={value}\n" for name, value in result.get("outputs", {}).items())
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(result))
    partial.replace(file)


def _left(job: StepJob) -> Mapping[str, Any]:
    try:
        return dict(json.loads(job.file(RESULT).read_text()))
    except (OSError, ValueError):
        return {}


def _said(error: OSError) -> str:
    """`No space left on device: /srv/shop/current.`"""
    place = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{place}."
