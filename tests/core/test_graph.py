"""Graphs of steps: order, cycles with their path, columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansflow.core import graph

DIAMOND = {"source": (), "unit": ("source",), "lint": ("source",), "ship": ("unit", "lint")}


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"s{index}" for index in range(draw(st.integers(0, 12)))]
    needs = {name: tuple(draw(st.sets(st.sampled_from(names[:at])))) if at else () for at, name in enumerate(names)}
    shuffled = draw(st.permutations(list(needs.items())))
    return dict(shuffled)


@st.composite
def any_graph(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"s{index}" for index in range(draw(st.integers(1, 8)))]
    return {name: tuple(draw(st.lists(st.sampled_from([*names, "nowhere"]), max_size=4))) for name in names}


def test_a_cycle_is_told_with_its_path() -> None:
    assert graph.cycles({"a": ("b",), "b": ("c",), "c": ("a",)}) == [("a", "b", "c", "a")]
    assert graph.shown_cycle(("a", "b", "a")) == "a → b → a"


def test_a_step_that_needs_itself_is_the_shortest_cycle() -> None:
    assert graph.cycles({"a": ("a",)}) == [("a", "a")]


def test_two_separate_cycles_are_both_told() -> None:
    assert graph.cycles({"a": ("b",), "b": ("a",), "x": ("y",), "y": ("x",)}) == [("a", "b", "a"), ("x", "y", "x")]


def test_the_path_of_a_cycle_leaves_out_what_only_leads_to_it() -> None:
    assert graph.cycles({"start": ("a",), "a": ("b",), "b": ("a",)}) == [("a", "b", "a")]


def test_a_diamond_has_no_cycle() -> None:
    assert graph.cycles(DIAMOND) == []


def test_order_keeps_the_order_of_the_file_where_needs_allow_it() -> None:
    assert graph.order(DIAMOND) == ["source", "unit", "lint", "ship"]
    assert graph.order({"b": ("a",), "a": (), "c": ()}) == ["a", "b", "c"]


def test_dependents_are_told_once_each() -> None:
    assert graph.dependents({"a": (), "b": ("a", "a"), "c": ("a", "b")}) == {"a": ("b", "c"), "b": ("c",), "c": ()}


def test_reached_goes_up_and_with_dependents_down() -> None:
    assert graph.reached(DIAMOND, ["unit"]) == {"unit", "source"}
    assert graph.reached(graph.dependents(DIAMOND), ["unit"]) == {"unit", "ship"}


def test_levels_are_the_columns_of_the_drawing() -> None:
    assert graph.levels(DIAMOND) == {"source": 0, "unit": 1, "lint": 1, "ship": 2}


@given(acyclic())
def test_an_acyclic_graph_has_no_cycle_and_an_order_that_holds(needs: dict[str, tuple[str, ...]]) -> None:
    assert graph.cycles(needs) == []
    found = graph.order(needs)
    assert sorted(found) == sorted(needs)
    place = {name: index for index, name in enumerate(found)}
    assert all(place[need] < place[name] for name in needs for need in needs[name])


@given(any_graph())
def test_every_cycle_told_is_real_and_one_is_told_exactly_when_there_is_one(needs: dict[str, tuple[str, ...]]) -> None:
    found = graph.cycles(needs)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert all(second in needs[first] for first, second in pairwise(cycle))
    in_a_cycle = any(name in graph.reached(needs, needs[name]) for name in needs)
    assert bool(found) == in_a_cycle


class Counted(tuple[str, ...]):
    """Needs that count how often one of them is looked at."""

    looked = 0

    def __iter__(self) -> Iterator[str]:
        for need in super().__iter__():
            type(self).looked += 1
            yield need


@pytest.mark.parametrize("ask", [graph.order, graph.levels, graph.cycles, graph.dependents])
def test_cost_grows_with_the_edges_also_for_one_long_chain(ask: object) -> None:
    def looks(size: int) -> int:
        Counted.looked = 0
        needs = {f"s{at}": Counted(f"s{before}" for before in range(max(0, at - 3), at)) for at in range(size)}
        ask(needs)  # type: ignore[operator]
        return Counted.looked

    assert looks(10_000) <= 11 * looks(1_000)
