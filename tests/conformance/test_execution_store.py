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
    Adopt,
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
from ansflow.engine.ports import LIMITED, About, Choice, ExecutionStore, Held, OnOffer, begin_key
from tests.databases import Store, migrated
from tests.plans import plan


class Memory(MemoryStore):
    """With projects, as `tests.databases.Store` has them."""

    def create(self, *args, project: int = 0, **known) -> int:
        execution = super().create(*args, **known)
        self.projects[execution] = project
        return execution

    def project(self, *, limit: int | None = None) -> int:
        project = len(self.projects) + len(self.limits) + 1
        if limit is not None:
            self.limits[project] = limit
        return project


STORES: dict[str, Callable[[], ExecutionStore]] = {
    "memory": Memory,
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


def begun(store, steps, *, now=NOW, project=None, **more) -> int:
    known = {} if project is None else {"project": project}
    execution = store.create(plan(steps, **more), now=now, by="ann", **known)
    store.sent(begin_key(execution))
    say(store, execution, Start(), now=now)
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


def test_a_decision_may_change_any_number_of_steps(store):
    execution = begun(store, {f"s{i}": "s0" if i else "" for i in range(250)})
    say(store, execution, Claim(step="s0", worker="w"))
    say(store, execution, Finish(step="s0", fence=1, outcome=BAD))
    state = store.load(execution)
    assert {state.step(f"s{i}").status for i in range(1, 250)} == {StepStatus.SKIPPED}
    assert [event.seq for event in store.events(execution)] == list(range(1, state.execution.seq + 1))


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


# ── the order of offers ──────────────────────────────────────────────────────────────────────────────────────────


def chosen(store, most=1, queues=("default",), now=LATER) -> list[tuple[int, str]]:
    return [(offer.execution, offer.step) for offer in store.choose(queues, most=most, now=now).steps]


def wide(store, number, **more) -> int:
    return begun(store, {f"s{n:02}": "" for n in range(number)}, max_parallel=number, **more)


def test_what_is_chosen_says_where_and_since_when_it_waits_and_one_more_that_is_left(store):
    execution = wide(store, 3)
    choice = store.choose(("default",), most=2, now=LATER)
    assert list(choice.steps) == [OnOffer(execution, step, "default", NOW) for step in ("s00", "s01")]
    assert choice.left == OnOffer(execution, "s02", "default", NOW)
    assert store.choose(("default",), most=3, now=LATER).left is None
    assert not choice.held_back
    assert store.choose((), most=1, now=LATER).steps, "() is every queue"


def test_nothing_on_offer_is_nothing_to_choose(store):
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w"))
    assert store.choose(("default",), most=4, now=LATER) == Choice([], None, held_back=False)


def test_only_steps_of_the_queues_that_are_served_are_chosen(store):
    execution = begun(store, {"a": {"queue": "gpu"}, "b": "", "c": {"queue": "arm"}})
    assert chosen(store, 9) == [(execution, "b")]
    assert sorted(chosen(store, 9, ("gpu", "arm"))) == [(execution, "a"), (execution, "c")]
    assert chosen(store, 9, ("none",)) == []


def test_a_small_execution_does_not_wait_for_the_end_of_a_large_one(store):
    large = wide(store, 20)
    small = begun(store, {"a": ""}, now=NOW + timedelta(seconds=1))
    for step in ("s00", "s01"):
        say(store, large, Claim(step=step, worker="w"))
    assert chosen(store, 2) == [(small, "a"), (large, "s02")]


def test_executions_and_projects_that_run_as_much_are_chosen_in_turn(store):
    large, small = wide(store, 9), wide(store, 9)
    assert [chosen(store)[0][0] for _ in range(4)] == [large, small, large, small]
    other = wide(store, 9, project=store.project())
    assert [chosen(store)[0][0] for _ in range(4)] == [other, large, other, small]


def test_a_higher_priority_comes_first_within_a_project_until_a_lower_one_has_waited_long_enough(store):
    low = begun(store, {"a": {"priority": -1}, "b": {"priority": 1}})
    high = begun(store, {"a": {"priority": 2}}, now=NOW + timedelta(seconds=1))
    assert chosen(store, 3, now=NOW + timedelta(seconds=2)) == [(high, "a"), (low, "b"), (low, "a")]
    say(store, high, Cancel())
    newer = begun(store, {"a": {"priority": 2}, "b": {"priority": 2}}, now=LATER)
    say(store, newer, Claim(step="a", worker="w"))
    assert chosen(store, 3, now=LATER) == [(low, "b"), (newer, "b"), (low, "a")]


def test_a_project_at_its_limit_is_left_out_until_one_of_its_steps_has_ended(store):
    limited = wide(store, 4, project=store.project(limit=2))
    free = wide(store, 4, now=NOW + timedelta(seconds=1))
    assert [execution for execution, _ in chosen(store, 9)].count(limited) == 2
    for step in ("s00", "s01"):
        say(store, limited, Claim(step=step, worker="w"))
    choice = store.choose(("default",), most=9, now=LATER)
    assert {offer.execution for offer in choice.steps} == {free} and choice.held_back
    say(store, limited, Finish(step="s00", fence=1, outcome=GOOD))
    assert (limited, "s02") in chosen(store, 9)


def test_no_more_steps_of_a_project_are_claimed_than_it_may_run_at_once(store):
    project = store.project(limit=1)
    first, second = (begun(store, {"a": "", "b": "a"}, project=project) for _ in range(2))
    assert store.is_limited(first) and not store.is_limited(begun(store, {"a": ""}))
    say(store, first, Claim(step="a", worker="w"))
    with pytest.raises(Conflict, match="1 steps at once") as refused:
        store.apply(second, decided(store, second, Claim(step="a", worker="w")), now=NOW)
    assert refused.value.code == LIMITED
    assert store.load(second).step("a").status is StepStatus.PENDING, "it stays on offer"
    assert say(store, first, Finish(step="a", fence=1, outcome=GOOD, worker="w")).claimed == "b"
    say(store, first, Finish(step="b", fence=1, outcome=GOOD))
    say(store, second, Claim(step="a", worker="w"))


def test_a_limit_holds_against_many_who_claim_at_once(store):
    project = store.project(limit=3)
    executions = [begun(store, {"a": ""}, project=project) for _ in range(8)]
    barrier = Barrier(8)
    held_back: list[int] = []

    def claim(execution: int) -> None:
        barrier.wait()
        try:
            say(store, execution, Claim(step="a", worker="w"))
        except Conflict:
            held_back.append(execution)
        connections.close_all()

    threads = [Thread(target=claim, args=(execution,)) for execution in executions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(store.running()), len(held_back)) == (3, 5)


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


def test_a_worker_says_what_it_is_and_hears_what_an_operator_wants(store):
    about = About(slots=3, queues=("default", "gpu"), executor="sandbox", version="1", host="box")
    store.register("w", "w/1", now=NOW, about=about)
    store.register("w", "w/1", now=NOW, about=about)
    store.beat("w/1", now=LATER, load=0.5)
    assert store.wish("w/1") == store.wish("nobody") == ""


def test_the_heartbeat_brings_cancellations(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": "", "b": ""})
    for step in ("a", "b"):
        say(store, execution, Claim(step=step, worker="w/1"))
    assert list(store.beat("w/1", now=NOW)) == []
    say(store, execution, Cancel(step="a"))
    assert list(store.beat("w/1", now=NOW)) == [(execution, Stop("a", 1, 1, "w/1"))]
    store.register("other", "other/1", now=NOW)
    assert list(store.beat("other/1", now=NOW)) == []
    with pytest.raises(NotFound):
        store.beat("unknown", now=NOW)


def test_a_worker_hears_nobodys_wish_but_its_own(store):
    store.register("w", "w/1", now=NOW)
    assert [store.wish(boot) for boot in ("w/1", "unknown")] == ["", ""]
    store.heed("w/1", "drain")
    assert store.wish("w/1") == "", "what it follows is not what is wanted of it"


def test_a_worker_that_leaves_is_forgotten_unless_it_holds_something(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w/1"))
    store.leave("w/1")
    assert list(store.lost(before=NOW)) == [], "who leaves something keeps its lease"
    assert list(store.register("w", "w/2", now=NOW)) == [Held(execution, "a", 1, 1, "w/1")]
    store.leave("w/2")
    store.leave("unknown")
    say(store, execution, Adopt(step="a", fence=1, worker="w/2"))
    assert list(store.lost(before=NOW)) == [Held(execution, "a", 1, 2, "w/2")], "it has no lease any more"


def test_a_restarted_worker_is_told_what_it_held_and_has_one_lease_to_adopt_it(store):
    store.register("w", "w/1", now=NOW)
    execution = begun(store, {"a": ""})
    say(store, execution, Claim(step="a", worker="w/1"))
    assert list(store.register("w", "w/2", now=LATER)) == [Held(execution, "a", 1, 1, "w/1")]
    assert list(store.lost(before=LATER)) == []
    assert list(store.register("v", "v/1", now=LATER)) == []
