"""Reads the exit record and the report files of an attempt into its Outcome. Safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansflow.core.outcome import Outcome
from ansflow.core.sentences import duration
from ansflow.core.spec import ReportsSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Ended, StepJob

if TYPE_CHECKING:
    from ansflow.plugins.reports import Reports

EXPLAINED_CODES = {
    126: "a program was found but may not be executed",
    127: "a program was not found",
}
EXPLAINED_SIGNALS = {
    "SIGKILL": " (out of memory?)",
    "SIGSEGV": " (it crashed)",
    "SIGABRT": " (it crashed)",
    "SIGBUS": " (it crashed, or the disk is full)",
    "SIGXFSZ": " (a file grew beyond the limit)",
    "SIGXCPU": " (it used up its processor time)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a command ended, in the words of the engine and of people."""

    status: StepStatus
    reason: Reason | None = None
    message: str = ""


def read_outcome(job: StepJob, ended: Ended, *, known: Sequence[tuple[Path, ReportsSpec]] = ()) -> Outcome:
    """The usual `conclude`. `known` are reports that a step type asked its tool for: a folder, and globs within it."""
    verdict = how_it_ended(job, ended)
    read = _read_reports(job, ended, known) if job.spec.reports or known else None
    return Outcome(
        status=verdict.status,
        reason=verdict.reason,
        message=_with_tests(verdict, read),
        exit_code=exit_code(ended),
        tests=read.tests if read else None,
        coverage=read.coverage if read else None,
        scan=read.scan if read else None,
        warnings=(*_warnings(ended), *(read.warnings if read else ())),
    )


def how_it_ended(job: StepJob, ended: Ended) -> Verdict:
    if ended.cancelled:
        return Verdict(status=StepStatus.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled.")
    reason, message = _fault(job, ended)
    return Verdict(status=StepStatus.FAILED if reason else StepStatus.SUCCESS, reason=reason, message=message)


def exit_code(ended: Ended) -> int | None:
    """As a shell gives it: 128 + n after signal n."""
    return 128 + ended.signal if ended.signal is not None else ended.exit_code


def _fault(job: StepJob, ended: Ended) -> tuple[Reason | None, str]:
    if ended.error:
        return _not_entered(job, ended) or (Reason.INTERNAL_ERROR, ended.error)
    if ended.timed_out:
        return Reason.TIMEOUT, f"Ran out of time: stopped after {duration(job.spec.timeout)}."
    if ended.signal is not None:
        return Reason.EXIT_CODE, f"Killed by {_signal(ended.signal)}."
    if ended.exit_code is None:
        return Reason.INTERNAL_ERROR, "The command left no exit code behind."
    if ended.exit_code:
        return Reason.EXIT_CODE, f"Exited with code {ended.exit_code}{_explained(ended.exit_code)}."
    return None, ""


def _not_entered(job: StepJob, ended: Ended) -> tuple[Reason, str] | None:
    """A working directory that is not there is a mistake in the pipeline, told from faults of ours."""
    if ended.log_bytes or job.cwd.is_dir() or not job.workspace.is_dir():
        return None
    return Reason.INVALID, f"The workspace has no folder {job.spec.working_directory} when the step starts."


def _signal(number: int) -> str:
    from signal import Signals  # noqa: PLC0415 — needed by one run in many

    try:
        name = Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return name + EXPLAINED_SIGNALS.get(name, "")


def _explained(code: int) -> str:
    if code in EXPLAINED_CODES:
        return f": {EXPLAINED_CODES[code]}"
    return f": a program it ran was killed by {_signal(code - 128)}" if 128 < code <= 159 else ""


def _warnings(ended: Ended) -> list[str]:
    warnings = []
    if ended.log_truncated:
        warnings.append("The log is incomplete: it grew beyond its limit, or a part of it could not be stored.")
    if ended.survivors:
        left = "1 process was" if ended.survivors == 1 else f"{ended.survivors} processes were"
        warnings.append(f"{left} still running when the command had ended, and killed.")
    return warnings


def _read_reports(job: StepJob, ended: Ended, known: Sequence[tuple[Path, ReportsSpec]]) -> Reports:
    from ansflow.plugins.reports import Place, read_reports  # noqa: PLC0415 — XML readers are for steps with reports

    own = Place(root=job.workspace, wanted=job.spec.reports or ReportsSpec(), folder=job.spec.working_directory)
    others = (Place(root=folder, wanted=globs, quiet=True) for folder, globs in known)
    return read_reports(own, *others, since=ended.started_at)


def _with_tests(verdict: Verdict, read: Reports | None) -> str:
    """`Exited with code 1: 3 of 120 tests failed.`"""
    if verdict.reason is not Reason.EXIT_CODE or read is None or read.tests is None:
        return verdict.message
    bad = read.tests.failed + read.tests.errors
    return f"{verdict.message.removesuffix('.')}: {bad} of {read.tests.total} tests failed." if bad else verdict.message
