"""Legs: their names, and which of them belong together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansflow.core.matrix import Leg, joined, legs, size, value_name
from ansflow.core.spec import MatrixSpec, Scalar, StepSpec

scalars = st.sampled_from(["a", "b", 1, True, None])
values = st.dictionaries(st.sampled_from(["x", "y", "z"]), scalars, max_size=3)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("3.10", "3.10"),
        (3, "3"),
        (2.5, "2.5"),
        (True, "true"),
        (None, "null"),
        ("", '""'),
        ("a, b", '"a, b"'),
        ("a=b", '"a=b"'),
        (" a", '" a"'),
        ("a\nb", '"a\\nb"'),
        ("日本", "日本"),
    ],
)
def test_a_value_stands_in_a_name_so_that_it_cannot_be_misread(value: Scalar, name: str) -> None:
    assert value_name(value) == name


def test_long_values_are_cut_and_stay_apart() -> None:
    names = {value_name("x" * 100 + str(at)) for at in range(10)}
    assert len(names) == 10
    assert all(len(name) <= 60 for name in names)


def test_include_extends_only_what_it_does_not_contradict_and_later_ones_may_overwrite_what_was_added() -> None:
    matrix = MatrixSpec(
        axes={"fruit": ("apple", "pear"), "animal": ("cat", "dog")},
        include=(
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ),
    )
    found = [leg.values for leg in legs(StepSpec(id="a", matrix=matrix))]
    assert found == [  # the example of GitHub's documentation
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_a_boolean_is_no_number_for_exclude() -> None:
    matrix = MatrixSpec(axes={"x": (1, True)}, exclude=({"x": True},))
    assert [leg.values for leg in legs(StepSpec(id="a", matrix=matrix))] == [{"x": 1}]


@given(st.dictionaries(st.sampled_from("xyz"), st.lists(scalars, max_size=3).map(tuple)), st.integers(0, 3))
def test_the_size_is_known_without_making_the_legs(axes: dict[str, tuple[Scalar, ...]], parallel: int) -> None:
    step = StepSpec(id="a", matrix=MatrixSpec(axes=axes, include=({"w": 1},)), parallel=parallel)
    assert size(step) >= len(legs(step))


def agree(one: Leg, other: Leg) -> bool:
    shared = one.values.keys() & other.values.keys()
    shards = not one.shards or one.shards != other.shards or one.shard == other.shard
    return shards and all(
        (one.values[axis], type(one.values[axis])) == (other.values[axis], type(other.values[axis])) for axis in shared
    )


def some_legs(prefix: str) -> st.SearchStrategy[list[Leg]]:
    one = st.tuples(values, st.sampled_from([(0, 0), (1, 2), (2, 2), (1, 3)]))
    return st.lists(one, max_size=5).map(
        lambda made: [
            Leg(name=f"{prefix}{at}", values=found, shard=shard, shards=shards)
            for at, (found, (shard, shards)) in enumerate(made)
        ]
    )


@given(some_legs("here"), some_legs("there"))
def test_legs_are_joined_exactly_when_they_agree_on_what_both_have(here: list[Leg], there: list[Leg]) -> None:
    found = {name: set(others) for name, others in joined(here, there).items()}
    assert found == {one.name: {other.name for other in there if agree(one, other)} for one in here}
