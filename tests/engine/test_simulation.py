"""10,000 plays against the nemesis. `python -m tests.engine.test_simulation SEED` tells one of them, event by event."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from ansflow.core.events import StepChanged
from tests.engine.invariants import violations
from tests.engine.simulation import World

SEEDS = 10_000
CHUNK = 500


def play(seed: int) -> World:
    """Every fifth is without faults: there no repair may be needed."""
    world = World(seed, faults=seed % 5 != 0)
    world.run()
    return world


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_invariants_hold_whatever_the_nemesis_does(first, count):
    harm: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        world = play(seed)
        found = violations(world)
        assert not found, f"seed {seed}, nemesis {world.nemesis}: {found}"
        harm.update(world.nemesis)
    count("simulated plays against a nemesis", CHUNK)
    count("faults in simulated plays", harm.total())


def test_a_play_follows_from_its_seed():
    first, second = play(7), play(7)
    assert first.store.events(first.execution) == second.store.events(second.execution)


if __name__ == "__main__":
    told = play(int(sys.argv[1]))
    for event in told.store.events(told.execution):
        step = event.fact.step if isinstance(event.fact, StepChanged) else "–"
        print(event.seq, event.at.time(), step, event.fact.status, event.fact.reason, event.fact.message)
    print(told.nemesis, told.repairs, violations(told) or "all invariants hold")
