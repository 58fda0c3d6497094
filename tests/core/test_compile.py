"""Spec + trigger + inputs → Plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansflow.core.compile import check, compile_plan
from ansflow.core.errors import InvalidSpec
from ansflow.core.plan import Plan
from ansflow.core.spec import (
    ApprovalField,
    ApprovalSpec,
    ArtifactSpec,
    EnvironmentSpec,
    GlobSet,
    GroupSpec,
    InputSpec,
    MatrixSpec,
    Need,
    PipelineSpec,
    StepSpec,
    Trigger,
    WhenRule,
)
from ansflow.core.status import Reason

PYTHONS = MatrixSpec(axes={"python": ("3.11", "3.12")})
ON_PUSH = (WhenRule(event=GlobSet(include=("push",))),)
SKIPPED_HERE = "`when` wants event push, but the event is manual."


def step(name: str, *needs: str | Need, **more: Any) -> StepSpec:
    edges = tuple(need if isinstance(need, Need) else Need(step=need) for need in needs)
    return StepSpec(id=name, run=("true",), needs=edges, **more)


def pipeline(*steps: StepSpec, final: Sequence[StepSpec] = (), **more: Any) -> PipelineSpec:
    return PipelineSpec(steps={s.id: s for s in steps}, final_steps={s.id: s for s in final}, **more)


def planned(*steps: StepSpec, trigger: Trigger | None = None, inputs: Mapping[str, Any] | None = None,
            only: Sequence[str] = (), with_needs: bool = True, **more: Any) -> Plan:  # fmt: skip
    spec = pipeline(*steps, inputs={name: InputSpec(name=name) for name in inputs or {}}, **more)
    trigger = trigger or Trigger(event="manual", changed=())
    return compile_plan(spec, digest="d", trigger=trigger, inputs=inputs or {}, only=only, with_needs=with_needs)


def needs(plan: Plan, key: str) -> list[str]:
    return [need.key for need in plan.steps[key].needs]


def skipped(plan: Plan) -> dict[str, tuple[Reason, str]]:
    return {key: (s.skip.reason, s.skip.message) for key, s in plan.steps.items() if s.skip}


def codes(spec: PipelineSpec) -> list[str]:
    return [problem.code for problem in check(spec)]


# ── legs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_without_matrix_is_planned_under_its_own_id() -> None:
    plan = planned(step("source"), step("unit", "source"))
    assert list(plan.steps) == ["source", "unit"]
    assert [s.index for s in plan.steps.values()] == [0, 1]
    assert needs(plan, "unit") == ["source"]
    assert plan.bundles == {}


def test_a_matrix_makes_a_leg_for_each_combination_and_a_bundle_of_them() -> None:
    plan = planned(step("unit", matrix=MatrixSpec(axes={"os": ("linux", "mac"), "python": ("3.11",)}, max_parallel=1)))
    assert list(plan.steps) == ["unit (os=linux, python=3.11)", "unit (os=mac, python=3.11)"]
    assert plan.steps["unit (os=mac, python=3.11)"].matrix == {"os": "mac", "python": "3.11"}
    assert plan.bundles["unit"].keys == tuple(plan.steps)
    assert plan.bundles["unit"].join == "fail_fast"
    assert plan.bundles["unit"].max_parallel == 1
    assert plan.steps["unit (os=mac, python=3.11)"].bundles == ("unit",)


def test_shards_are_numbered_and_know_how_many_they_are() -> None:
    plan = planned(step("unit", parallel=3))
    assert list(plan.steps) == ["unit (1/3)", "unit (2/3)", "unit (3/3)"]
    assert plan.env_of("unit (2/3)") == {"ANSFLOW_SHARD": "2", "ANSFLOW_SHARDS": "3"}
    assert plan.bundles["unit"].join == "wait_all"


def test_env_is_merged_from_the_pipeline_to_the_step() -> None:
    plan = planned(step("unit", env={"B": "step", "C": "step"}), env={"A": "file", "B": "file"})
    assert plan.env_of("unit") == {"A": "file", "B": "step", "C": "step"}


# ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_needing_a_matrix_step_means_all_its_legs() -> None:
    plan = planned(step("unit", matrix=PYTHONS), step("ship", "unit"))
    assert needs(plan, "ship") == ["unit (python=3.11)", "unit (python=3.12)"]
    assert {need.group for need in plan.steps["ship"].needs} == {"unit"}


def test_matrix_to_matrix_joins_every_leg_with_every_leg() -> None:
    plan = planned(step("a", matrix=PYTHONS), step("b", "a", matrix=PYTHONS))
    assert needs(plan, "b (python=3.11)") == ["a (python=3.11)", "a (python=3.12)"]


def test_matrix_same_joins_the_legs_with_equal_values_on_the_shared_axes() -> None:
    wide = MatrixSpec(axes={"os": ("linux", "mac"), "python": ("3.11", "3.12")})
    plan = planned(step("a", matrix=wide), step("b", Need(step="a", same_matrix=True), matrix=PYTHONS))
    assert needs(plan, "b (python=3.12)") == ["a (os=linux, python=3.12)", "a (os=mac, python=3.12)"]


def test_needing_a_group_means_its_steps_with_the_groups_join() -> None:
    plan = planned(
        step("unit", group="tests", matrix=PYTHONS),
        step("lint", group="tests"),
        step("ship", "tests"),
        groups={"tests": GroupSpec(name="tests", join="wait_any", max_parallel=2)},
    )
    assert needs(plan, "ship") == ["unit (python=3.11)", "unit (python=3.12)", "lint"]
    assert plan.bundles["tests"].join == "wait_any"
    assert plan.bundles["tests"].keys == ("unit (python=3.11)", "unit (python=3.12)", "lint")
    assert plan.steps["unit (python=3.11)"].bundles == ("unit", "tests")


def test_a_step_whose_if_asks_for_a_status_waits_for_any_end() -> None:
    plan = planned(step("unit"), step("tell", "unit", condition="failure() || cancelled()"))
    assert plan.steps["tell"].needs[0].statuses == {"finished"}


def test_an_optional_need_of_nothing_is_passed_over_with_a_note() -> None:
    plan = planned(step("ship", Need(step="scan", optional=True)))
    assert needs(plan, "ship") == []
    assert [note.code for note in plan.notes] == ["missing_need"]


# ── skips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_skip_says_what_was_wanted_and_what_was_there() -> None:
    plan = planned(step("scan", when=ON_PUSH))
    assert skipped(plan) == {"scan": (Reason.NOT_SELECTED, SKIPPED_HERE)}


def test_a_skip_goes_on_to_whatever_needs_it_and_names_its_cause() -> None:
    plan = planned(step("scan", when=ON_PUSH), step("pack", "scan"), step("ship", "pack"))
    assert skipped(plan)["pack"] == (Reason.UPSTREAM_SKIPPED, f"It needs scan, which is skipped: {SKIPPED_HERE}")
    assert skipped(plan)["ship"] == (
        Reason.UPSTREAM_SKIPPED,
        f"It needs pack, which is skipped because of scan: {SKIPPED_HERE}",
    )


@pytest.mark.parametrize(
    "need",
    [
        Need(step="scan", optional=True),
        Need(step="scan", statuses=frozenset({"skipped"})),
        Need(step="scan", statuses=frozenset({"finished"})),
    ],
)
def test_a_skip_stops_at_a_need_that_allows_it(need: Need) -> None:
    plan = planned(step("scan", when=ON_PUSH), step("ship", need))
    assert list(skipped(plan)) == ["scan"]


def test_a_skip_stops_at_a_step_that_asks_for_the_status_itself() -> None:
    plan = planned(step("scan", when=ON_PUSH), step("tell", "scan", condition="always()"))
    assert list(skipped(plan)) == ["scan"]


def test_a_group_is_skipped_only_when_all_its_steps_are() -> None:
    groups = {"tests": GroupSpec(name="tests")}
    one = planned(step("a", group="tests", when=ON_PUSH), step("b", group="tests"), step("c", "tests"), groups=groups)
    assert list(skipped(one)) == ["a"]
    both = planned(
        step("a", group="tests", when=ON_PUSH),
        step("b", group="tests", when=ON_PUSH),
        step("c", "tests"),
        groups=groups,
    )
    assert skipped(both)["c"] == (
        Reason.UPSTREAM_SKIPPED,
        f"It needs tests, all of which is skipped: {SKIPPED_HERE}",
    )


def test_paths_that_nobody_knows_count_as_changed_and_the_plan_says_so() -> None:
    rule = (WhenRule(path=GlobSet(include=("**/*.py",))),)
    plan = planned(step("scan", when=rule), trigger=Trigger(event="manual", changed=None))
    assert skipped(plan) == {}
    assert [note.code for note in plan.notes] == ["unknown_changes"]
    known = planned(step("scan", when=rule), trigger=Trigger(event="push", changed=("README.md",)))
    assert skipped(known)["scan"][1] == "`when` wants a change in **/*.py, but what changed is README.md."


def test_only_runs_the_chosen_step_and_what_it_needs() -> None:
    steps = (step("source"), step("unit", "source"), step("lint", "source"))
    plan = planned(*steps, only=["unit"], final=[step("tell")])
    assert skipped(plan) == {
        "lint": (Reason.NOT_SELECTED, "Other steps were chosen to run."),
        "tell": (Reason.NOT_SELECTED, "Other steps were chosen to run."),
    }


def test_only_without_needs_runs_the_chosen_step_alone() -> None:
    plan = planned(step("source"), step("unit", "source"), only=["unit"], with_needs=False)
    assert list(skipped(plan)) == ["source"]


def test_only_refuses_a_step_that_is_not_there() -> None:
    with pytest.raises(InvalidSpec, match=r"There is no step 'unti' to run\. Did you mean 'unit'\?"):
        planned(step("unit"), only=["unti"])


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cycle_is_told_with_its_path() -> None:
    [problem] = check(pipeline(step("a", "b"), step("b", "a")))
    assert problem.code == "cycle"
    assert problem.message == "These steps wait for each other: a → b → a."
    assert problem.path == ("steps", "a", "needs")


def test_a_cycle_through_a_group_names_the_group() -> None:
    groups = {"tests": GroupSpec(name="tests")}
    [problem] = check(pipeline(step("a", "b", group="tests"), step("b", "tests"), groups=groups))
    assert problem.message == "These steps wait for each other: a → b → tests → a."


def test_an_unknown_need_is_told_with_the_nearest_step() -> None:
    [problem] = check(pipeline(step("source"), step("unit", "sorce")))
    assert problem.path == ("steps", "unit", "needs", 0)
    assert str(problem) == "unit needs 'sorce', and there is no such step. Did you mean 'source'?"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (pipeline(step("a", "a")), "self_need"),
        (pipeline(step("a", "g", group="g"), groups={"g": GroupSpec(name="g")}), "self_need"),
        (pipeline(step("a", "end"), final=[step("end")]), "needs_final"),
        (pipeline(step("a"), final=[step("a")]), "duplicate_id"),
        (pipeline(step("a", group="a"), groups={"a": GroupSpec(name="a")}), "duplicate_id"),
        (pipeline(step("a"), groups={"g": GroupSpec(name="g")}), "unused_group"),
        (pipeline(step("a", group="g")), "unknown_group"),
        (pipeline(step("a", matrix=MatrixSpec(axes={"x": ()}))), "empty_axis"),
        (pipeline(step("a", matrix=MatrixSpec(axes={"x": (1,)}, exclude=({"x": 1},)))), "no_legs"),
        (pipeline(step("a", matrix=MatrixSpec(axes={"x": (1,)}, exclude=({"y": 1},)))), "unknown_axis"),
        (pipeline(step("a", matrix=MatrixSpec(axes={"x": (1, "1")}))), "same_leg"),
        (
            pipeline(
                step("a", matrix=PYTHONS),
                step("b", Need(step="a", same_matrix=True), matrix=MatrixSpec(axes={"python": ("3.12", "3.13")})),
            ),
            "no_same_leg",
        ),
        (pipeline(step("a", parallel=10_001)), "too_many_steps"),
        (pipeline(step("a", matrix=MatrixSpec(axes={"x": ("${{ inputs.x }}",)}))), "not_literal"),
        (pipeline(step("a", condition="sucess()")), "bad_expression"),
        (pipeline(step("a", condition="git.branch")), "bad_expression"),
        (pipeline(step("a", condition="${{ success() }} && always()")), "bad_expression"),
        (pipeline(step("a", condition="hash_files('*') == ''")), "bad_expression"),
        (pipeline(step("a", env={"A": "${{ git.brunch }}"})), "bad_expression"),
        (pipeline(step("a", env={"A": "${{ env.B }}"})), "bad_expression"),
        (pipeline(step("a", env={"A": "${{ matrix.python }}"})), "bad_expression"),
        (pipeline(step("a", env={"A": "${{ 1 + }}"})), "bad_expression"),
        (pipeline(step("a", env={"A": "${{ failure() }}"})), "bad_expression"),
        (pipeline(step("a"), env={"A": "${{ inputs.x }}"}), "bad_expression"),
        (pipeline(step("a"), step("b", condition="steps.a.status == 'failed'")), "not_needed"),
        (pipeline(step("a", condition="steps.a.status == 'failed'")), "not_needed"),
        (pipeline(step("a"), step("b", "a", condition="steps.a.outputs.version == '1'")), "bad_expression"),
        (pipeline(step("a"), step("b", "a", condition="steps.c.status == 'failed'")), "bad_expression"),
        (pipeline(step("a", parallel=1000), step("b", "a", parallel=1000)), "too_many_edges"),
        (pipeline(step("a", when=(WhenRule(branch=GlobSet(include=("[a",))),))), "bad_glob"),
        (pipeline(step("a", when=(WhenRule(event=GlobSet(include=("psuh",))),))), "unknown_event"),
        (pipeline(step("a", when=(WhenRule(inputs={"x": GlobSet(include=("1",))}),))), "unknown_input"),
        (pipeline(step("a", artifacts=ArtifactSpec(paths=("{a",)))), "bad_glob"),
        (pipeline(step("a", approval=ApprovalSpec(users=("ann",), required=2))), "bad_approval"),
        (pipeline(step("a", approval=ApprovalSpec(required=0))), "bad_approval"),
        (pipeline(step("a", approval=ApprovalSpec(on_timeout="approve"))), "bad_approval"),
        (pipeline(step("a", approval=ApprovalSpec(fields=(ApprovalField(name="f", type="choice"),)))), "bad_approval"),
        (pipeline(step("a"), inputs={"n": InputSpec(name="n", type="choice")}), "bad_input"),
        (pipeline(step("a"), inputs={"n": InputSpec(name="n", type="number", default="x")}), "bad_input"),
        (pipeline(step("a"), inputs={"n": InputSpec(name="n", pattern="(")}), "bad_pattern"),
    ],
)
def test_what_is_wrong_with_the_whole_is_found_and_nothing_else(spec: PipelineSpec, code: str) -> None:
    assert codes(spec) == [code]


def test_a_script_that_would_execute_a_value_is_refused_at_its_place() -> None:
    [problem] = check(pipeline(StepSpec(id="a", run=("true", "eval ${{ git.branch }}"))))
    assert problem.code == "unsafe_value"
    assert problem.path == ("steps", "a", "run")


def test_what_an_expression_may_read_is_what_has_ended_when_the_step_starts() -> None:
    spec = pipeline(
        step("build", outputs=("version",)),
        step("unit", "build", matrix=PYTHONS, group="tests", environment=EnvironmentSpec(name="test")),
        step(
            "ship",
            "tests",
            condition="success() && steps.build.outputs.version != ''",
            env={
                "A": "${{ steps.unit.status }} ${{ steps['unit (python=3.11)'].status }} ${{ steps.tests.status }}",
                "B": "${{ event.payload.anything.at.all }} ${{ vars.ANY }} ${{ env.A }} ${{ execution.id }}",
                "C": "${{ inputs.dry ? git.tag : git.branch }}",
            },
        ),
        step("lint", group="tests"),
        final=[step("tell", env={"A": "${{ steps.ship.status }} ${{ steps.build.outputs.version }}"})],
        groups={"tests": GroupSpec(name="tests")},
        inputs={"dry": InputSpec(name="dry", type="boolean")},
    )
    assert check(spec) == []


def test_a_script_with_expressions_is_planned_with_variables_in_their_place() -> None:
    plan = planned(StepSpec(id="a", run=("echo ${{ git.branch }}", "true"), env={"A": "1"}))
    assert plan.specs["a"].run == ('echo "${ANSFLOW_VALUE_1}"\ntrue',)
    assert plan.env_of("a") == {"A": "1", "ANSFLOW_VALUE_1": "${{ git.branch }}"}


# ── queues ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_waits_in_the_queue_that_runs_on_comes_to() -> None:
    arm = MatrixSpec(axes={"arch": ("arm", "amd")})
    plan = planned(
        step("a"),
        step("b", runs_on="gpu"),
        step("c", runs_on="${{ matrix.arch }}-${{ inputs.size }}", matrix=arm),
        step("d", runs_on="${{ git.branch == 'main' ? 'fast' : '' }}"),
        inputs={"size": "big"},
        trigger=Trigger(event="manual", branch="dev", changed=()),
    )
    assert {key: plan.queue_of(key) for key in plan.steps} == {
        "a": "default",
        "b": "gpu",
        "c (arch=arm)": "arm-big",
        "c (arch=amd)": "amd-big",
        "d": "default",
    }


@pytest.mark.parametrize("written", ["a b", "-x", "x" * 101, "gpu;drop", "grün", "a\n"])
def test_a_queue_is_named_in_letters_digits_and_three_signs(written: str) -> None:
    assert codes(pipeline(step("a", runs_on=written))) == ["bad_queue"]
    with pytest.raises(InvalidSpec, match="names no queue of workers") as refused:
        planned(step("a", runs_on="${{ inputs.queue }}"), inputs={"queue": written})
    assert refused.value.problems[0].path == ("steps", "a", "runs_on")


@pytest.mark.parametrize("written", ["${{ steps.a.outputs.q }}", "${{ execution.id }}", "${{ env.Q }}"])
def test_a_queue_that_only_the_run_can_tell_is_refused(written: str) -> None:
    spec = pipeline(step("a", outputs=("q",)), step("b", "a", runs_on=written, env={"Q": "x"}))
    (problem,) = check(spec)
    assert (problem.code, problem.path) == ("known_too_late", ("steps", "b", "runs_on"))
    assert "only the run can tell" in problem.message and "inputs" in problem.hint


def test_the_queue_of_a_step_that_will_not_run_is_not_asked_for() -> None:
    plan = planned(step("a", runs_on="${{ inputs.queue }}", when=ON_PUSH), inputs={"queue": "a b"})
    assert plan.steps["a"].queue == ""
