"""Whether a failed attempt is tried again, and when: exponential back-off with full jitter and a cap, by cause.

Full jitter (any delay between nothing and the back-off) keeps a crowd of steps that failed together from coming back
together. Lost workers are counted apart from failures: they say nothing about the command.
"""

from __future__ import annotations

from datetime import timedelta

from ansflow.core.outcome import Outcome
from ansflow.core.spec import RetryPolicy
from ansflow.core.status import Reason

MAX_LOSSES = 3
"""A step whose worker is lost this often is taken for the cause: it ends as `poisoned`."""

CAUSES = {Reason.EXIT_CODE: "exit_code", Reason.TIMEOUT: "timeout"}
LOSS = RetryPolicy(max=MAX_LOSSES, delay=timedelta(seconds=1))


def delay(policy: RetryPolicy, tries: int, jitter: float) -> timedelta:
    """Before the next try, after `tries` that came to nothing. `jitter` stands between 0 and 1."""
    longest = policy.max_delay.total_seconds()
    try:
        grown = policy.delay.total_seconds() * policy.backoff**tries
    except OverflowError:
        grown = longest
    return timedelta(seconds=jitter * min(grown, longest))


def after_failure(policy: RetryPolicy, outcome: Outcome, failures: int, jitter: float) -> timedelta | None:
    """The delay before another try, or None: no tries are left, or the policy does not name this cause."""
    if failures >= policy.max or not _covers(policy, outcome):
        return None
    return delay(policy, failures, jitter)


def after_loss(policy: RetryPolicy, losses: int, jitter: float) -> timedelta | None:
    """The delay before another try, or None when the step must be taken for the cause. `losses` counts this one."""
    if losses >= MAX_LOSSES:
        return None
    named = any(cause.kind == "worker_lost" for cause in policy.on)
    return delay(policy if named else LOSS, losses - 1, jitter)


def _covers(policy: RetryPolicy, outcome: Outcome) -> bool:
    kind = CAUSES.get(outcome.reason) if outcome.reason else None
    if kind is None:  # a gate, a wrong value, a missing tool: another try would say the same
        return False
    return not policy.on or any(cause.kind == kind and cause.code in (None, outcome.exit_code) for cause in policy.on)
