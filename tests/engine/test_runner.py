"""The real runner over memory ports: with the fake executor where only the engine is meant, otherwise on the host."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest

from ansflow.core.checks import GIVEN
from ansflow.core.commands import Stop
from ansflow.core.errors import Conflict
from ansflow.core.outcome import StoredLog
from ansflow.core.plan import Bundle
from ansflow.core.spec import (
    ApprovalField,
    ApprovalSpec,
    ArtifactSpec,
    CacheSpec,
    ConcurrencySpec,
    EnvironmentSpec,
    RetryPolicy,
    Trigger,
)
from ansflow.core.status import ExecutionStatus, Reason
from ansflow.engine.job import Claimed
from ansflow.engine.ports import Held
from ansflow.infra.storage import trees
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.mounts import MARK, Mount, StorageAway
from tests.plans import need, plan


def script(*lines, **more):
    return {"run": lines, **more}


# ── outcomes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_small_execution_does_not_wait_for_the_end_of_a_large_one(make_local):
    local = make_local(slots=1)
    started, order = local.engine.scheduler.on_change, []

    def note(decision):
        order.extend((decision.execution.id, change.after.key) for change in decision.steps if change.after.worker)
        started(decision)

    local.engine.scheduler.on_change = note
    large = plan({f"s{i}": script("echo s", needs=f"s{i - 1}" if i else "") for i in range(30)})
    local.execution = local.engine.start(large)
    small = local.engine.start(plan({"a": script("echo a"), "b": script("echo b", needs="a")}))
    local.engine.wait(small)
    before = {key for execution, key in order[: order.index((small, "b"))] if execution != small}
    local.engine.wait(local.execution)
    assert len(before) < 20, "it had its turns while the large one was under way"


def test_a_chain_runs_in_order_and_succeeds(local):
    assert local.run(plan({"a": "", "b": "a", "c": "b"})) == {"a": "success", "b": "success", "c": "success"}


def test_what_a_step_prints_is_its_log(local):
    local.run(plan({"a": {"env": {"FAKE_OUTPUT": "hello"}}}))
    assert local.log("a") == "hello\n"
    assert local.step("a").outcome.log == StoredLog(attempt=1, bytes=6)


def test_a_failure_is_an_outcome_with_its_exit_code(local):
    assert local.run(plan({"a": {"env": {"FAKE_EXIT_CODE": "3"}}, "b": "a"})) == {"a": "failed", "b": "skipped"}
    assert local.step("a").outcome.exit_code == 3
    assert local.step("b").message == "Skipped: needs a, which failed with exit code 3."


def test_a_hundred_steps_at_once_end(local):
    assert set(local.run(plan({f"s{n}": "" for n in range(100)})).values()) == {"success"}


def test_a_place_that_refuses_fails_the_step_with_its_sentence(local):
    local.run(plan({"a": {"env": {"FAKE_REFUSE": "There is no room here."}}}))
    assert (local.step("a").reason, local.step("a").message) == (Reason.NOT_AVAILABLE, "There is no room here.")


def test_a_failed_attempt_is_tried_again_by_the_timer(local):
    local.run(plan({"a": {"env": {"FAKE_EXIT_CODE": "1"}, "retry": RetryPolicy(max=2)}}))
    assert (local.step("a").attempt, str(local.step("a").status)) == (3, "failed")
    assert local.step("a").outcome.log == StoredLog(attempt=3, bytes=0)


def test_trouble_of_this_machine_is_tried_again_and_then_told(local, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local.workspaces, "open", refuse)
    local.run(plan({"a": ""}))
    row = local.step("a")
    assert (row.reason, row.attempt) == (Reason.INTERNAL_ERROR, 3)
    assert "No space left on device" in row.message


def test_a_store_that_is_away_before_the_command_begins_costs_the_attempt_and_not_the_step(local, monkeypatch):
    tries, real = [], local.workspaces.open

    def away_at_first(execution):
        tries.append(execution)
        if len(tries) < 3:
            raise local.Away("connection to db.internal as user ansflow failed")
        return real(execution)

    monkeypatch.setattr(local.workspaces, "open", away_at_first)
    assert local.run(plan({"a": ""})) == {"a": "success"}
    assert local.step("a").attempt == 3
    told = [event.fact.message for event in local.engine.events(local.execution) if "failed" in event.fact.message]
    assert told
    assert all("its database could not be reached" in message and "db.internal" not in message for message in told)


def test_a_cache_whose_store_is_away_is_not_saved_and_the_step_has_succeeded(local, monkeypatch):
    def away(*_, **__):
        raise local.Away("connection to db.internal failed")

    monkeypatch.setattr(FileCaches, "save", away)
    cache = CacheSpec(key="deps", paths=("deps",))
    assert local.run(plan({"a": {"cache": (cache,)}})) == {"a": "success"}
    (warning,) = local.step("a").outcome.warnings
    assert warning == "The cache deps was not saved: its database could not be reached."


def test_a_bug_of_ours_fails_the_step_and_not_the_worker(local, monkeypatch, caplog):
    def stumble(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(local.workspaces, "open", stumble)
    assert local.run(plan({"a": "", "b": {"needs": [need("a", "failed")]}})) == {"a": "failed", "b": "failed"}
    assert local.step("a").message == "AnsFlow itself failed: ZeroDivisionError: division by zero."
    assert "step crashed: execution=1 step=a attempt=1" in caplog.text


# ── what a step is given ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_sees_its_environment_and_nothing_of_ours(make_local, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    local = make_local(executor="host")
    made = plan({"a": script("env", env={"OWN": "yes", "ANSFLOW_STEP": "forged", "FORCE_COLOR": "0"})})
    local.run(replace(made, trigger=Trigger(branch="main", commit="c0ffee", author="ann")))
    seen = dict(line.partition("=")[::2] for line in local.log("a").splitlines())
    assert "DATABASE_PASSWORD" not in seen
    expected = {"CI": "true", "ANSFLOW": "true", "ANSFLOW_STEP": "a", "ANSFLOW_ATTEMPT": "1", "OWN": "yes",
                "ANSFLOW_BRANCH": "main", "CI_COMMIT_SHA": "c0ffee", "ANSFLOW_ATTEMPT_KEY": "1/a/1",
                "ANSFLOW_TRIGGER_TYPE": "manual", "FORCE_COLOR": "0"}  # fmt: skip
    assert expected.items() <= seen.items()


def test_what_every_step_is_given_is_what_a_file_may_not_set(make_local):
    local = make_local(executor="host")
    local.run(plan({"a": script("env")}))
    names = {line.partition("=")[0] for line in local.log("a").splitlines()}
    ours = {name for name in names if name.startswith(("ANSFLOW", "CI", "CONTINUOUS"))}
    assert ours - {"ANSFLOW_SUPERVISION"} == GIVEN


def test_git_trusts_the_workspace_whoever_owns_it(make_local):
    local = make_local(executor="host")
    seen = script("git config --get-all safe.directory")
    assert local.run(plan({"a": seen})) == {"a": "success"}
    assert str(local.workspaces.open(1)) in local.log("a").splitlines()


def test_outputs_and_summary_are_read_and_reach_later_steps(make_local):
    local = make_local(executor="host")
    steps = {
        "a": script('echo "version=1.2" >> "$ANSFLOW_OUTPUT"', 'echo "# Good" >> "$ANSFLOW_SUMMARY"'),
        "b": script('test "$V" = 1.2', needs="a", env={"V": "${{ steps.a.outputs.version }}"}),
    }
    assert local.run(plan(steps)) == {"a": "success", "b": "success"}
    assert local.step("a").outcome.outputs == {"version": "1.2"}
    assert local.step("a").outcome.summary == "# Good\n"


def test_outputs_that_cannot_be_read_fail_the_step(make_local):
    local = make_local(executor="host")
    local.run(plan({"a": script('echo "x<<END" >> "$ANSFLOW_OUTPUT"')}))
    assert (local.step("a").reason, local.step("a").message) == (
        Reason.INVALID, "The output x has no end: no line is 'END' alone.")  # fmt: skip


def test_secrets_reach_only_the_step_that_names_them_and_no_log(make_local):
    local = make_local(executor="host", secrets={"TOKEN": "swordfish-42"})
    write = 'echo "t=$TOKEN" >> "$ANSFLOW_OUTPUT"; echo "$TOKEN=1" >> "$ANSFLOW_OUTPUT"'
    print_it = script('echo "token: $TOKEN"', write, secrets=("TOKEN",))
    local.run(plan({"a": print_it, "b": script('echo "token: $TOKEN"')}))
    assert local.log("a") == "token: ***\n"
    assert local.step("a").outcome.outputs == {"t": "***", "***": "1"}
    assert local.log("b") == "token: \n"


def test_of_a_step_with_secrets_no_unmasked_copy_stays(make_local, tmp_path):
    local = make_local(executor="host", secrets={"TOKEN": "swordfish-42"})
    print_it = script('echo "$TOKEN"; echo "t=$TOKEN" >> "$ANSFLOW_OUTPUT"', secrets=("TOKEN",))
    made_here = script("echo ::add-mask::made-in-the-step")
    local.run(plan({"a": print_it, "b": made_here}))
    local.threads.close()
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if b"swordfish" in path.read_bytes() or b"made-in" in path.read_bytes()]


def test_a_missing_secret_fails_the_step_by_name(local):
    local.run(plan({"a": {"secrets": ("TOKEN",)}}))
    assert (local.step("a").reason, local.step("a").message) == (Reason.INVALID, "There is no secret TOKEN.")


def test_secrets_are_those_of_the_execution_and_of_the_environment_of_its_step(make_local, monkeypatch):
    local = make_local(executor="host")

    def values(execution, names, *, environment=""):
        return {name: f"{name}-{execution}-{environment or 'none'}" for name in names}

    monkeypatch.setattr(local.secrets, "values", values)
    show = script('echo "${TOKEN#TOKEN-}"', secrets=("TOKEN",))
    place = EnvironmentSpec(name="${{ 'prod' }}")
    local.run(plan({"a": show, "b": {**show, "environment": place}}))
    assert (local.log("a"), local.log("b")) == ("1-none\n", "1-prod\n")


def test_an_expression_that_does_not_fit_fails_the_step(local):
    local.run(plan({"a": {"env": {"N": "${{ 1 < 'x' }}"}}}))
    assert local.step("a").reason is Reason.INVALID
    assert "the variable N" in local.step("a").message


def test_parameters_are_read_by_the_schema_of_the_type(local):
    local.run(plan({"a": {"parameters": {"colour": "red"}}}))
    assert local.step("a").reason is Reason.INVALID
    assert "colour" in local.step("a").message


def test_texts_of_the_step_are_evaluated(make_local):
    local = make_local(executor="host")
    steps = {
        "a": script(
            'test "$PWD" = "$ANSFLOW_WORKSPACE/sub"',
            working_directory="${{ 'sub' }}",
            environment=EnvironmentSpec(name="${{ env.PLACE }}"),
            env={"PLACE": "prod", "WHERE": "${{ environment.name }}"},
            needs="made",
        ),
        "made": script("mkdir sub"),
    }
    assert local.run(plan(steps)) == {"a": "success", "made": "success"}


def test_artifacts_are_kept_and_a_glob_without_a_file_is_told(make_local):
    local = make_local(executor="host")
    steps = {
        "a": script("mkdir dist", "echo built > dist/app", artifacts=ArtifactSpec(paths=("dist/",))),
        "b": script("true", artifacts=ArtifactSpec(paths=("nothing/**",))),
        "c": script("exit 1", artifacts=ArtifactSpec(paths=("dist/",), when="failure"), needs="a"),
    }
    local.run(plan(steps))
    assert [file.path for file in local.step("a").outcome.artifacts] == ["dist/app"]
    assert local.step("b").outcome.warnings == ("No file matched the artifacts nothing/**.",)
    assert [file.path for file in local.step("c").outcome.artifacts] == ["dist/app"]


def test_what_cannot_be_an_artifact_is_named(make_local):
    made = "mkdir dist; touch dist/app; cd dist; mkfifo pipe; for n in 1 2 3 4 5 6; do ln -s app link$n; done"
    local = make_local(executor="host")
    local.run(plan({"a": script(made, artifacts=ArtifactSpec(paths=("dist/",)))}))
    named = ", ".join(f"dist/link{n} (a link)" for n in range(1, 6))
    assert local.step("a").outcome.warnings == (f"Not kept as artifacts: {named} and 2 more.",)
    assert local.step("a").status == "success"


def test_a_file_whose_name_holds_a_secret_is_no_artifact(make_local):
    local = make_local(executor="host", secrets={"TOKEN": "hunter2-hunter2"})
    made = script('touch "$TOKEN.txt" "x-$(printf %s "$TOKEN" | base64).txt" well.txt', secrets=("TOKEN",),
                  artifacts=ArtifactSpec(paths=("*.txt",)))  # fmt: skip
    local.run(plan({"a": made}))
    assert [file.path for file in local.step("a").outcome.artifacts] == ["well.txt"]
    (told,) = local.step("a").outcome.warnings
    assert told == "Not kept as artifacts: ***.txt (its name holds a secret), x-***.txt (its name holds a secret)."


def test_artifacts_that_cannot_be_kept_end_a_success_with_the_sentence(make_local, monkeypatch):
    monkeypatch.setattr(trees, "MAX_ENTRIES", 1)
    local = make_local(executor="host", secrets={"TOKEN": "swordfish-42"})
    made = script("touch one two", secrets=("TOKEN",), artifacts=ArtifactSpec(paths=("*",)))
    assert local.run(plan({"a": made})) == {"a": "failed"}
    assert local.step("a").message == "The artifacts were not kept: More than 1 files match; narrow the paths."
    assert local.step("a").outcome.exit_code == 0


def test_a_cache_that_cannot_be_saved_is_told_and_spoils_nothing(make_local, monkeypatch):
    monkeypatch.setattr(trees, "MAX_ENTRIES", 1)
    local = make_local(executor="host")
    made = script("mkdir deps", "touch deps/a deps/b", cache=(CacheSpec(key="deps", paths=("deps",)),))
    assert local.run(plan({"a": made})) == {"a": "success"}
    told = "The cache deps was not saved: More than 1 files match; narrow the paths."
    assert local.step("a").outcome.warnings == (told,)


def test_a_log_that_the_store_does_not_take_is_our_trouble_and_not_a_newer_worker(local, hasty, monkeypatch):
    def refuse(*_, **__):
        raise Conflict("The log of a continues at 0, not at 5.", code="gap")

    monkeypatch.setattr(local.logs, "append", refuse)
    local.run(plan({"a": {"env": {"FAKE_OUTPUT": "hello"}}}))
    assert (local.step("a").reason, local.step("a").attempt) == (Reason.INTERNAL_ERROR, 1)
    assert local.step("a").message.startswith("This machine failed after the command had ended, so it is not run again")


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr("ansflow.engine.runner.BETWEEN_TRIES", (0.001, 0.001))
    monkeypatch.setattr("ansflow.engine.runner.AWAY", 0.001)


class Away:
    """A method of a store that fails the first times."""

    def __init__(self, real, times):
        self.real, self.times, self.called = real, times, 0

    def __call__(self, *args, **more):
        self.called += 1
        if self.called <= self.times:
            raise OSError(28, "No space left on device")
        return self.real(*args, **more)


ONCE = script("mkdir -p dist; echo deployed >> dist/app", artifacts=ArtifactSpec(paths=("dist/",)))


def test_a_store_that_is_away_for_a_moment_after_the_command_costs_nothing(make_local, hasty, monkeypatch):
    local = make_local(executor="host")
    monkeypatch.setattr(local.artifacts, "keep", Away(local.artifacts.keep, 2))
    assert local.run(plan({"a": ONCE})) == {"a": "success"}
    assert [file.path for file in local.step("a").outcome.artifacts] == ["dist/app"]
    assert (local.workspaces.open(1) / "dist/app").read_text() == "deployed\n"


def test_a_store_that_stays_away_ends_the_step_as_our_error_and_the_command_is_not_run_again(
    make_local, hasty, monkeypatch
):
    local = make_local(executor="host")
    monkeypatch.setattr(local.artifacts, "keep", Away(local.artifacts.keep, 99))
    failing = {**ONCE, "run": (*ONCE["run"], "exit 3"), "artifacts": ArtifactSpec(paths=("dist/",), when="always")}
    assert local.run(plan({"a": {**ONCE, "retry": RetryPolicy(max=2)}})) == {"a": "failed"}
    row, told = local.step("a"), "The artifacts were not kept: [Errno 28] No space left on device."
    assert (row.reason, row.message, row.attempt, row.outcome.exit_code) == (Reason.INTERNAL_ERROR, told, 1, 0)
    assert (local.workspaces.open(1) / "dist/app").read_text() == "deployed\n"
    assert local.run(plan({"a": failing})) == {"a": "failed"}
    row = local.step("a")
    assert (row.reason, row.outcome.exit_code, row.outcome.warnings) == (Reason.EXIT_CODE, 3, (told,))


def test_while_the_command_runs_a_log_store_that_is_away_is_waited_for(make_local, hasty, monkeypatch):
    local = make_local(executor="host")
    append = Away(local.logs.append, 20)
    monkeypatch.setattr(local.logs, "append", append)
    go = local.workspaces.open(1) / "go"
    os.mkfifo(go)
    local.execution = local.engine.start(plan({"a": script("echo one", "read word < go", "echo two")}))
    with go.open("w") as pipe:
        while append.called <= 20:
            pass
        pipe.write("now\n")
    assert local.end() == {"a": "success"}
    assert (local.log("a"), local.step("a").attempt) == ("one\ntwo\n", 1)


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_while_the_disk_of_the_logs_is_away_nothing_is_made_in_its_place(
    make_local, hasty, monkeypatch, tmp_path, left
):
    store, away, refused = tmp_path / "store", tmp_path / "store.away", []
    store.mkdir()
    (store / MARK).write_text("its id\n")
    local = make_local(executor="host", logs=FileLogs(store / "logs", mount=Mount(store)))
    append = local.logs.append

    def counted(*args, **more):
        try:
            return append(*args, **more)
        except OSError as error:
            refused.append(error)
            raise

    length = local.logs.length

    def asked(*key):
        try:
            return length(*key)
        except OSError as error:
            refused.append(error)
            raise

    monkeypatch.setattr(local.logs, "append", counted)
    monkeypatch.setattr(local.logs, "length", asked)
    go = local.workspaces.open(1) / "go"
    os.mkfifo(go)
    steps = {"a": script("echo one", "exec 3< go", "read word <&3", "echo two", "read word <&3")}
    local.execution = local.engine.start(plan(steps))
    with go.open("w") as pipe:
        while local.log("a") != "one\n":
            pass
        store.rename(away)
        if left == "an empty folder":
            store.mkdir()
        pipe.write("now\n")
        pipe.flush()
        while len(refused) < 20:
            pass
        assert not store.exists() or list(store.iterdir()) == []
        assert local.step("a").status == "running"
        if left == "an empty folder":
            store.rmdir()
        away.rename(store)
        pipe.write("now\n")
    assert local.end() == {"a": "success"}
    assert (local.log("a"), local.step("a").attempt) == ("one\ntwo\n", 1)
    assert any(isinstance(error, StorageAway) for error in refused)


def test_a_bug_of_ours_while_a_command_runs_stops_it(make_local, monkeypatch):
    local, heard = make_local(executor="host"), []
    begun, told = (local.workspaces.open(1) / name for name in ("begun", "told"))
    os.mkfifo(begun)
    os.mkfifo(told)

    def stumble(*_):
        begun.read_text()  # the command is ready to be stopped
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("ansflow.engine.pump._Copy.all_there_is", stumble)
    hearing = Thread(target=lambda: heard.append(told.read_text()), daemon=True)
    hearing.start()
    local.run(plan({"a": script("trap 'echo stopped > told; exit' TERM", "echo > begun", "sleep 600 & wait")}))
    assert local.step("a").reason is Reason.INTERNAL_ERROR
    hearing.join(30)
    assert heard == ["stopped\n"]


def test_what_goes_wrong_on_the_way_is_told_without_the_secret(make_local, monkeypatch):
    def refuse(*_, **__):
        raise OSError(13, "Permission denied", "dist/swordfish-42")

    local = make_local(executor="host", secrets={"TOKEN": "swordfish-42"})
    monkeypatch.setattr(local.artifacts, "keep", refuse)
    local.run(plan({"a": script("true", secrets=("TOKEN",), artifacts=ArtifactSpec(paths=("dist/",)))}))
    assert "dist/***" in local.step("a").message


def test_a_stop_reaches_the_second_attempt_while_the_first_is_still_being_recorded(local, monkeypatch):
    first, second = (Claimed(execution=1, step="a", attempt=n, fence=n, version=n) for n in (1, 2))
    runner = local.engine.runner
    monkeypatch.setattr(runner, "_carry", lambda live, *, adopt: None)
    runner.carry(first)
    runner.carry(second)
    runner.record(first, None)
    assert runner.carries(Held(1, "a", 2, 2, "local"))
    assert runner.busy() == 1


def test_a_cache_is_saved_by_one_execution_and_restored_by_the_next(make_local):
    local = make_local(executor="host")
    cached = script("test -e deps/lib && echo hit || { mkdir deps; echo x > deps/lib; echo miss; }",
                    cache=(CacheSpec(key="deps-1", paths=("deps",)),))  # fmt: skip
    local.run(plan({"a": cached}))
    assert local.log("a") == "miss\n"
    local.run(plan({"a": cached}))
    assert local.log("a") == "hit\n"


# ── conditions and gates ─────────────────────────────────────────────────────────────────────────────────────────


def test_conditions_read_outputs_and_statuses(make_local):
    local = make_local(executor="host")
    steps = {
        "a": script('echo "go=no" >> "$ANSFLOW_OUTPUT"'),
        "b": script("true", needs="a", condition="steps.a.outputs.go == 'yes'"),
        "c": script("exit 1", needs="a"),
        "d": script("true", needs=[need("c", "finished")], condition="${{ failure() }}"),
        "e": script("true", needs=[need("c", "finished")], condition="success()"),
        "f": script("true", needs=[need("a")], condition="1"),
        "tell": script("true", final=True, condition="failure() && execution.status == 'failed'"),
    }
    assert local.run(plan(steps)) == {
        "a": "success", "b": "skipped", "c": "failed", "d": "success", "e": "skipped", "f": "failed", "tell": "success",
    }  # fmt: skip
    assert "steps.a.outputs.go is 'no'" in local.step("b").message
    assert "must be true or false" in local.step("f").message


def test_a_bug_of_ours_in_a_condition_fails_the_step_and_not_the_run(local, monkeypatch):
    def stumble(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("ansflow.engine.situation._condition", stumble)
    assert local.run(plan({"a": "", "b": {"needs": "a", "condition": "true"}})) == {"a": "success", "b": "failed"}
    told = "AnsFlow itself failed: ZeroDivisionError: division by zero."
    assert (local.step("b").reason, local.step("b").message) == (Reason.INTERNAL_ERROR, told)


def test_a_gate_waits_for_a_person_and_its_fields_reach_the_step(make_local):
    local = make_local(executor="host")
    window = ApprovalField(name="window", options=("now", "tonight"), required=True)
    gate = ApprovalSpec(message="Deploy ${{ 'it' }}?", fields=(window,))
    made = plan({"a": script('test "$ANSFLOW_APPROVAL_WINDOW" = now', approval=gate)})
    local.execution = local.engine.start(made, by="ann")
    assert local.step("a").message == "Deploy it?"
    with pytest.raises(Conflict, match="must be filled in"):
        local.engine.approve(local.execution, "a", by="bob")
    local.engine.approve(local.execution, "a", by="bob", fields={"window": "now"})
    assert local.end() == {"a": "success"}
    with pytest.raises(Conflict, match="does not wait"):
        local.engine.reject(local.execution, "a", by="bob")


def test_the_timer_outlives_a_tick_that_fails(local, monkeypatch, caplog):
    monkeypatch.setattr("ansflow.engine.loop.AGAIN", timedelta(milliseconds=20))
    real, failed = local.engine.store.due, []

    def once(now):
        if not failed:
            failed.append(now)
            raise ConnectionError("the store is away")
        return real(now)

    monkeypatch.setattr(local.engine.store, "due", once)
    assert local.run(plan({"a": {"env": {"FAKE_EXIT_CODE": "1"}, "retry": RetryPolicy(max=1)}})) == {"a": "failed"}
    assert (local.step("a").attempt, "timer stumbled" in caplog.text) == (2, True)


def test_a_gate_expires_by_the_timer(local):
    gate = ApprovalSpec(timeout=timedelta(milliseconds=20), on_timeout="skip")
    assert local.run(plan({"a": {"approval": gate}})) == {"a": "skipped"}


def test_the_name_of_a_concurrency_group_is_evaluated(local):
    shared = {"concurrency": ConcurrencySpec(group="deploy-${{ env.PLACE }}"), "env": {"PLACE": "prod"}}
    assert local.run(plan({"a": shared, "b": shared})) == {"a": "success", "b": "success"}
    assert local.step("b").concurrency == "deploy-prod"


# ── cancel and deadlines ─────────────────────────────────────────────────────────────────────────────────────────


def started(local, key):
    """Follows the execution until the step runs."""
    for event in local.engine.follow(local.execution):
        if getattr(event.fact, "step", "") == key and str(event.fact.status) == "running":
            return


def test_cancel_ends_every_process_and_then_runs_the_final_steps(make_local):
    local = make_local(executor="host")
    steps = {
        "a": script("sleep 600 & echo $! > child", "sleep 600", grace=timedelta(seconds=1)),
        "b": script("true", needs="a"),
        "tell": script("true", final=True),
    }
    child = local.workspaces.open(1) / "child"
    os.mkfifo(child)
    local.execution = local.engine.start(plan(steps))
    pid = int(child.read_text())  # returns when the step has written it
    local.engine.cancel(local.execution, by="ann")
    assert local.end() == {"a": "cancelled", "b": "cancelled", "tell": "success"}
    assert local.engine.state(local.execution).execution.status is ExecutionStatus.CANCELLED
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Conflict):
        local.engine.cancel(local.execution)


def test_who_cancels_twice_does_not_wait_for_the_grace(make_local):
    local = make_local(executor="host")
    stubborn = script("trap '' TERM", "echo $$ > child", "sleep 600", grace=timedelta(seconds=600))
    child = local.workspaces.open(1) / "child"
    os.mkfifo(child)
    local.execution = local.engine.start(plan({"a": stubborn}))
    child.read_text()  # returns when the step has written it
    local.engine.cancel(local.execution, by="ann")
    local.engine.cancel(local.execution, by="ann", immediate=True)
    assert local.end() == {"a": "cancelled"}


def test_an_immediate_cancel_skips_the_final_steps(local):
    local.execution = local.engine.start(plan({"a": {"env": {"FAKE_SLEEP": "600"}}, "tell": {"final": True}}))
    started(local, "a")
    local.engine.cancel(local.execution, immediate=True)
    assert local.end() == {"a": "cancelled", "tell": "cancelled"}


def test_an_execution_and_a_group_run_out_of_time_by_the_timer(local):
    slow = {"env": {"FAKE_SLEEP": "600"}}
    local.run(plan({"a": slow}, timeout=timedelta(milliseconds=50)))
    assert local.engine.state(local.execution).execution.status is ExecutionStatus.TIMEOUT
    group = Bundle(name="g", keys=("a",), timeout=timedelta(milliseconds=50))
    local.run(plan({"a": slow}, bundles=[group]))
    assert local.step("a").reason is Reason.TIMEOUT
    assert local.engine.state(local.execution).execution.status is ExecutionStatus.FAILED


def test_a_stop_that_comes_before_the_start_prevents_it(local, monkeypatch):
    reached, go_on = Event(), Event()
    real = local.workspaces.open

    def slowly(execution):
        reached.set()
        go_on.wait(10)
        return real(execution)

    monkeypatch.setattr(local.workspaces, "open", slowly)
    local.execution = local.engine.start(plan({"a": {"env": {"FAKE_OUTPUT": "ran"}}}))
    assert reached.wait(10)
    local.engine.cancel(local.execution, by="ann")
    go_on.set()
    assert local.end() == {"a": "cancelled"}
    assert (local.step("a").message, local.log("a")) == ("Cancelled by ann.", "")


def test_a_stop_for_an_attempt_that_is_over_is_not_kept(local):
    local.run(plan({"a": ""}))
    runner, row = local.engine.runner, local.step("a")
    local.threads.close()
    runner.stop(local.execution, Stop("a", row.attempt, row.fence, runner.boot))
    assert not runner._early


def test_a_step_type_that_ends_the_process_ends_its_step_only(local, monkeypatch):
    def leave(*_):
        raise SystemExit("enough")

    monkeypatch.setattr("ansflow.steps.custom.Custom.conclude", leave)
    assert local.run(plan({"a": "", "b": {"needs": [need("a", "failed")]}})) == {"a": "failed", "b": "failed"}
    assert local.step("a").message == "AnsFlow itself failed: SystemExit: enough."


def test_in_a_run_without_faults_nothing_is_repaired(local):
    local.engine.open()
    for _ in range(3):
        local.run(plan({f"s{n}": "" for n in range(20)}))
        local.engine.beat()
    assert not any(local.engine.recovery.repairs.values())
