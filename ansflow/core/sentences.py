"""What people read beside a status. Every status but `success` has such a sentence, and none is made up elsewhere."""

from __future__ import annotations

from datetime import timedelta

from ansflow.core.spec import ApprovalSpec
from ansflow.core.state import BundleState, ExecutionState, StepState
from ansflow.core.status import ExecutionStatus, Reason, StepStatus

QUEUED = "Waits for a free slot."
OFFERED = "Ready to run."
JUDGED_NEXT = "Its needs have ended; its condition is evaluated next."
UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


def duration(span: timedelta) -> str:
    """As the pipeline file writes it: `1h30m`, `250ms`."""
    parts, rest = [], round(span.total_seconds() * 1000)
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def worker_of(boot: str) -> str:
    """The worker whose life `NAME/RANDOM` is: people know it by its name."""
    return boot.rpartition("/")[0] or boot


def how(row: StepState) -> str:
    """The end of a step, as part of a sentence: `failed with exit code 2`."""
    if row.status is StepStatus.SUCCESS:
        return "succeeded"
    if row.status is StepStatus.SKIPPED:
        return "was skipped"
    if row.status is StepStatus.CANCELLED:
        return "was cancelled"
    code = row.outcome.exit_code if row.outcome else None
    if row.reason is Reason.EXIT_CODE and code is not None:
        return f"failed with exit code {code}"
    return {
        Reason.TIMEOUT: "ran out of time",
        Reason.REJECTED: "was rejected",
        Reason.APPROVAL_EXPIRED: "was not approved in time",
        Reason.POISONED: "kept losing its worker",
        Reason.GATE: "did not pass its gate",
    }.get(row.reason or Reason.EXIT_CODE, "failed")


def how_bundle(row: BundleState) -> str:
    total = row.open + row.success + row.failed + row.cancelled + row.skipped
    if row.status is StepStatus.FAILED:
        return f"failed ({row.failed} of {total} steps did)"
    return {StepStatus.SUCCESS: "succeeded", StepStatus.CANCELLED: "was cancelled"}.get(
        row.status or StepStatus.SKIPPED, "was skipped"
    )


def skipped(need: str, ended: str) -> str:
    return f"Skipped: needs {need}, which {ended}."


def condition_false(explained: str) -> str:
    return f"Skipped: {explained}" if explained else "Skipped: its condition is false."


def asks(spec: ApprovalSpec, message: str) -> str:
    return (
        f"{message or 'Waits for approval.'} ({spec.required} approvals needed)"
        if spec.required > 1
        else (message or "Waits for approval.")
    )


def retried(how_it_ended: str, delay: timedelta, attempt: int) -> str:
    """`how_it_ended` is the sentence of the attempt that came to nothing."""
    seconds = delay.total_seconds()
    shown = timedelta(seconds=int(seconds)) if seconds >= 1 else delay  # nobody wants the milliseconds of a minute
    wait = f"in {duration(shown)}" if seconds >= 0.001 else "at once"
    return f"{how_it_ended} Attempt {attempt + 1} follows {wait}."


def poisoned(losses: int) -> str:
    return f"Lost its worker {losses} times in a row, so the step itself is taken for the cause. It is not tried again."


def cancelled(by: str, message: str) -> str:
    who = f" by {by}" if by else ""
    return f"Cancelled{who}: {message}" if message else f"Cancelled{who}."


def group_timeout(name: str, timeout: timedelta | None) -> str:
    return f"Stopped: {name} ran out of its {duration(timeout)}." if timeout else f"Stopped: {name} ran out of time."


def execution_ended(row: ExecutionState, status: ExecutionStatus, total: int) -> str:
    if status is ExecutionStatus.FAILED:
        if row.failed == 1:
            return f"Failed: {row.first_failed} failed."
        return f"Failed: {row.failed} of {total} steps failed, the first was {row.first_failed}."
    if status is ExecutionStatus.SUCCESS:
        return ""
    if row.stop is None:
        return f"Cancelled: {row.cancelled} of {total} steps were cancelled."
    return row.stop_message
