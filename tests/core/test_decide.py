"""One command at a time. What holds for every plan and every order of commands stands in tests/engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansflow.core.commands import (
    Adopt,
    Approve,
    Cancel,
    Claim,
    Decision,
    Expire,
    Finish,
    Judge,
    Lost,
    Note,
    Offer,
    Reject,
    RemoteUpdate,
    Retry,
    Start,
    Stop,
    Timeout,
)
from ansflow.core.decide import decide
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Bundle, Skip
from ansflow.core.spec import (
    AllowFailure,
    ApprovalField,
    ApprovalSpec,
    ConcurrencySpec,
    RetryCause,
    RetryPolicy,
)
from ansflow.core.status import ExecutionStatus, Reason, StepStatus
from ansflow.engine.memory import MemoryStore
from tests.plans import need, plan

S = StepStatus
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Outcome(status=S.SUCCESS, exit_code=0)


def bad(code=1):
    return Outcome(status=S.FAILED, reason=Reason.EXIT_CODE, message=f"Exited with code {code}.", exit_code=code)


class Game:
    """An execution that is played by hand: says a command, and shows what became of it."""

    def __init__(self, plan, *, by="", kept=None, start=True):
        self.store, self.now = MemoryStore(), NOW
        self.id = self.store.create(plan, now=NOW, by=by, kept=kept)
        self.offered: list[str] = []
        if start:
            self.say(Start())

    def say(self, command) -> Decision:
        decision = decide(self.store.wiring(self.id), self.store.load(self.id), command, self.now)
        if not decision.refused:
            assert self.store.apply(self.id, decision, now=self.now)
        self.offered += [effect.step for effect in decision.effects if isinstance(effect, Offer)]
        return decision

    def run(self, key, outcome=GOOD, jitter=1.0):
        self.claim(key)
        return self.finish(key, outcome, jitter)

    def claim(self, key, worker="w"):
        decision = self.say(Claim(step=key, worker=worker))
        assert not decision.refused, decision.refused
        return decision

    def finish(self, key, outcome=GOOD, jitter=1.0):
        return self.say(Finish(step=key, fence=self[key].fence, outcome=outcome, jitter=jitter))

    def wait(self, **delay):
        self.now += timedelta(**delay)

    def __getitem__(self, key):
        return self.store.load(self.id).step(key)

    @property
    def execution(self):
        return self.store.load(self.id).execution

    def statuses(self):
        return {key: str(self[key].status) for key in self.store.wiring(self.id).plan.steps}


def test_a_step_is_offered_when_everything_it_needs_has_succeeded():
    game = Game(plan({"a": "", "b": "", "c": "a b"}))
    assert game.offered == ["a", "b"]
    game.run("a")
    assert game.offered == ["a", "b"]
    game.run("b")
    assert game.offered == ["a", "b", "c"]
    game.run("c")
    assert game.execution.status is ExecutionStatus.SUCCESS


def test_a_failure_skips_what_needs_it_with_a_sentence_and_fails_the_execution():
    game = Game(plan({"a": "", "b": "a", "c": "b"}))
    game.run("a", bad(2))
    assert game.statuses() == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert game["b"].message == "Skipped: needs a, which failed with exit code 2."
    assert game["c"].message == "Skipped: needs b, which was skipped."
    assert game["c"].reason is Reason.UPSTREAM_FAILED
    assert game.execution.status is ExecutionStatus.FAILED
    assert game.execution.message == "Failed: a failed."


def test_a_chain_of_ten_thousand_skips_is_no_recursion():
    steps = {"s0": ""} | {f"s{n}": f"s{n - 1}" for n in range(1, 10_000)}
    game = Game(plan(steps))
    game.run("s0", bad())
    assert game["s9999"].status is S.SKIPPED


@pytest.mark.parametrize(
    ("statuses", "outcome", "runs"),
    [
        (("failed",), bad(), True),
        (("failed",), GOOD, False),
        (("finished",), bad(), True),
        (("success", "failed"), GOOD, True),
        (("success",), bad(), False),
    ],
)
def test_needs_on_outcomes(statuses, outcome, runs):
    game = Game(plan({"a": "", "b": {"needs": [need("a", *statuses)]}}))
    game.run("a", outcome)
    assert ("b" in game.offered) is runs
    assert (game["b"].status is S.SKIPPED) is not runs


def test_an_optional_need_may_be_skipped_but_not_fail():
    skip = Skip(reason=Reason.NOT_SELECTED, message="Skipped: its when does not match.")
    steps = {"a": {"skip": skip}, "b": {"needs": [need("a", optional=True)]}, "c": "a"}
    game = Game(plan(steps))
    assert game.offered == ["b"]
    assert (game["c"].status, game["c"].reason) == (S.SKIPPED, Reason.UPSTREAM_SKIPPED)
    game = Game(plan({"a": "", "b": {"needs": [need("a", optional=True)]}}))
    game.run("a", bad())
    assert game["b"].status is S.SKIPPED


def test_at_most_max_parallel_are_on_offer_or_running_best_priority_first():
    steps = {f"s{n}": {"priority": n // 2} for n in range(6)}
    game = Game(plan(steps, max_parallel=2))
    assert game.offered == ["s4", "s5"]
    game.run("s4")
    game.run("s5")
    assert game.offered == ["s4", "s5", "s2", "s3"]


def test_a_step_is_claimed_once():
    game = Game(plan({"a": ""}))
    game.claim("a")
    assert game.say(Claim(step="a", worker="other")).refused
    assert (game["a"].attempt, game["a"].fence, game["a"].worker) == (1, 1, "w")


def test_a_result_counts_once():
    game = Game(plan({"a": {"retry": RetryPolicy(max=1)}}))
    game.run("a", bad())
    assert game.say(Finish(step="a", fence=1, outcome=GOOD)).refused


def test_who_ends_a_step_goes_on_with_the_next_in_the_same_write():
    game = Game(plan({"a": "", "b": "a", "c": "a"}))
    game.claim("a", worker="w")
    decision = game.say(Finish(step="a", fence=1, outcome=GOOD, worker="w"))
    assert decision.claimed == "b"
    assert (game["b"].status, game["b"].worker, game["b"].attempt, game["b"].fence) == (S.RUNNING, "w", 1, 1)
    assert [effect.step for effect in decision.effects if isinstance(effect, Offer)] == ["c"]
    assert [(fact.step, fact.status) for fact in decision.facts] == [("a", S.SUCCESS), ("b", S.RUNNING)]


def test_who_ends_a_step_goes_on_only_with_steps_of_queues_that_it_serves():
    steps = {"a": "", "b": {"needs": "a", "queue": "gpu"}, "c": {"needs": "a"}}
    for queues, claimed, offered in (
        (("default", "arm"), "c", ["b"]),
        (("gpu",), "b", ["c"]),
        (("arm",), "", ["b", "c"]),
        ((), "b", ["c"]),
    ):
        game = Game(plan(steps))
        game.claim("a", worker="w")
        decision = game.say(Finish(step="a", fence=1, outcome=GOOD, worker="w", queues=queues))
        assert decision.claimed == claimed
        assert [effect.step for effect in decision.effects if isinstance(effect, Offer)] == offered


def test_who_ends_the_last_step_goes_on_with_nothing():
    game = Game(plan({"a": ""}))
    game.claim("a", worker="w")
    assert game.say(Finish(step="a", fence=1, outcome=GOOD, worker="w")).claimed == ""


def test_a_result_that_comes_too_late_claims_nothing():
    game = Game(plan({"a": "", "b": "a"}))
    game.claim("a", worker="w")
    game.finish("a")
    decision = game.say(Finish(step="a", fence=1, outcome=GOOD, worker="w"))
    assert decision.refused
    assert decision.claimed == ""
    assert game["b"].status is S.PENDING


def test_a_late_result_counts_only_while_nobody_has_claimed_the_step_again():
    for claimed in (False, True):
        game = Game(plan({"a": ""}))
        game.claim("a")
        game.say(Lost(step="a", fence=1, jitter=0.0))
        assert (game["a"].status, game["a"].reason) == (S.PENDING, Reason.RETRY)
        game.say(Retry(step="a"))
        if claimed:
            game.claim("a", "other")
        assert bool(game.say(Finish(step="a", fence=1, outcome=GOOD)).refused) is claimed
        assert game["a"].status is (S.RUNNING if claimed else S.SUCCESS)
        assert game.store.load(game.id).used("execution") == (1 if claimed else 0)


def test_retries_are_rows_with_a_due_time_and_jitter_comes_from_outside():
    policy = RetryPolicy(max=2, delay=timedelta(seconds=10), backoff=3, max_delay=timedelta(seconds=20))
    game = Game(plan({"a": {"retry": policy}}))
    game.run("a", bad(), jitter=0.5)
    assert game["a"].due_at == NOW + timedelta(seconds=5)
    assert game["a"].message == "Exited with code 1. Attempt 2 follows in 5s."
    assert game.say(Retry(step="a")).refused
    game.wait(seconds=5)
    game.say(Retry(step="a"))
    game.run("a", bad(), jitter=1.0)
    assert game["a"].due_at == game.now + timedelta(seconds=20)
    game.wait(seconds=20)
    game.say(Retry(step="a"))
    game.run("a", bad())
    assert (game["a"].status, game["a"].attempt) == (S.FAILED, 3)


def test_retries_follow_the_causes_that_the_policy_names():
    policy = RetryPolicy(max=5, on=(RetryCause(kind="exit_code", code=75),))
    game = Game(plan({"a": {"retry": policy}, "b": {"retry": policy}}))
    game.run("a", bad(75))
    game.run("b", bad(1))
    assert (game["a"].status, game["b"].status) == (S.PENDING, S.FAILED)


def test_a_step_that_loses_three_workers_is_poisoned():
    game = Game(plan({"a": "", "b": ""}))
    for fence in (1, 2, 3):
        game.claim("a")
        game.say(Lost(step="a", fence=fence, jitter=0.0))
        game.say(Retry(step="a"))
    assert (game["a"].status, game["a"].reason, game["a"].attempt) == (S.FAILED, Reason.POISONED, 3)
    game.run("b")
    assert game["b"].status is S.SUCCESS


def test_an_adopted_attempt_keeps_its_number_and_fences_its_former_owner():
    game = Game(plan({"a": ""}))
    game.claim("a")
    game.say(Adopt(step="a", fence=1, worker="w/reborn"))
    assert (game["a"].attempt, game["a"].fence, game["a"].worker) == (1, 2, "w/reborn")
    assert game["a"].message == "Taken over by w.", "people know it by its name"
    assert game.say(Finish(step="a", fence=1, outcome=GOOD)).refused
    assert not game.say(Finish(step="a", fence=2, outcome=GOOD)).refused


def test_an_allowed_failure_counts_as_success_downstream_and_is_marked():
    allow = {"allow_failure": AllowFailure(exit_codes=frozenset({3}))}
    game = Game(plan({"a": allow, "b": "a", "c": allow, "d": "c"}))
    game.run("a", bad(3))
    game.run("c", bad(4))
    game.run("b")
    assert game["a"].allowed and not game["c"].allowed
    assert game.statuses() == {"a": "failed", "b": "success", "c": "failed", "d": "skipped"}
    assert game.execution.status is ExecutionStatus.FAILED


def test_cancel_ends_what_waits_asks_what_runs_and_leaves_the_final_steps():
    game = Game(plan({"a": "", "b": "a", "tell": {"final": True}}))
    game.claim("a")
    decision = game.say(Cancel(by="ann"))
    assert Stop("a", 1, 1, "w") in decision.effects
    assert game["b"].message == "Cancelled by ann."
    stopped = Outcome(status=S.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled.")
    game.finish("a", stopped)
    assert game.offered[-1] == "tell"
    game.run("tell")
    assert game.execution.status is ExecutionStatus.CANCELLED
    assert game.execution.message == "Cancelled by ann."


def test_an_immediate_cancel_grants_no_grace_and_no_final_steps():
    game = Game(plan({"a": "", "tell": {"final": True}}))
    game.claim("a")
    game.say(Cancel())
    decision = game.say(Cancel(immediate=True))
    assert Stop("a", 1, 1, "w", immediate=True) in decision.effects
    assert game.say(Cancel(immediate=True)).refused
    game.finish("a", Outcome(status=S.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled."))
    assert game.statuses() == {"a": "cancelled", "tell": "cancelled"}


def test_one_step_can_be_cancelled():
    game = Game(plan({"a": "", "b": "a", "c": ""}))
    game.say(Cancel(step="a", by="ann"))
    game.run("c")
    assert game.statuses() == {"a": "cancelled", "b": "skipped", "c": "success"}
    assert game.execution.status is ExecutionStatus.CANCELLED


def test_a_cancelled_attempt_is_not_tried_again():
    game = Game(plan({"a": {"retry": RetryPolicy(max=3)}, "b": ""}))
    game.claim("a")
    game.claim("b")
    game.say(Cancel())
    game.finish("a", bad())
    game.say(Lost(step="b", fence=1))
    assert game.statuses() == {"a": "failed", "b": "cancelled"}


def test_final_steps_run_after_everything_else_whatever_happened():
    game = Game(plan({"a": "", "b": "a", "tell": {"final": True}, "last": {"final": True, "needs": "tell"}}))
    game.run("a", bad())
    assert game.offered == ["a", "tell"]
    game.run("tell")
    game.run("last")
    assert game.execution.status is ExecutionStatus.FAILED


def test_a_plan_of_final_steps_alone_runs_them():
    game = Game(plan({"tell": {"final": True}}))
    game.run("tell")
    assert game.execution.status is ExecutionStatus.SUCCESS


def test_an_empty_plan_succeeds_at_once():
    assert Game(plan({})).execution.status is ExecutionStatus.SUCCESS


def test_wait_any_takes_the_first_success_and_cancels_the_rest():
    group = Bundle(name="g", keys=("a", "b", "c"), join="wait_any")
    game = Game(plan({"a": "", "b": "", "c": "", "d": "g"}, bundles=[group], max_parallel=2))
    game.claim("b")
    game.run("a")
    assert game["c"].reason is Reason.CANCELLED_BY_GROUP
    assert game["b"].stop is Reason.CANCELLED_BY_GROUP
    assert "d" in game.offered
    game.finish("b", Outcome(status=S.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled."))
    game.run("d")
    assert game["b"].reason is Reason.CANCELLED_BY_GROUP
    assert game.execution.status is ExecutionStatus.SUCCESS


def test_a_failure_within_wait_any_counts_only_when_nobody_succeeds():
    group = Bundle(name="g", keys=("a", "b"), join="wait_any")
    game = Game(plan({"a": "", "b": ""}, bundles=[group]))
    game.run("a", bad())
    game.run("b")
    assert game.execution.status is ExecutionStatus.SUCCESS
    game = Game(plan({"a": "", "b": "", "c": "g"}, bundles=[group]))
    game.run("a", bad())
    game.run("b", bad())
    assert game["c"].message == "Skipped: needs g, which failed (2 of 2 steps did)."
    assert (game.execution.status, game.execution.failed) == (ExecutionStatus.FAILED, 1)


def test_fail_fast_cancels_the_rest_at_the_first_failure():
    group = Bundle(name="g", keys=("a", "b"), join="fail_fast")
    game = Game(plan({"a": "", "b": "a", "c": "", "d": "g"}, bundles=[group]))
    game.run("a", bad(7))
    assert game["b"].message == "Skipped: needs a, which failed with exit code 7."
    group = Bundle(name="g", keys=("a", "b"), join="fail_fast")
    game = Game(plan({"a": "", "b": ""}, bundles=[group], max_parallel=1))
    game.run("a", bad(7))
    assert game["b"].message == "Cancelled: a, of the same g, failed with exit code 7 first."


def test_wait_all_waits_for_every_member():
    group = Bundle(name="g", keys=("a", "b"))
    game = Game(plan({"a": "", "b": "", "d": {"needs": [need("g", "finished")]}}, bundles=[group]))
    game.run("a", bad())
    assert "d" not in game.offered
    game.run("b")
    assert "d" in game.offered


def test_an_empty_bundle_counts_as_skipped():
    game = Game(plan({"d": {"needs": [need("g", optional=True)]}, "e": "g"}, bundles=[Bundle(name="g", keys=())]))
    assert game.offered == ["d"]
    assert game["e"].status is S.SKIPPED


def test_a_group_runs_at_most_as_many_as_it_says():
    group = Bundle(name="g", keys=("a", "b", "c"), max_parallel=1)
    game = Game(plan({"a": "", "b": "", "c": "", "d": ""}, bundles=[group]))
    assert game.offered == ["a", "d"]
    game.run("a")
    assert game.offered == ["a", "d", "b"]


def test_a_group_out_of_time_ends_its_steps_and_fails_the_execution():
    group = Bundle(name="g", keys=("a", "b"), timeout=timedelta(minutes=5))
    game = Game(plan({"a": "", "b": "a", "c": ""}, bundles=[group]))
    game.run("c")
    game.claim("a")
    assert game.say(Timeout(bundle="g")).refused
    game.wait(minutes=5)
    decision = game.say(Timeout(bundle="g"))
    assert Stop("a", 1, 1, "w", timed_out=True) in decision.effects
    game.finish("a", Outcome(status=S.FAILED, reason=Reason.TIMEOUT, message="Ran out of time."))
    assert game["a"].message == "Stopped: g ran out of its 5m."
    assert game.execution.status is ExecutionStatus.FAILED


def test_an_execution_out_of_time_ends_as_timeout_after_its_final_steps():
    game = Game(plan({"a": "", "tell": {"final": True}}, timeout=timedelta(hours=1)))
    game.claim("a")
    assert game.say(Timeout()).refused
    game.wait(hours=1)
    game.say(Timeout())
    game.finish("a", Outcome(status=S.FAILED, reason=Reason.TIMEOUT, message="Ran out of time."))
    game.run("tell")
    assert (game.execution.status, game.execution.message) == (ExecutionStatus.TIMEOUT, "Ran out of its 1h.")


def gate(**more):
    return {"approval": ApprovalSpec(**more)}


def test_a_gate_holds_the_step_and_takes_no_place():
    game = Game(plan({"a": gate(), "b": ""}, max_parallel=1))
    game.say(Judge(step="a", message="Deploy 1.2?"))
    assert (game["a"].status, game["a"].message) == (S.WAITING, "Deploy 1.2?")
    game.run("b")
    game.say(Approve(step="a", by="ann"))
    assert game["a"].message == "Approved by ann."
    game.run("a")
    assert game.execution.status is ExecutionStatus.SUCCESS


def test_two_different_people_must_approve_where_two_are_needed():
    game = Game(plan({"a": gate(required=2, users=("ann", "bob"), groups=("release",), self_approval=False)}), by="bob")
    game.say(Judge(step="a"))
    assert "not among those" in game.say(Approve(step="a", by="eve")).refused
    assert "started this execution" in game.say(Approve(step="a", by="bob")).refused
    assert not game.say(Approve(step="a", by="ann")).refused
    assert game["a"].message == "1 of 2 approvals, by ann."
    assert "has approved a before" in game.say(Approve(step="a", by="ann")).refused
    assert not game.say(Approve(step="a", by="cid", groups=("release",))).refused
    assert game.offered == ["a"]


def test_the_fields_of_a_gate_are_checked():
    window = ApprovalField(name="window", type="choice", options=("now", "tonight"), required=True)
    game = Game(plan({"a": gate(fields=(window,))}))
    game.say(Judge(step="a"))
    assert "must be filled in" in game.say(Approve(step="a", by="ann")).refused
    assert "no choice" in game.say(Approve(step="a", by="ann", fields={"window": "later"})).refused
    assert "no field" in game.say(Approve(step="a", by="ann", fields={"window": "now", "x": "y"})).refused
    assert not game.say(Approve(step="a", by="ann", fields={"window": "now"})).refused


def test_the_owner_of_the_installation_may_open_a_gate_alone():
    game = Game(plan({"a": gate(required=2, users=("ann",))}))
    game.say(Judge(step="a"))
    game.say(Approve(step="a", by="me", override=True))
    assert game.offered == ["a"]


def test_a_rejection_fails_the_step():
    game = Game(plan({"a": gate(), "b": "a"}))
    game.say(Judge(step="a"))
    game.say(Reject(step="a", by="ann", comment="not today"))
    assert (game["a"].status, game["a"].message) == (S.FAILED, "Rejected by ann: not today")
    assert game["b"].message == "Skipped: needs a, which was rejected."


@pytest.mark.parametrize(("on_timeout", "status"), [("reject", S.FAILED), ("approve", S.PENDING), ("skip", S.SKIPPED)])
def test_a_gate_that_nobody_answers_expires_as_it_says(on_timeout, status):
    game = Game(plan({"a": gate(timeout=timedelta(hours=24), on_timeout=on_timeout)}))
    game.say(Judge(step="a"))
    assert game.say(Expire(step="a")).refused
    game.wait(hours=24)
    game.say(Expire(step="a"))
    assert game["a"].status is status
    assert "1d" in game["a"].message


def test_a_false_condition_skips_with_its_values():
    game = Game(plan({"a": {"condition": "inputs.go"}}))
    assert game.offered == []
    game.say(Judge(step="a", run=False, explained="inputs.go is false."))
    assert game["a"].message == "Skipped: inputs.go is false."
    assert game.execution.status is ExecutionStatus.SUCCESS


def test_a_condition_that_cannot_be_evaluated_fails_the_step():
    game = Game(plan({"a": {"condition": "inputs.go"}}))
    game.say(Judge(step="a", error="There is no 'inputs' here."))
    assert (game["a"].status, game["a"].reason) == (S.FAILED, Reason.INVALID)


def test_steps_of_one_concurrency_group_run_one_after_the_other():
    one = {"concurrency": ConcurrencySpec(group="deploy")}
    game = Game(plan({"a": one, "b": one, "c": one}))
    assert game.offered == ["a"]
    game.run("a")
    assert game.offered == ["a", "b"]


def test_a_newcomer_replaces_those_that_wait_or_run_where_the_policy_says_so():
    one = {"concurrency": ConcurrencySpec(group="deploy", policy="replace_pending")}
    game = Game(plan({"a": one, "x": "", "b": one, "c": {"needs": "x", **one}}))
    game.claim("a")
    game.run("x")
    assert (game["b"].status, game["b"].reason) == (S.CANCELLED, Reason.SUPERSEDED)
    assert game["c"].status is S.PENDING
    one = {"concurrency": ConcurrencySpec(group="deploy", policy="cancel_running")}
    game = Game(plan({"a": one, "x": "", "b": {"needs": "x", **one}}))
    game.claim("a")
    game.run("x")
    assert game["a"].stop is Reason.SUPERSEDED


def test_kept_steps_are_not_run_again():
    game = Game(plan({"a": "", "b": "a"}), kept={"a": Outcome(status=S.SUCCESS, outputs={"version": "1"})})
    assert game.offered == ["b"]
    assert (game["a"].reason, game["a"].attempt, game["a"].outcome.outputs) == (Reason.KEPT, 0, {"version": "1"})


def test_news_of_a_remote_job_is_shown_and_its_end_ends_the_step():
    game = Game(plan({"a": ""}))
    game.claim("a")
    assert not game.say(RemoteUpdate(step="a", fence=1, message="Queued at the other side.")).refused
    assert game["a"].message == "Queued at the other side."
    assert game.say(RemoteUpdate(step="a", fence=0, message="old")).refused
    game.say(RemoteUpdate(step="a", fence=1, outcome=GOOD))
    assert game["a"].status is S.SUCCESS


def test_our_own_failures_are_tried_again_and_told_apart():
    game = Game(plan({"a": ""}))
    for fence in (1, 2, 3):
        game.claim("a")
        game.say(Lost(step="a", fence=fence, reason=Reason.INTERNAL_ERROR, message="The disk is full.", jitter=0.0))
        assert game.say(Finish(step="a", fence=fence, outcome=GOOD)).refused
        game.say(Retry(step="a"))
    assert (game["a"].status, game["a"].reason, game["a"].message) == (
        S.FAILED, Reason.INTERNAL_ERROR, "The disk is full.")  # fmt: skip


def test_an_execution_starts_once_and_may_be_cancelled_before():
    game = Game(plan({"a": ""}))
    assert game.say(Start()).refused
    game = Game(plan({"a": "", "tell": {"final": True}}), start=False)
    game.say(Cancel(by="ann"))
    assert game.execution.status is ExecutionStatus.CANCELLED
    assert game.say(Start()).refused


def test_an_execution_that_has_not_begun_says_what_it_waits_for():
    game = Game(plan({"a": ""}), start=False)
    decision = game.say(Note(message="Waits for execution 7."))
    assert [fact.message for fact in decision.facts] == ["Waits for execution 7."]
    assert (game.execution.status, game.execution.message) == (ExecutionStatus.PENDING, "Waits for execution 7.")
    assert game.say(Note(message="Waits for execution 7.")).refused
    game.say(Start())
    assert game.execution.message == "Started."
    assert game.say(Note(message="Too late.")).refused


def test_an_execution_that_a_newer_one_replaces_is_superseded_and_not_cancelled_by_a_person():
    game = Game(plan({"a": "", "tell": {"final": True}}))
    game.claim("a")
    game.say(Cancel(message="Number 8 came after it.", superseded=True))
    game.finish("a", Outcome(status=S.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Stopped."))
    assert game["a"].reason is Reason.SUPERSEDED
    game.run("tell")
    assert (game.execution.status, game.execution.reason) == (ExecutionStatus.CANCELLED, Reason.SUPERSEDED)
    assert game.execution.message == "Cancelled: Number 8 came after it."
