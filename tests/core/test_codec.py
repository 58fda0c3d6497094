"""The stored form of plans, events and outcomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansflow.core import codec
from ansflow.core.errors import InvalidSpec
from ansflow.core.events import Event, ExecutionChanged, StepChanged
from ansflow.core.outcome import Coverage, FailedTest, Outcome, TestSummary
from ansflow.core.plan import Plan, PlannedNeed, PlannedStep, Skip
from ansflow.core.spec import AllowFailure, RetryCause, RetryPolicy, StepSpec, Trigger
from ansflow.core.status import ExecutionStatus, Reason, StepStatus


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    name: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    flag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    leaf: Leaf
    colour: Colour = Colour.RED
    either: Leaf | Other | None = None
    numbers: tuple[int, ...] = ()
    pair: tuple[str, float] = ("", 0.0)
    words: frozenset[str] = frozenset()
    by_name: Mapping[str, Leaf] = field(default_factory=dict)
    scalar: str | int | float | bool | None = None
    wait: timedelta = timedelta(minutes=1)
    at: datetime | None = None
    free: Any = None
    below: tuple[Tree, ...] = ()


leaves = st.builds(Leaf, name=st.text(), size=st.integers())
finite = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
trees = st.recursive(
    st.builds(
        Tree,
        leaf=leaves,
        colour=st.sampled_from(Colour),
        either=st.none() | leaves | st.builds(Other, flag=st.booleans()),
        numbers=st.lists(st.integers(), max_size=3).map(tuple),
        pair=st.tuples(st.text(), finite),
        words=st.frozensets(st.text(), max_size=4),
        by_name=st.dictionaries(st.text(), leaves, max_size=3),
        scalar=st.none() | st.text() | st.integers() | finite | st.booleans(),
        wait=st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)),
        at=st.none() | st.datetimes(timezones=st.just(UTC)),
        free=plain,
    ),
    lambda inner: st.builds(Tree, leaf=leaves, below=st.lists(inner, max_size=2).map(tuple)),
    max_leaves=3,
)


@given(trees)
def test_what_was_dumped_loads_as_the_same_value_through_json(tree: Tree) -> None:
    text = json.dumps(codec.dump(tree), allow_nan=False)
    assert codec.load(Tree, json.loads(text)) == tree


def test_an_event_says_which_fact_it_holds() -> None:
    event = Event(
        execution=7,
        seq=3,
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        fact=StepChanged(
            step="unit",
            status=StepStatus.FAILED,
            attempt=1,
            reason=Reason.EXIT_CODE,
            message="The command ended with exit code 1.",
            outcome=Outcome(
                status=StepStatus.FAILED,
                reason=Reason.EXIT_CODE,
                exit_code=1,
                tests=TestSummary(total=2, failed=1, failing=(FailedTest(name="adds"),)),
                coverage=Coverage(lines_covered=1, lines_valid=3),
            ),
        ),
    )
    data = codec.dump(event)
    assert data["at"] == "2026-01-02T03:04:05+00:00"
    assert data["fact"]["$"] == "StepChanged"
    assert codec.load(Event, data) == event


def test_the_other_kind_of_fact_loads_as_itself() -> None:
    fact = ExecutionChanged(status=ExecutionStatus.SUCCESS)
    event = Event(execution=1, seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), fact=fact)
    assert codec.load(Event, codec.dump(event)).fact == fact


def test_empty_defaults_are_left_out_and_defaults_that_say_something_are_written() -> None:
    data = codec.dump(StepSpec(id="unit"))
    assert data["timeout"] == 3600
    assert data["retry"]["delay"] == 1
    assert "needs" not in data
    assert "when" not in data


def test_never_and_always_stay_apart() -> None:
    assert codec.load(StepSpec, codec.dump(StepSpec(id="a", when=()))).when == ()
    assert codec.load(StepSpec, codec.dump(StepSpec(id="a", when=None))).when is None


def test_an_unknown_field_is_refused_with_its_place_and_the_nearest_one() -> None:
    with pytest.raises(InvalidSpec) as caught:
        codec.load(Tree, {"leaf": {"name": "x", "sise": 1}})
    [problem] = caught.value.problems
    assert problem.path == ("leaf", "sise")
    assert str(problem) == "leaf.sise: Leaf has no field 'sise'. Did you mean 'size'?"


@pytest.mark.parametrize(
    ("data", "path", "says"),
    [
        ({}, (), "the value: Tree needs the field 'leaf'."),
        ({"leaf": {}}, ("leaf",), "leaf: Leaf needs the field 'name'."),
        ([], (), "the value: wants a map (Tree), not a list."),
        ({"leaf": {"name": 3}}, ("leaf", "name"), "wants text, not 3."),
        ({"leaf": {"name": "x", "size": True}}, ("leaf", "size"), "wants a whole number, not true."),
        ({"leaf": {"name": "x"}, "colour": "green"}, ("colour",), "'green' is no Colour. Known: red, blue"),
        ({"leaf": {"name": "x"}, "numbers": [1, "2"]}, ("numbers", 1), "numbers.1: wants a whole number, not '2'."),
        ({"leaf": {"name": "x"}, "by_name": {"a": {}}}, ("by_name", "a"), "by_name.a: Leaf needs the field 'name'."),
        ({"leaf": {"name": "x"}, "pair": ["a"]}, ("pair",), "wants a list of 2"),
        ({"leaf": {"name": "x"}, "either": {"$": "Nix"}}, ("either",), "is one of Leaf, Other, not 'Nix'."),
        ({"leaf": {"name": "x"}, "at": "yesterday"}, ("at",), "wants a time such as"),
        ({"leaf": {"name": "x"}, "at": "2026-01-01T00:00:00"}, ("at",), "has no time zone."),
        ({"leaf": {"name": "x"}, "wait": float("inf")}, ("wait",), "wants a finite number"),
        ({"leaf": {"name": "x"}, "wait": 1e300}, ("wait",), "more than a duration can hold"),
    ],
)
def test_what_does_not_fit_is_told_with_its_path(data: Any, path: tuple[str | int, ...], says: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        codec.load(Tree, data)
    [problem] = caught.value.problems
    assert problem.path == path
    assert says in str(problem)


@pytest.mark.parametrize("value", [float("nan"), {1: "x"}, {"a": [object()]}, b"bytes", timedelta(1)])
def test_what_json_cannot_hold_is_refused_when_it_is_written(value: Any) -> None:
    with pytest.raises(InvalidSpec):
        codec.dump(Tree(leaf=Leaf(name="x"), free=value))


def test_a_time_without_zone_is_refused_when_it_is_written() -> None:
    with pytest.raises(InvalidSpec, match="at: a time without a time zone"):
        codec.dump(Tree(leaf=Leaf(name="x"), at=datetime(2026, 1, 1)))


def test_a_plan_of_10_000_steps_survives_the_round_trip() -> None:
    spec = StepSpec(
        id="unit",
        run=("make",),
        retry=RetryPolicy(max=2, on=(RetryCause(kind="exit_code", code=75),)),
        allow_failure=AllowFailure(exit_codes=frozenset({3, 1})),
    )
    steps = {
        f"s{at}": PlannedStep(
            key=f"s{at}",
            step_id="unit",
            index=at,
            needs=(PlannedNeed(key=f"s{at - 1}"),) if at else (),
            skip=Skip(reason=Reason.NOT_SELECTED, message="It was not chosen.") if at % 2 else None,
        )
        for at in range(10_000)
    }
    plan = Plan(
        name="big", digest="0", trigger=Trigger(), inputs={}, env={}, vars={}, specs={"unit": spec}, steps=steps
    )
    text = json.dumps(codec.dump(plan))
    loaded = codec.load(Plan, json.loads(text))
    assert loaded == plan
    assert list(loaded.steps) == list(steps)
    assert json.dumps(codec.dump(loaded)) == text
