from ansflow.core.status import Reason
from tests.plans import plan


def test_a_chain_runs_in_order_and_succeeds(local):
    assert local.run(plan({"a": "", "b": "a", "c": "b"})) == {"a": "success", "b": "success", "c": "success"}


def test_what_a_step_prints_is_its_log(local):
    local.run(plan({"a": {"env": {"FAKE_OUTPUT": "hello"}}}))
    assert local.log("a") == "hello\n"


def test_a_failure_is_an_outcome_with_its_exit_code(local):
    assert local.run(plan({"a": {"env": {"FAKE_EXIT_CODE": "3"}}, "b": "a"})) == {"a": "failed", "b": "skipped"}
    assert local.step("a").outcome.exit_code == 3
    assert local.step("b").message == "Skipped: needs a, which failed with exit code 3."


def test_a_thousand_steps_end(local):
    assert set(local.run(plan({f"s{n}": "" for n in range(100)})).values()) == {"success"}


def test_a_place_that_refuses_fails_the_step_with_its_sentence(local):
    local.run(plan({"a": {"env": {"FAKE_REFUSE": "There is no room here."}}}))
    assert (local.step("a").reason, local.step("a").message) == (Reason.NOT_AVAILABLE, "There is no room here.")
