"""The contract of `ExecutionStore`. A new implementation adds one line to STORES, and nothing else here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from threading import Barrier, Thread

import pytest
from django.db import connections

from ansflow.core.commands import (
    Approve,
    Begin,
    Cancel,
    Claim,
    Decision,
    Ended,
    Expire,
    Finish,
    Judge,
    Lost,
    Retry,
    Start,
    StepChange,
    Stop,
    Timeout,
)
from ansflow.core.decide import decide
from ansflow.core.errors import Conflict, NotFound
from ansflow.core.events import ExecutionChanged
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Bundle
from ansflow.core.spec import ApprovalSpec, RetryPolicy
from ansflow.core.state import Guard, copied
from ansflow.core.status import STEP_MOVES, ExecutionStatus, Reason, StepStatus
from ansflow.engine.memory import MemoryStore
from ansflow.engine.ports import ExecutionStore, Held, begin_key
from tests.databases import Store, migrated
from tests.plans import plan

STORES: dict[str, Callable[[], ExecutionStore]] = {
    "memory": MemoryStore,
    "sqlite": lambda: Store(migrated("sqlite")),
    "postgresql": lambda: Store(migrated("postgresql")),
    "mariadb": lambda: Store(migrated("mariadb")),
}

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
BAD = Outcome(status=StepStatus.FAILED, reason=Reason.EXIT_CODE, message="Exited with code 1.", exit_code=1)


@pytest.fixture(params=STORES)
def store(request, django_db_blocker):
    with django_db_blocker.unblock():
        yield STORES[request.param]()


def decided(store, execution, command, now=NOW) -> Decision:
    return decide(store.wiring(execution), store.load(execution), command, now)


def say(store, execution, command, now=NOW) -> Decision:
    decision = decided(store, execution, command, now)
    assert not decision.refused, decision.refused
    assert store.apply(execution, decision, now=now)
    return decision


def begun(store, steps, **more) -> int:
    execution = store.create(plan(steps, **more), now=NOW, by="ann")
    store.sent(begin_key(execution))
    say(store, execution, Start())
    return execution


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_execution_is_pending_with_event_1_and_its_beginning_in_the_outbox(store):
    execution = store.create(plan({"a": "", "b": "a"}), now=NOW, by="ann")
    state = store.load(execution)
    assert (state.execution.status, state.execution.by, state.execution.seq) == (ExecutionStatus.PENDING, "ann", 1)
    assert (state.step("a").unmet, state.step("b").unmet) == (0, 1)
    assert [(event.seq, event.at) for event in store.events(execution)] == [(1, NOW)]
    assert [(row.key, row.effect) for row in store.unsent(before=NOW)] == [(begin_key(execution), Begin())]
    assert list(store.executions()) == [execution]


def test_executions_have_numbers_of_their_own_and_their_own_plans(store):
    first, second = (store.create(plan({key: ""}), now=NOW) for key in "ab")
    assert first != second
    assert list(store.wiring(second).plan.steps) == ["b"]
    with pytest.raises(NotFound):
        store.load(second).step("a")
    with pytest.raises(NotFound):
        store.load(second + 1)


def test_kept_steps_are_known_when_the_execution_starts(store):
    execution = store.create(plan({"a": ""}), now=NOW, kept={"a": GOOD})
    say(store, execution, Start())
    assert store.load(execution).step("a").reason is Reason.KEPT


def test_rows_events_and_effects_are_written_together(store):
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w"))
    say(store, execution, Finish(step="a", fence=1, outcome=GOOD))
    events = store.events(execution)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[-1].fact, ExecutionChanged)
    assert store.load(execution).execution.seq == len(events)
    assert [row.effect for row in store.unsent(before=NOW)] == [Ended()]
    assert list(store.executions()) == []


def test_an_end_and_the_claim_of_what_follows_are_one_write(store):
    execution = begun(store, {"a": "", "b": "a"})
    say(store, execution, Claim(step="a", worker="w"))
    before = store.load(execution).execution.version
    assert say(store, execution, Finish(step="a", fence=1, outcome=GOOD, worker="w")).claimed == "b"
    store.secure()
    state = store.load(execution)
    assert state.execution.version == before + 1
    assert (state.step("b").status, state.step("b").worker, state.step("b").fence) == (StepStatus.RUNNING, "w", 1)
    assert list(store.running()) == [Held(execution, "b", 1, 1, "w")]
    assert list(store.offers(before=LATER)) == []


def test_what_is_at_hand_is_of_the_version_that_is_asked_for_or_later(store):
    execution = begun(store, {"a": "", "b": ""})
    for step in "ab":
        say(store, execution, Claim(step=step, worker="w"))
        version = store.load(execution).execution.version
        assert store.load(execution, at_least=version).step(step).status is StepStatus.RUNNING
    assert store.load(execution, at_least=0).execution.version <= version


def test_events_can_be_read_from_any_number_on(store):
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w"))
    assert [event.seq for event in store.events(execution, after=2)] == [3]


def test_of_two_decisions_over_the_same_picture_one_is_stored(store):
    execution = begun(store, {"a": "", "b": ""})
    first = decided(store, execution, Claim(step="a", worker="w"))
    second = decided(store, execution, Claim(step="b", worker="w"))
    assert [store.apply(execution, decision, now=NOW) for decision in (first, second)] == [True, False]
    assert store.load(execution).step("b").status is StepStatus.PENDING
    assert len(store.events(execution)) == 3


def test_a_row_that_has_changed_refuses_the_whole_decision(store):
    execution = begun(store, {"a": "", "b": ""})
    decision = decided(store, execution, Claim(step="a", worker="w"))
    wrong = StepChange(Guard(StepStatus.PENDING, 7, 7), copied(store.load(execution).step("b")))
    assert not store.apply(execution, replace(decision, steps=(*decision.steps, wrong)), now=NOW)
    assert store.load(execution).step("a").status is StepStatus.PENDING


def test_a_refused_command_writes_nothing(store):
    execution = begun(store, {"a": ""})
    assert not store.apply(execution, decided(store, execution, Retry(step="a")), now=NOW)
    assert len(store.events(execution)) == 2


@pytest.mark.parametrize(("old", "new"), list(product(StepStatus, StepStatus)))
def test_every_arrow_between_statuses(store, old, new, count):
    """The whole product: exactly the moves of the table can be stored."""
    execution = begun(store, {"a": ""})
    decision = decided(store, execution, Claim(step="a", worker="w"))
    before, after = (copied(store.load(execution).step("a")) for _ in range(2))
    before.status, after.status = old, new
    change = replace(decision, steps=(StepChange(before.guard, after),), facts=(), effects=())
    count("pairs of step statuses tried on a store", 1)
    if new is not old and new not in STEP_MOVES[old]:
        with pytest.raises(Conflict):
            store.apply(execution, change, now=NOW)
    elif old is StepStatus.PENDING:
        assert store.apply(execution, change, now=NOW)
        assert store.load(execution).step("a").status is new


def test_a_step_is_claimed_by_exactly_one_of_many_threads(store):
    execution = begun(store, {"a": ""})
    won: list[str] = []
    barrier = Barrier(8)

    def claim(worker: str) -> None:
        barrier.wait()
        while not (decision := decided(store, execution, Claim(step="a", worker=worker))).refused:
            if store.apply(execution, decision, now=NOW):
                won.append(worker)
        connections.close_all()  # a thread has connections of its own

    threads = [Thread(target=claim, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [store.load(execution).step("a").worker]


def test_what_belongs_to_a_decision_is_written_with_it_or_undoes_it(store):
    execution = begun(store, {"a": ""})
    decision = decided(store, execution, Cancel(by="ann"))

    def stumble() -> None:
        raise Conflict("The record cannot be written.")

    with pytest.raises(Conflict):
        store.apply(execution, decision, now=NOW, along=stumble)
    assert store.load(execution).step("a").status is StepStatus.PENDING
    written: list[str] = []
    assert store.apply(execution, decision, now=NOW, along=lambda: written.append("cancel"))
    assert not store.apply(execution, decision, now=NOW, along=lambda: written.append("again"))
    assert written == ["cancel"]
    assert store.load(execution).step("a").status is StepStatus.CANCELLED


# ── lines, the outbox, offers ────────────────────────────────────────────────────────────────────────────────────


def test_a_line_is_read_by_priority_and_then_by_index(store):
    steps = {"a": {"priority": -1}, "b": "", "c": "", "d": {"priority": 9}, "e": ""}
    execution = begun(store, steps, max_parallel=1)
    assert list(store.load(execution).line("execution")) == ["b", "c", "e", "a"]
    say(store, execution, Claim(step="d", worker="w"))
    say(store, execution, Cancel(step="c"))
    assert list(store.load(execution).line("execution")) == ["b", "e", "a"]
    assert store.load(execution).used("execution") == 1


def test_effects_stay_in_the_outbox_until_they_were_carried_out(store):
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w"))
    say(store, execution, Cancel())
    (row,) = store.unsent(before=NOW)
    assert isinstance(row.effect, Stop)
    assert list(store.unsent(before=NOW - timedelta(seconds=1))) == []
    store.sent(row.key)
    store.sent(row.key)
    assert list(store.unsent(before=NOW)) == []


def test_a_step_is_on_offer_until_it_is_claimed(store):
    execution = begun(store, {"a": "", "b": ""}, max_parallel=1)
    assert list(store.offers(before=NOW)) == [(execution, "a")]
    assert list(store.offers(before=NOW - timedelta(seconds=1))) == []
    say(store, execution, Claim(step="a", worker="w"))
    assert list(store.offers(before=LATER)) == []


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_retry_is_due_when_its_delay_is_over_and_until_it_has_been_dealt_with(store):
    execution = begun(store, {"a": {"retry": RetryPolicy(max=1, delay=timedelta(seconds=10))}})
    say(store, execution, Claim(step="a", worker="w"))
    say(store, execution, Finish(step="a", fence=1, outcome=BAD, jitter=1.0))
    due_at = NOW + timedelta(seconds=10)
    assert store.next_due() == due_at
    assert list(store.due(NOW)) == []
    assert [due.command for due in store.due(due_at)] == [due.command for due in store.due(due_at)] == [Retry(step="a")]
    say(store, execution, Retry(step="a"), now=due_at)
    assert list(store.due(LATER)) == []
    assert store.next_due() is None


def test_gates_groups_and_executions_have_deadlines(store):
    gate = {"approval": ApprovalSpec(timeout=timedelta(minutes=1))}
    group = Bundle(name="g", keys=("b",), timeout=timedelta(minutes=2))
    execution = begun(store, {"a": gate, "b": ""}, bundles=[group], timeout=timedelta(minutes=3))
    say(store, execution, Judge(step="a"))
    say(store, execution, Claim(step="b", worker="w"))
    assert [due.command for due in store.due(LATER)] == [Expire(step="a"), Timeout(bundle="g"), Timeout()]
    say(store, execution, Approve(step="a", by="bob"))
    assert [due.command for due in store.due(LATER)] == [Timeout(bundle="g"), Timeout()]
    say(store, execution, Cancel())
    assert Timeout() not in [due.command for due in store.due(LATER)]


# ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lease_is_prolonged_by_the_heartbeat(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w/1"))
    assert list(store.lost(before=NOW)) == []
    assert list(store.lost(before=NOW + timedelta(seconds=1))) == [Held(execution, "a", 1, 1, "w/1")]
    store.beat("w/1", now=LATER)
    assert list(store.lost(before=LATER)) == []
    say(store, execution, Lost(step="a", fence=1))
    assert list(store.running()) == []


def test_the_heartbeat_brings_cancellations(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": "", "b": ""})
    for step in ("a", "b"):
        say(store, execution, Claim(step=step, worker="w/1"))
    assert list(store.beat("w/1", now=NOW)) == []
    say(store, execution, Cancel(step="a"))
    assert list(store.beat("w/1", now=NOW)) == [(execution, Stop("a", 1, 1, "w/1"))]
    assert list(store.beat("other", now=NOW)) == []


def test_a_restarted_worker_is_told_what_it_held_and_has_one_lease_to_adopt_it(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w/1"))
    assert list(store.register("w", "w/2", now=LATER)) == [Held(execution, "a", 1, 1, "w/1")]
    assert list(store.lost(before=LATER)) == []
    assert list(store.register("v", "v/1", now=LATER)) == []
