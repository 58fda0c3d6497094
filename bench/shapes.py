"""The graphs that every contender runs: the same steps, `true` each, with the same edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """`needs` maps each step to the steps it waits for, in an order that runs."""

    name: str
    needs: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.needs)


def single() -> Shape:
    return Shape("1 step", {"s0": ()})


def chain(length: int) -> Shape:
    return Shape(f"chain of {length}", {f"s{i}": (f"s{i - 1}",) if i else () for i in range(length)})


def at_once(count: int) -> Shape:
    return Shape(f"{count:,} at once", {f"s{i}": () for i in range(count)})


def layered(count: int, *, width: int = 20) -> Shape:
    """Layers of `width`; each step needs two of the layer before."""
    needs: dict[str, tuple[str, ...]] = {}
    for i in range(count):
        above = i - width
        beside = above - 1 if above % width else above + width - 1
        needs[f"s{i}"] = () if i < width else tuple(f"s{j}" for j in sorted({above, beside}))
    return Shape(f"DAG of {count:,}", needs)


def layers(shape: Shape) -> list[int]:
    """How many steps stand in each layer, for those who know no edges: each layer waits for the whole one before."""
    depth: dict[str, int] = {}
    for step, needs in shape.needs.items():
        depth[step] = 1 + max((depth[need] for need in needs), default=0)
    counts = Counter(depth.values())
    return [counts[at] for at in sorted(counts)]


SHAPES = (single(), chain(10), at_once(100), layered(200), layered(1000), at_once(10_000))
