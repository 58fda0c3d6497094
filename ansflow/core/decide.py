"""The heart: what follows from a command. Pure: no I/O, no clock, no randomness; values in, one value out.

    decision = decide(wiring, state, Finish(step="unit", fence=3, outcome=outcome), now)

`wiring` is the plan with its edges turned round (`Wiring(plan)`), `state` any view of the execution's rows. A decision
is stored as a whole or not at all; then its effects are carried out. A command that comes too late, twice, or from
someone who may not is *refused*: nothing changes, and the decision says why.

The cost of a decision is that of the rows it changes. Only `Start` and `Cancel` of the whole look at every step, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ansflow.core import retry, sentences
from ansflow.core.commands import (
    Adopt,
    Approve,
    Cancel,
    Claim,
    Command,
    Decision,
    Expire,
    Finish,
    Judge,
    Lost,
    Note,
    Reject,
    RemoteUpdate,
    Retry,
    Start,
    Timeout,
)
from ansflow.core.events import ExecutionChanged
from ansflow.core.spec import ApprovalSpec
from ansflow.core.state import JUDGE, Answer, State, StepState
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final
from ansflow.core.turn import Turn
from ansflow.core.wiring import Wiring

GRANTED = ""
"""What a handler returns when the command holds; otherwise a sentence."""


def decide(wiring: Wiring, state: State, command: Command, now: datetime) -> Decision:
    turn = Turn(wiring, state, now)
    refused = HANDLERS[type(command)](turn, command)
    if refused:
        return Decision(refused=refused)
    turn.settle()
    if isinstance(command, Finish) and command.worker:
        _go_on(turn, command)
    return turn.decision()


def _start(turn: Turn, _: Start) -> str:
    execution, plan = turn.execution, turn.wiring.plan
    if execution.status is not ExecutionStatus.PENDING:
        return "The execution has been started before."
    execution.status, execution.reason, execution.message = ExecutionStatus.RUNNING, Reason.STARTED, "Started."
    execution.started_at = turn.now
    execution.deadline = turn.now + plan.timeout if plan.timeout else None
    turn.tell(ExecutionChanged(status=execution.status, reason=execution.reason, message=execution.message))
    for key, step in plan.steps.items():
        kept = execution.kept.get(key)
        if kept is not None:
            turn.end(key, StepStatus.SUCCESS, Reason.KEPT, "Kept from the execution that this one resumes.", kept)
        elif step.skip is not None:
            turn.end(key, StepStatus.SKIPPED, step.skip.reason, step.skip.message)
        elif turn.wiring.unmet[key] == 0:
            turn.release(turn.step(key))
    for name, bundle in plan.bundles.items():
        if not bundle.keys:
            turn.resolve(name, StepStatus.SKIPPED)
    if execution.open_main == 0:
        turn.start_finals()
    return GRANTED


def _note(turn: Turn, command: Note) -> str:
    execution = turn.execution
    if execution.status is not ExecutionStatus.PENDING or execution.message == command.message:
        return "The execution has begun, or has said so before."
    execution.message = command.message
    turn.tell(ExecutionChanged(status=execution.status, reason=execution.reason, message=execution.message))
    return GRANTED


def _judge(turn: Turn, command: Judge) -> str:
    row = turn.look(command.step)
    if row.line != JUDGE:
        return f"{row.key} is not waiting for its condition."
    row = turn.step(command.step)
    row.judged, row.line, row.concurrency = True, "", command.concurrency
    gate = turn.wiring.plan.spec_of(row.key).approval
    if command.error:
        turn.end(row.key, StepStatus.FAILED, command.reason, command.error)
    elif not command.run:
        turn.end(row.key, StepStatus.SKIPPED, Reason.CONDITION_FALSE, sentences.condition_false(command.explained))
    elif gate is not None:
        row.status, row.reason, row.message = StepStatus.WAITING, Reason.APPROVAL, sentences.asks(gate, command.message)
        row.due_at = turn.now + gate.timeout if gate.timeout else None
        turn.tell_step(row)
    else:
        turn.line_up(row)
    return GRANTED


def _claim(turn: Turn, command: Claim) -> str:
    row = turn.look(command.step)
    if row.status is not StepStatus.PENDING or row.offered_at is None:
        return f"{row.key} is not on offer: it is {row.status}."
    row = turn.step(command.step)
    row.status, row.reason, row.message = StepStatus.RUNNING, Reason.STARTED, "Running."
    row.attempt, row.fence, row.worker, row.lost = row.attempt + 1, row.fence + 1, command.worker, False
    row.offered_at, row.due_at, row.started_at = None, None, turn.now
    for name in turn.wiring.plan.steps[row.key].bundles:
        timeout = turn.wiring.plan.bundles[name].timeout
        if timeout and turn.bundle(name).deadline is None:
            turn.bundle(name).deadline = turn.now + timeout
    turn.tell_step(row)
    return GRANTED


def _go_on(turn: Turn, command: Finish) -> None:
    """The worker claims the first step that this turn offers it, instead of hearing of it and claiming it then."""
    step = turn.take_offer(command.queues)
    if step:
        _claim(turn, Claim(step=step, worker=command.worker))


def _adopt(turn: Turn, command: Adopt) -> str:
    row = turn.look(command.step)
    if row.status is not StepStatus.RUNNING or row.fence != command.fence:
        return f"{row.key} cannot be taken over: it is {row.status}, at fence {row.fence}."
    row = turn.step(command.step)
    row.fence, row.worker = row.fence + 1, command.worker
    row.message = f"Taken over by {sentences.worker_of(command.worker)}."
    turn.tell_step(row)
    return GRANTED


def _finish(turn: Turn, command: Finish) -> str:
    row = turn.look(command.step)
    running = row.status is StepStatus.RUNNING or (row.status is StepStatus.PENDING and row.lost)
    if not running or row.fence != command.fence:
        return f"This result of {row.key} is too late: the step is {row.status}, at fence {row.fence}."
    row, outcome = turn.step(command.step), command.outcome
    if row.stop is not None and (outcome.status is StepStatus.CANCELLED or outcome.reason is row.stop):
        turn.end(row.key, outcome.status, row.stop, row.stop_message, outcome)
        return GRANTED
    pause = None
    if outcome.status is StepStatus.FAILED and row.stop is None:
        policy = turn.wiring.plan.spec_of(row.key).retry
        pause = retry.after_failure(policy, outcome, row.failures, command.jitter)
    if pause is not None:
        row.failures, row.lost = row.failures + 1, False
        turn.try_again(row, sentences.retried(outcome.message, pause, row.attempt), turn.now + pause, outcome)
    else:
        turn.end(row.key, outcome.status, outcome.reason, outcome.message, outcome)
    return GRANTED


def _lost(turn: Turn, command: Lost) -> str:
    row = turn.look(command.step)
    if row.status is not StepStatus.RUNNING or row.fence != command.fence:
        return f"{row.key} is {row.status} at fence {row.fence}: that attempt is no longer the current one."
    row = turn.step(command.step)
    row.losses += 1
    pause = retry.after_loss(turn.wiring.plan.spec_of(row.key).retry, row.losses, command.jitter)
    if row.stop is not None:
        turn.end(row.key, StepStatus.CANCELLED, row.stop, row.stop_message)
    elif pause is not None:
        row.lost = command.reason is Reason.WORKER_LOST
        turn.try_again(row, sentences.retried(command.message, pause, row.attempt), turn.now + pause)
    elif command.reason is Reason.WORKER_LOST:
        turn.end(row.key, StepStatus.FAILED, Reason.POISONED, sentences.poisoned(row.losses))
    else:
        turn.end(row.key, StepStatus.FAILED, command.reason, command.message)
    return GRANTED


def _retry(turn: Turn, command: Retry) -> str:
    row = turn.look(command.step)
    if row.status is not StepStatus.PENDING or row.due_at is None or row.due_at > turn.now:
        return f"{row.key} is not due for another try."
    turn.line_up(turn.step(command.step))
    return GRANTED


def _timeout(turn: Turn, command: Timeout) -> str:
    if not command.bundle:
        return _time_out_execution(turn)
    row = turn.bundle(command.bundle)
    if row.open == 0 or row.deadline is None or row.deadline > turn.now:
        return f"{command.bundle} has not run out of time."
    row.deadline, row.closing = None, True
    bundle = turn.wiring.plan.bundles[command.bundle]
    for key in bundle.keys:
        turn.stop(key, Reason.TIMEOUT, sentences.group_timeout(bundle.name, bundle.timeout), timed_out=True)
    return GRANTED


def _time_out_execution(turn: Turn) -> str:
    execution, timeout = turn.execution, turn.wiring.plan.timeout
    if is_final(execution.status) or execution.deadline is None or execution.deadline > turn.now:
        return "The execution has not run out of time."
    message = f"Ran out of its {sentences.duration(timeout)}." if timeout else "Ran out of time."
    _stop_execution(turn, Reason.TIMEOUT, message, immediate=False)
    return GRANTED


def _cancel(turn: Turn, command: Cancel) -> str:
    message = sentences.cancelled(command.by, command.message)
    if not command.step:
        if is_final(turn.execution.status) or (turn.execution.stop and turn.execution.immediate >= command.immediate):
            return "The execution has ended, or has been asked to stop before."
        reason = Reason.SUPERSEDED if command.superseded else Reason.CANCELLED_BY_USER
        _stop_execution(turn, reason, message, immediate=command.immediate)
        return GRANTED
    row = turn.look(command.step)
    if turn.execution.status is ExecutionStatus.PENDING:
        return "The execution has not started yet; it can only be cancelled as a whole."
    if is_final(row.status) or (row.stop is not None and not command.immediate):
        return f"{row.key} is {row.status}, or has been asked to stop before."
    turn.stop(row.key, Reason.CANCELLED_BY_USER, message, immediate=command.immediate)
    return GRANTED


def _stop_execution(turn: Turn, reason: Reason, message: str, *, immediate: bool) -> None:
    """Everything but `finally` ends now; `finally` too when the stop is immediate or nothing had begun."""
    execution = turn.execution
    began = execution.status is not ExecutionStatus.PENDING
    if execution.stop is None:
        execution.stop, execution.stop_message, execution.deadline = reason, message, None
        if began:
            turn.tell(ExecutionChanged(status=execution.status, reason=reason, message=message))
    execution.immediate = execution.immediate or immediate
    for key, step in turn.wiring.plan.steps.items():
        if immediate or not began or not step.final:
            turn.stop(key, reason, message, immediate=immediate, timed_out=reason is Reason.TIMEOUT)


def _approve(turn: Turn, command: Approve) -> str:
    row = turn.look(command.step)
    gate = turn.wiring.plan.spec_of(row.key).approval
    refused = _may_answer(turn, row, gate, command)
    if refused or gate is None:
        return refused
    refused = "" if command.override else _fields_wrong(gate, command.fields)
    if refused:
        return refused
    row = turn.step(command.step)
    row.answers = (*row.answers, Answer(command.by, command.comment, dict(command.fields)))
    people = ", ".join(answer.by for answer in row.answers)
    if command.override or len(row.answers) >= gate.required:
        _open_gate(turn, row, f"Approved by {people}.")
    else:
        row.message = f"{len(row.answers)} of {gate.required} approvals, by {people}."
        turn.tell_step(row)
    return GRANTED


def _open_gate(turn: Turn, row: StepState, message: str) -> None:
    row.approved = True
    turn.line_up(row)
    row.message = message
    turn.tell_step(row)


def _reject(turn: Turn, command: Reject) -> str:
    row = turn.look(command.step)
    refused = _may_answer(turn, row, turn.wiring.plan.spec_of(row.key).approval, command)
    if refused:
        return refused
    comment = f": {command.comment}" if command.comment else "."
    turn.end(row.key, StepStatus.FAILED, Reason.REJECTED, f"Rejected by {command.by}{comment}")
    return GRANTED


def _expire(turn: Turn, command: Expire) -> str:
    row = turn.look(command.step)
    gate = turn.wiring.plan.spec_of(row.key).approval
    if row.status is not StepStatus.WAITING or row.due_at is None or row.due_at > turn.now or gate is None:
        return f"{row.key} does not wait for an approval that is overdue."
    within = f"within {sentences.duration(gate.timeout or timedelta())}"
    if gate.on_timeout == "approve":
        _open_gate(turn, turn.step(row.key), f"Nobody objected {within}.")
    elif gate.on_timeout == "skip":
        turn.end(row.key, StepStatus.SKIPPED, Reason.APPROVAL_EXPIRED, f"Skipped: nobody approved it {within}.")
    else:
        turn.end(row.key, StepStatus.FAILED, Reason.APPROVAL_EXPIRED, f"Nobody approved it {within}.")
    return GRANTED


def _may_answer(turn: Turn, row: StepState, gate: ApprovalSpec | None, command: Approve | Reject) -> str:
    """Why this person may not answer; GRANTED otherwise."""
    if row.status is not StepStatus.WAITING or gate is None:
        return f"{row.key} does not wait for an approval: it is {row.status}."
    if command.override:
        return GRANTED
    named = bool(gate.users or gate.groups)
    if named and command.by not in gate.users and not set(command.groups) & set(gate.groups):
        return f"{command.by or 'Nobody'} is not among those who may answer for {row.key}."
    if isinstance(command, Approve):
        if any(answer.by == command.by for answer in row.answers):
            return f"{command.by} has approved {row.key} before; another person is needed."
        if not gate.self_approval and command.by == turn.execution.by:
            return f"{command.by} started this execution and may not approve {row.key} too."
    return GRANTED


def _fields_wrong(gate: ApprovalSpec, given: Mapping[str, str]) -> str:
    known = {field.name: field for field in gate.fields}
    for name in given:
        if name not in known:
            return f"The gate has no field {name!r}."
    for name, field in known.items():
        if field.required and not given.get(name):
            return f"The field {name!r} must be filled in."
        if field.options and given.get(name) and given[name] not in field.options:
            return f"{given[name]!r} is no choice for {name!r}: {', '.join(field.options)}."
    return GRANTED


def _remote_update(turn: Turn, command: RemoteUpdate) -> str:
    if command.outcome is not None:
        return _finish(
            turn, Finish(step=command.step, fence=command.fence, outcome=command.outcome, jitter=command.jitter)
        )
    row = turn.look(command.step)
    if row.status is not StepStatus.RUNNING or row.fence != command.fence or row.message == command.message:
        return f"This news of {row.key} is too late, or known."
    row = turn.step(command.step)
    row.message = command.message
    turn.tell_step(row)
    return GRANTED


HANDLERS: Mapping[type, Callable[[Turn, Any], str]] = {
    Start: _start,
    Note: _note,
    Judge: _judge,
    Claim: _claim,
    Adopt: _adopt,
    Finish: _finish,
    Lost: _lost,
    Retry: _retry,
    Timeout: _timeout,
    Cancel: _cancel,
    Approve: _approve,
    Reject: _reject,
    Expire: _expire,
    RemoteUpdate: _remote_update,
}
