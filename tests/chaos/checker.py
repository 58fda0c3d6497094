"""The checker: from what the database, the API and the witness say, every promise that was not kept, as a sentence.

    assert violations(seen) == []

It knows nothing of the engine. `Seen` holds rows as plain values, so that a test can plant a violation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.work import KINDS, Run

FINAL_EXECUTION = frozenset({"success", "failed", "cancelled", "timeout"})
FINAL_STEP = frozenset({"success", "failed", "skipped", "cancelled"})

Key = tuple[int, str, int]  # execution, step, attempt


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    kind: str
    number: int
    status: str
    seq: int
    has_plan: bool = True


@dataclass(frozen=True, slots=True)
class StepRow:
    status: str
    attempt: int
    gate: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """`cut_off`: its machine was lost, or came back too late. What it had not told yet nobody waits for."""

    status: str
    reason: str = ""
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class EventRow:
    """`ends` is the final status that it tells of an execution, "" for any other fact. `result` is the step and the
    attempt whose end it tells."""

    seq: int
    text: str
    ends: str = ""
    result: tuple[str, int] | None = None


@dataclass(slots=True)
class Told:
    """What clients were answered: a promise. An approval is known by (execution, step)."""

    triggered: dict[int, str] = field(default_factory=dict)
    approved: set[tuple[int, str]] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    events: dict[int, dict[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    executions: dict[int, ExecutionRow]
    steps: dict[tuple[int, str], StepRow]
    attempts: dict[Key, AttemptRow]
    events: dict[int, list[EventRow]]
    outbox: Counter[int]
    places: dict[tuple[int, str], int]
    runs: list[Run]
    printed: Mapping[Key, bytes]
    stored: Mapping[Key, bytes]
    artifacts: dict[tuple[int, str], bytes]
    told: Told = field(default_factory=Told)

    @property
    def adoptions(self) -> int:
        """How often what a former life had left running was taken up: each time it is told once more that it runs."""
        runs = Counter(
            (execution, event.text)
            for execution, events in self.events.items()
            for event in events
            if event.text.endswith(" running")
        )
        return runs.total() - len(runs)


def violations(seen: Seen) -> list[str]:
    rules = (
        _promises,
        _executions,
        _numbers,
        _events,
        _results,
        _steps,
        _attempts,
        _runs,
        _order,
        _logs,
        _artifacts,
        _remains,
    )
    return [sentence for rule in rules for sentence in rule(seen)]


def _promises(seen: Seen) -> Iterator[str]:
    told = seen.told
    for execution, kind in told.triggered.items():
        if execution not in seen.executions:
            yield f"Execution {execution} of {kind} was answered with 201, and is not there."
    for execution, step in told.approved:
        row = seen.steps.get((execution, step))
        if row is None or row.gate != "approved":
            yield f"The approval of {step} in execution {execution} was acknowledged, and is not there."
    for execution in told.cancelled:
        if execution in seen.executions and seen.executions[execution].status != "cancelled":
            yield f"The end of execution {execution} was acknowledged, and it was not cancelled."
    for execution, events in told.events.items():
        now = {event.seq: event.text for event in seen.events.get(execution, ())}
        for seq, text in events.items():
            if now.get(seq) != text:
                yield f"Event {seq} of execution {execution} was shown, and is now another one or gone."


def _executions(seen: Seen) -> Iterator[str]:
    for execution, row in seen.executions.items():
        kind = KINDS[row.kind]
        steps = sum(1 for owner, _ in seen.steps if owner == execution)
        if not row.has_plan or steps != kind.steps:
            yield f"Execution {execution} is there by half: {steps} of {kind.steps} steps, plan: {row.has_plan}."
        if row.status not in FINAL_EXECUTION:
            yield f"Execution {execution} of {row.kind} never ended: it is {row.status}."
        elif row.status != kind.ends:
            yield f"Execution {execution} of {row.kind} ended as {row.status} instead of {kind.ends}."


def _numbers(seen: Seen) -> Iterator[str]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in seen.executions.values():
        numbers[row.kind].append(row.number)
    for kind, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"The executions of {kind} are not numbered 1 to {len(found)}: {sorted(found)}."


def _events(seen: Seen) -> Iterator[str]:
    for execution, row in seen.executions.items():
        events = seen.events.get(execution, [])
        numbers = [event.seq for event in events]
        missing = sorted(set(range(1, row.seq + 1)) - set(numbers))
        if missing:
            yield f"Execution {execution} has no event {', '.join(map(str, missing))}."
        if len(set(numbers)) != len(numbers) or numbers != sorted(numbers) or (numbers and numbers[-1] > row.seq):
            yield f"The events of execution {execution} are not 1 to {row.seq} in order: {numbers}."
        ends = [event for event in events if event.ends]
        if len(ends) != 1:
            yield f"Execution {execution} has {len(ends)} final events."
        elif ends[0] is not events[-1] or ends[0].ends != row.status:
            yield f"The final event of execution {execution} is not its last, or tells another end than {row.status}."


def _results(seen: Seen) -> Iterator[str]:
    """Of two workers that have run a step, one is believed."""
    for execution, events in seen.events.items():
        told = Counter(event.result for event in events if event.result)
        for (step, attempt), times in told.items():
            if times > 1:
                yield f"The result of attempt {attempt} of {step} in execution {execution} was accepted {times} times."


def _steps(seen: Seen) -> Iterator[str]:
    for (execution, key), row in seen.steps.items():
        if row.status not in FINAL_STEP:
            yield f"Step {key} of execution {execution} never ended: it is {row.status}."
        numbers = sorted(number for owner, step, number in seen.attempts if (owner, step) == (execution, key))
        if numbers != list(range(1, row.attempt + 1)):
            yield f"Step {key} of execution {execution} is at attempt {row.attempt}, and its attempts are {numbers}."
        last = seen.attempts.get((execution, key, row.attempt))
        if last is not None and last.status != row.status:
            yield f"Step {key} of execution {execution} is {row.status}, and its last attempt {last.status}."


def _attempts(seen: Seen) -> Iterator[str]:
    for (execution, step, number), row in seen.attempts.items():
        name = f"attempt {number} of {step} in execution {execution}"
        if row.status not in FINAL_STEP:
            yield f"The record of {name} was never completed: {row.status}."
        elif row.status != "success" and not row.reason:
            yield f"The record of {name} says {row.status} without a reason."


def _runs(seen: Seen) -> Iterator[str]:
    began = Counter(run[:3] for run in seen.runs if run.what == "began")
    ended = Counter(run[:3] for run in seen.runs if run.what == "ended")
    for (execution, step, number), times in began.items():
        name = f"Step {step} of execution {execution}"
        if times > 1:
            yield f"{name} ran {times} times as attempt {number}."
        if (execution, step, number) not in seen.attempts:
            yield f"{name} ran as attempt {number}, of which there is no record."
    for key, row in seen.attempts.items():
        if row.status == "success" and not ended[key]:
            yield f"Attempt {key[2]} of {key[1]} in execution {key[0]} is a success, and never came to its end."


def _order(seen: Seen) -> Iterator[str]:
    done: set[tuple[int, str]] = set()
    for run in seen.runs:
        if run.what == "ended":
            done.add((run.execution, run.step))
            continue
        row = seen.executions.get(run.execution)
        needs = KINDS[row.kind].needs.get(run.step, ()) if row else ()
        for need in needs:
            if (run.execution, need) not in done:
                yield f"Step {run.step} of execution {run.execution} began before {need} had ended."
    yield from _group(seen)


def _group(seen: Seen) -> Iterator[str]:
    """Executions of `grouped` run one at a time: each begins where another has ended."""
    alone = [run for run in seen.runs if run.step == "alone"]
    for run, following in pairwise(alone):
        if run.what == "began" and following.execution != run.execution:
            yield f"Executions {run.execution} and {following.execution} ran at once, against their group."


def _logs(seen: Seen) -> Iterator[str]:
    for key, printed in seen.printed.items():
        row, stored = seen.attempts.get(key), seen.stored.get(key, b"")
        if row is None or stored == printed:
            continue
        was_ended = row.status == "cancelled" or row.reason == "worker_lost"
        if was_ended and stored.startswith(printed):  # before it could tell its witness: `tee` does so last
            continue
        if row.cut_off and printed.startswith(stored):
            continue
        if seen.executions[key[0]].kind == "deadly" and printed.startswith(stored):  # what its shim had yet to read
            continue
        name = f"The log of attempt {key[2]} of {key[1]} in execution {key[0]} ({row.reason or row.status})"
        if len(stored) < len(printed):
            yield f"{name} has lost {len(printed) - len(stored)} of {len(printed)} bytes."
        elif stored != printed:
            yield f"{name} has {len(stored)} bytes that are not the {len(printed)} printed."


def _artifacts(seen: Seen) -> Iterator[str]:
    for (execution, step), row in seen.steps.items():
        if row.status == "success" and seen.executions[execution].kind == "work" and step in ("prepare", "join"):
            kept = seen.artifacts.get((execution, step))
            if kept != seen.printed.get((execution, step, row.attempt)):
                yield f"The artifact of {step} in execution {execution} is not what the step has written."


def _remains(seen: Seen) -> Iterator[str]:
    for execution, rows in seen.outbox.items():
        yield f"Execution {execution} has ended and left {rows} rows in the outbox."
    for (execution, limiter), used in seen.places.items():
        if used:
            yield f"Execution {execution} has ended and still holds {used} places of {limiter or 'its own limit'}."
