"""A checker that finds nothing proves nothing: each violation is planted into what a good run has left, and found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import AttemptRow, EventRow, ExecutionRow, Seen, StepRow, Told, violations
from tests.chaos.work import Run

PRINTED = b"first of execution 1\n"


def good() -> Seen:
    """One execution of `short`, one of `grouped` and one of `work` whose last step needed a second attempt."""
    runs, printed, attempts = [], {}, {}
    for execution, step, tries in (
        (1, "first", 1), (1, "second", 1), (2, "alone", 1),
        (3, "prepare", 1), (3, "left", 1), (3, "right", 2), (3, "join", 1),
    ):  # fmt: skip
        for number in range(1, tries + 1):
            runs += [Run(execution, step, number, "began"), Run(execution, step, number, "ended")]
            printed[execution, step, number] = f"{step} of execution {execution}\n".encode()
            last = number == tries
            attempts[execution, step, number] = AttemptRow("success") if last else AttemptRow("failed", "exit_code")
    return Seen(
        executions={
            1: ExecutionRow("short", 1, "success", 3),
            2: ExecutionRow("grouped", 1, "success", 3),
            3: ExecutionRow("work", 1, "success", 3),
        },
        steps={(execution, step): StepRow("success", number) for execution, step, number in sorted(attempts)},
        attempts=attempts,
        events={
            execution: [EventRow(1, "pending"), EventRow(2, "running"), EventRow(3, "success", "success")]
            for execution in (1, 2, 3)
        },
        outbox=Counter(),
        places={(1, ""): 0},
        runs=runs,
        printed=printed,
        stored=dict(printed),
        artifacts={(3, step): printed[3, step, 1] for step in ("prepare", "join")},
        told=Told(triggered={1: "short"}, events={1: {2: "running"}}),
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert violations(good()) == []


def run_again(seen: Seen) -> None:
    seen.runs += [Run(1, "second", 1, "began"), Run(1, "second", 1, "ended")]


def run_without_a_record(seen: Seen) -> None:
    seen.runs.append(Run(1, "second", 2, "began"))


def lose_a_record(seen: Seen) -> None:
    del seen.attempts[3, "right", 1]


def never_run(seen: Seen) -> None:
    seen.runs = [run for run in seen.runs if run.step != "second"]


def lose_a_byte(seen: Seen) -> None:
    seen.stored = {**seen.stored, (1, "first", 1): PRINTED[:-1]}


def double_a_line(seen: Seen) -> None:
    seen.stored = {**seen.stored, (1, "first", 1): PRINTED * 2}


def change_a_byte(seen: Seen) -> None:
    seen.stored = {**seen.stored, (1, "first", 1): PRINTED.upper()}


def lose_the_log_of_a_failed_attempt(seen: Seen) -> None:
    seen.stored = {key: text for key, text in seen.stored.items() if key != (3, "right", 1)}


def lose_an_event(seen: Seen) -> None:
    del seen.events[1][1]


def double_an_event(seen: Seen) -> None:
    seen.events[1].insert(1, seen.events[1][0])


def end_twice(seen: Seen) -> None:
    seen.events[1].append(EventRow(4, "failed", "failed"))
    seen.executions[1] = replace(seen.executions[1], seq=4)


def go_on_after_the_end(seen: Seen) -> None:
    seen.events[1].append(EventRow(4, "second 1 success"))
    seen.executions[1] = replace(seen.executions[1], seq=4)


def change_an_event_that_was_shown(seen: Seen) -> None:
    seen.told.events[1][2] = "cancelled"


def forget_what_was_answered(seen: Seen) -> None:
    seen.told.triggered[9] = "work"


def forget_an_approval(seen: Seen) -> None:
    seen.told.approved.add((1, "second"))


def forget_a_cancellation(seen: Seen) -> None:
    seen.told.cancelled.add(1)


def never_end(seen: Seen) -> None:
    seen.executions[1] = replace(seen.executions[1], status="running")


def end_otherwise(seen: Seen) -> None:
    seen.executions[1] = replace(seen.executions[1], status="failed")


def write_by_half(seen: Seen) -> None:
    del seen.steps[1, "second"]


def have_no_plan(seen: Seen) -> None:
    seen.executions[1] = replace(seen.executions[1], has_plan=False)


def skip_a_number(seen: Seen) -> None:
    seen.executions[2] = replace(seen.executions[2], number=2)


def leave_a_step_running(seen: Seen) -> None:
    seen.steps[1, "second"] = StepRow("running", 1)


def leave_an_attempt_running(seen: Seen) -> None:
    seen.attempts[1, "second", 1] = AttemptRow("running")


def fail_without_a_reason(seen: Seen) -> None:
    seen.attempts[3, "right", 1] = AttemptRow("failed")


def begin_too_early(seen: Seen) -> None:
    seen.runs.insert(0, seen.runs.pop(2))


def run_two_of_a_group(seen: Seen) -> None:
    seen.executions[4] = replace(seen.executions[2], number=2)
    alone = [Run(2, "alone", 1, "began"), Run(4, "alone", 1, "began"), Run(2, "alone", 1, "ended")]
    seen.runs = [run for run in seen.runs if run.step != "alone"] + alone


def change_an_artifact(seen: Seen) -> None:
    seen.artifacts[3, "join"] = b""


def leave_an_effect(seen: Seen) -> None:
    seen.outbox[1] = 1


def keep_a_place(seen: Seen) -> None:
    seen.places[1, ""] = 1


def believe_two_workers(seen: Seen) -> None:
    seen.events[1][:2] = [replace(event, result=("second", 1)) for event in seen.events[1][:2]]


def mix_a_log_cut_off(seen: Seen) -> None:
    cut_off(seen)
    seen.stored = {**seen.stored, (3, "right", 1): b"another text than it!\n"}


def cut_off(seen: Seen) -> None:
    """Its machine was lost when it had given on half of its log."""
    seen.attempts[3, "right", 1] = AttemptRow("failed", "worker_lost", cut_off=True)
    seen.stored = {**seen.stored, (3, "right", 1): seen.printed[3, "right", 1][:10]}


SENTENCES: dict[Callable[[Seen], None], str] = {
    run_again: "Step second of execution 1 ran 2 times as attempt 1.",
    run_without_a_record: "Step second of execution 1 ran as attempt 2, of which there is no record.",
    lose_a_record: "Step right of execution 3 is at attempt 2, and its attempts are [2].",
    never_run: "Attempt 1 of second in execution 1 is a success, and never came to its end.",
    lose_a_byte: "The log of attempt 1 of first in execution 1 (success) has lost 1 of 21 bytes.",
    double_a_line: "The log of attempt 1 of first in execution 1 (success) has 42 bytes that are not the 21 printed.",
    change_a_byte: "The log of attempt 1 of first in execution 1 (success) has 21 bytes that are not the 21 printed.",
    lose_the_log_of_a_failed_attempt: (
        "The log of attempt 1 of right in execution 3 (exit_code) has lost 21 of 21 bytes."
    ),
    lose_an_event: "Execution 1 has no event 2.",
    double_an_event: "The events of execution 1 are not 1 to 3 in order: [1, 1, 2, 3].",
    end_twice: "Execution 1 has 2 final events.",
    go_on_after_the_end: "The final event of execution 1 is not its last, or tells another end than success.",
    change_an_event_that_was_shown: "Event 2 of execution 1 was shown, and is now another one or gone.",
    forget_what_was_answered: "Execution 9 of work was answered with 201, and is not there.",
    forget_an_approval: "The approval of second in execution 1 was acknowledged, and is not there.",
    forget_a_cancellation: "The end of execution 1 was acknowledged, and it was not cancelled.",
    never_end: "Execution 1 of short never ended: it is running.",
    end_otherwise: "Execution 1 of short ended as failed instead of success.",
    write_by_half: "Execution 1 is there by half: 1 of 2 steps, plan: True.",
    have_no_plan: "Execution 1 is there by half: 2 of 2 steps, plan: False.",
    skip_a_number: "The executions of grouped are not numbered 1 to 1: [2].",
    leave_a_step_running: "Step second of execution 1 never ended: it is running.",
    leave_an_attempt_running: "The record of attempt 1 of second in execution 1 was never completed: running.",
    fail_without_a_reason: "The record of attempt 1 of right in execution 3 says failed without a reason.",
    begin_too_early: "Step second of execution 1 began before first had ended.",
    run_two_of_a_group: "Executions 2 and 4 ran at once, against their group.",
    change_an_artifact: "The artifact of join in execution 3 is not what the step has written.",
    leave_an_effect: "Execution 1 has ended and left 1 rows in the outbox.",
    believe_two_workers: "The result of attempt 1 of second in execution 1 was accepted 2 times.",
    mix_a_log_cut_off: (
        "The log of attempt 1 of right in execution 3 (worker_lost) has 22 bytes that are not the 21 printed."
    ),
    keep_a_place: "Execution 1 has ended and still holds 1 places of its own limit.",
}


@pytest.mark.parametrize("plant", SENTENCES, ids=lambda plant: plant.__name__)
def test_what_was_planted_is_found(plant: Callable[[Seen], None], count: Callable[[str, int], None]) -> None:
    seen = good()
    plant(seen)
    assert SENTENCES[plant] in violations(seen)
    count("planted violations that the checker has found", 1)


def test_a_step_that_is_told_again_to_run_was_adopted() -> None:
    seen = good()
    assert seen.adoptions == 0
    told = ("first 1 running", "second 1 running", "second 1 running", "second 2 running")
    seen.events[1] = [EventRow(seq, text) for seq, text in enumerate(told, 1)]
    assert seen.adoptions == 1


def test_what_a_lost_machine_had_not_told_is_no_violation() -> None:
    seen = good()
    cut_off(seen)
    assert violations(seen) == []
