"""What holds of every plan, tried on random specs; and what a plan costs, counted."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core import codec, graph
from ansflow.core.compile import check, compile_plan
from ansflow.core.matrix import legs
from ansflow.core.plan import Bundle, Plan
from ansflow.core.spec import (
    NEED_STATUSES,
    GlobSet,
    GroupSpec,
    MatrixSpec,
    Need,
    PipelineSpec,
    StepSpec,
    Trigger,
    WhenRule,
)
from ansflow.core.status import Reason, StepStatus

EVENTS = ("push", "manual", "tag")
scalars = st.sampled_from(["3.10", "linux", "a b", 'q"', 1, 2.5, True, None, "日本", "x" * 70])
globs = st.builds(GlobSet, include=st.lists(st.sampled_from(["main", "dev/*", "**"]), max_size=2).map(tuple))
events = st.builds(GlobSet, include=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2).map(tuple))
rules = st.builds(
    WhenRule, event=st.none() | events, branch=st.none() | globs, path=st.none() | globs, author=st.none() | globs
)
statuses = st.just(frozenset({"success"})) | st.frozensets(st.sampled_from(NEED_STATUSES), min_size=1, max_size=2)
matrices = st.builds(
    MatrixSpec,
    axes=st.dictionaries(
        st.sampled_from(["os", "python", "arch"]), st.lists(scalars, min_size=1, max_size=3, unique=True).map(tuple),
        min_size=1, max_size=2,
    ),
    include=st.lists(st.dictionaries(st.sampled_from(["os", "extra"]), scalars, min_size=1), max_size=2).map(tuple),
    fail_fast=st.booleans(),
    max_parallel=st.none() | st.integers(1, 3),
)  # fmt: skip
triggers = st.builds(
    Trigger,
    event=st.sampled_from(EVENTS),
    branch=st.sampled_from(["", "main", "dev/x"]),
    author=st.sampled_from(["", "main"]),
    changed=st.none() | st.lists(st.sampled_from(["main", "dev/a", "x/y"]), max_size=2).map(tuple),
)


@st.composite
def specs(draw: st.DrawFn) -> PipelineSpec:
    names = [f"s{at}" for at in range(draw(st.integers(1, 9)))]
    grouped = {name: draw(st.sampled_from(["", "", "g"])) for name in names}
    steps = {name: draw(_step(name, names[:at], grouped)) for at, name in enumerate(names)}
    order = draw(st.permutations(names))
    final = {"end": replace(draw(_step("end", names, {**grouped, "end": ""})), group="")} if draw(st.booleans()) else {}
    groups = {"g": GroupSpec(name="g", join=draw(st.sampled_from(["wait_all", "wait_any", "fail_fast"])))}
    return PipelineSpec(
        steps={name: steps[name] for name in order},
        final_steps=final,
        groups=groups if "g" in grouped.values() else {},
        max_parallel=draw(st.integers(1, 9)),
    )


@st.composite
def _step(draw: st.DrawFn, name: str, before: list[str], grouped: Mapping[str, str]) -> StepSpec:
    group = [] if grouped[name] or "g" not in grouped.values() else ["g"]
    chosen = draw(st.lists(st.sampled_from([*before, *group, "nowhere"]), max_size=3, unique=True))
    if name == "end" and draw(st.booleans()):
        chosen = group
    needs = tuple(
        Need(step=one, statuses=draw(statuses), optional=one == "nowhere" or draw(st.booleans()),
             same_matrix=draw(st.booleans()))
        for one in chosen
    )  # fmt: skip
    return StepSpec(
        id=name,
        run=("true",),
        group=grouped[name],
        needs=needs,
        when=draw(st.none() | st.lists(rules, max_size=2).map(tuple)),
        condition=draw(st.sampled_from(["", "", "always()", "failure()", "git.branch == 'main'"])),
        matrix=draw(st.none() | matrices),
        parallel=draw(st.sampled_from([0, 0, 0, 2])),
    )


def compiled(spec: PipelineSpec, trigger: Trigger) -> Plan:
    return compile_plan(spec, digest="d", trigger=trigger, inputs={})


def is_sound(spec: PipelineSpec) -> bool:
    return check(spec) == []


def test_what_holds_of_every_plan(count: Callable[[str, int], None]) -> None:
    tried: Counter[str] = Counter()

    @settings(
        max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    @given(specs().filter(is_sound), triggers)
    def holds(spec: PipelineSpec, trigger: Trigger) -> None:
        plan = compiled(spec, trigger)
        every_need_exists_and_nothing_waits_for_itself(plan)
        keys_are_unique_stable_and_in_the_order_of_the_file(spec, plan)
        every_skip_is_explained_and_necessary(plan)
        bundles_and_their_members_know_each_other(plan)
        assert codec.load(Plan, json.loads(json.dumps(codec.dump(plan)))) == plan
        assert json.dumps(codec.dump(compiled(spec, trigger))) == json.dumps(codec.dump(plan))
        tried.update({"random plans compiled": 1, "random steps compiled": len(plan.steps)})

    holds()
    for name, number in tried.items():
        count(name, number)


def every_need_exists_and_nothing_waits_for_itself(plan: Plan) -> None:
    edges = {key: [need.key for need in step.needs] for key, step in plan.steps.items()}
    assert all(need in plan.steps for needs in edges.values() for need in needs)
    assert graph.cycles(edges) == []
    for step in plan.steps.values():
        if not step.final:
            assert not any(plan.steps[need.key].final for need in step.needs)


def keys_are_unique_stable_and_in_the_order_of_the_file(spec: PipelineSpec, plan: Plan) -> None:
    steps = [*spec.steps.values(), *spec.final_steps.values()]
    assert list(plan.steps) == [leg.name for step in steps for leg in legs(step)]
    assert [step.index for step in plan.steps.values()] == list(range(len(plan.steps)))
    assert all(key == step.key and key.isprintable() and len(key) < 400 for key, step in plan.steps.items())


def every_skip_is_explained_and_necessary(plan: Plan) -> None:
    for step in plan.steps.values():
        lost = [name for name, need in needs_of(plan, step.key).items() if not may_hold(plan, need)]
        if step.skip is None:
            assert not lost
            continue
        assert step.skip.message.endswith(".")
        assert step.skip.message[0].isupper() or step.skip.message.startswith("`when`")
        if step.skip.reason is Reason.UPSTREAM_SKIPPED:
            assert any(name in step.skip.message for name in lost)
        else:
            assert step.skip.reason is Reason.NOT_SELECTED


def needs_of(plan: Plan, key: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for need in plan.steps[key].needs:
        found.setdefault(need.group or need.key, []).append(need)
    return found


def may_hold(plan: Plan, edges: list[Any]) -> bool:
    """Told by trying: some ends of the members that can still run give the need one of its statuses."""
    if all(edge.optional for edge in edges) or edges[0].statuses & {"finished", "skipped"}:
        return True
    return any(plan.steps[edge.key].skip is None for edge in edges)


def bundles_and_their_members_know_each_other(plan: Plan) -> None:
    assert {(name, key) for name, bundle in plan.bundles.items() for key in bundle.keys} == {
        (name, step.key) for step in plan.steps.values() for name in step.bundles
    }
    for step in plan.steps.values():
        assert all(need.group in ("", *plan.steps[need.key].bundles) for need in step.needs)


@given(st.lists(st.sampled_from(StepStatus), min_size=1, max_size=5), st.sampled_from(["wait_all", "wait_any"]))
def test_the_status_of_a_bundle_is_certain_once_it_is_told(found: list[StepStatus], join: str) -> None:
    """Whatever the open members still become, a status that was told stays."""
    bundle = Bundle(name="g", keys=(), join=join)
    told = bundle.status(found)
    if told is not None:
        final = [StepStatus.SUCCESS, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED]
        for end in final:
            assert bundle.status([end if status not in final else status for status in found]) is told


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def chain(size: int) -> PipelineSpec:
    steps = {"s0": StepSpec(id="s0", run=("true",))}
    for at in range(1, size):
        needs = (Need(step=f"s{at - 1}"), Need(step=f"s{at // 2}", optional=True))
        steps[f"s{at}"] = StepSpec(id=f"s{at}", run=("true",), needs=needs if at > 2 else needs[:1])
    return PipelineSpec(steps=steps)


def fan(size: int) -> PipelineSpec:
    rule = (WhenRule(branch=GlobSet(include=("main",))),)
    steps = {"a": StepSpec(id="a", run=("true",)), "z": StepSpec(id="z", run=("true",), needs=(Need(step="g"),))}
    for at in range(size - 2):
        steps[f"s{at}"] = StepSpec(
            id=f"s{at}", run=("echo ${{ steps.a.status }}",), group="g", needs=(Need(step="a"),), when=rule
        )
    return PipelineSpec(steps=steps, groups={"g": GroupSpec(name="g")})


def same(size: int) -> PipelineSpec:
    axes = MatrixSpec(axes={"n": tuple(range(size // 2))})
    need = Need(step="a", same_matrix=True)
    steps = [StepSpec(id="a", run=("true",), matrix=axes), StepSpec(id="b", run=("true",), matrix=axes, needs=(need,))]
    return PipelineSpec(steps={step.id: step for step in steps})


def operations(make: Callable[[int], PipelineSpec], size: int) -> int:
    """Function calls made by compiling: the same on every machine, unlike seconds."""
    spec, calls = make(size), 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        plan = compiled(spec, Trigger(event="push", branch="main"))
    finally:
        sys.setprofile(None)
    assert len(plan.steps) == size
    return calls


@pytest.mark.parametrize("make", [chain, fan, same])
def test_a_plan_of_ten_times_the_steps_costs_about_ten_times_as_much(make: Callable[[int], PipelineSpec]) -> None:
    operations(make, 10)  # what is cached is cached
    assert operations(make, 10_000) < 12 * operations(make, 1_000)
