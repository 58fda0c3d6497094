"""The simulation is only worth what it finds: bugs planted into the protocol must show within a few hundred plays."""

from __future__ import annotations

import pytest

from tests.engine.invariants import violations
from tests.engine.mutants import MUTANTS, planted
from tests.engine.simulation import World

BATCHES = 3
PLAYS = 800


def found_after(seeds: range) -> int:
    """The number of plays until something is wrong; 0 when nothing is."""
    for played, seed in enumerate(seeds, start=1):
        world = World(seed, faults=seed % 5 != 0)
        try:
            world.run()
            if violations(world):
                return played
        except Exception:  # a bug may also make the engine stumble: that is found too
            return played
    return 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_planted_bug_is_found(mutant, count):
    """In each of several searches through disjoint plays."""
    with planted(mutant):
        plays = [found_after(range(n * 1_000_000, n * 1_000_000 + PLAYS)) for n in range(1, BATCHES + 1)]
    count("protocol bugs planted", 1)
    count("searches for planted bugs", BATCHES)
    count("searches that found the planted bug", sum(map(bool, plays)))
    assert all(plays), f"found after {plays} plays in each search (0: not found)"


def test_without_a_planted_bug_nothing_is_found():
    assert found_after(range(1_000_000, 1_000_000 + PLAYS)) == 0
