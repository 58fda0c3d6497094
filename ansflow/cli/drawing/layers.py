"""A layered layout: every box one layer below what it needs, few crossings, lines as straight as the boxes allow.

Edges over several layers are cut into links by bends: nodes without a box that only keep a line's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ansflow.core.graph import levels, reached
from ansflow.core.matrix import is_bundle, legs
from ansflow.core.spec import PipelineSpec, StepSpec

SWEEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    id: str
    title: str
    subtitle: str = ""
    needs: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Node:
    """A box, or a bend where `box` is None. `at` is its centre across the layers."""

    box: Box | None
    size: int
    at: float = 0.0
    above: list[Node] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)


Layers = list[list[Node]]


def boxes_of(spec: PipelineSpec, *, final: bool = False) -> list[Box]:
    """One box per step, a matrix as one; a need of a group is a need of each of its steps."""
    steps = spec.final_steps if final else spec.steps
    members: dict[str, list[str]] = {}
    for step in steps.values():
        members.setdefault(step.group, []).append(step.id)
    return [_box(step, steps, members) for step in steps.values()]


def _box(step: StepSpec, steps: Mapping[str, StepSpec], members: Mapping[str, list[str]]) -> Box:
    needs = [need.step for need in step.needs]
    ids = [one for name in needs for one in ([name] if name in steps else members.get(name, []))]
    title = f"{step.id} ×{len(legs(step))}" if is_bundle(step) else step.id
    return Box(id=step.id, title=title, subtitle=step.type, needs=tuple(dict.fromkeys(ids)))


def without_implied(boxes: Sequence[Box]) -> list[Box]:
    """Edges that follow from others are left out: a needs b needs c says that a needs c."""
    graph = {box.id: box.needs for box in boxes}
    kept = []
    for box in boxes:
        implied = {far for near in box.needs for far in reached(graph, graph.get(near, ()))}
        needs = tuple(need for need in box.needs if need not in implied)
        kept.append(Box(id=box.id, title=box.title, subtitle=box.subtitle, needs=needs))
    return kept


def arrange(boxes: Sequence[Box], *, size: Callable[[Box], int], bend: int, gap: int) -> Layers:
    """Layers of nodes in order, each with its place. `size` and `gap` are measured across the layers."""
    layers = _layers(boxes, size, bend)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _sort(layer, down=down)
    for layer in layers:
        _place(layer, [0.0] * len(layer), gap)
    for sweep in range(SWEEPS + 1):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _place(layer, [_middle(node.above if down else node.below, node.at) for node in layer], gap)
    first = min((node.at - node.size / 2 for layer in layers for node in layer), default=0.0)
    for node in (node for layer in layers for node in layer):
        node.at -= first
    return layers


def _layers(boxes: Sequence[Box], size: Callable[[Box], int], bend: int) -> Layers:
    level = levels({box.id: box.needs for box in boxes})
    layers: Layers = [[] for _ in range(max(level.values(), default=-1) + 1)]
    nodes = {box.id: Node(box, size(box)) for box in boxes}
    for box in boxes:
        layers[level[box.id]].append(nodes[box.id])
    for box in boxes:
        for need in (need for need in box.needs if need in nodes):
            above = nodes[need]
            for between in range(level[need] + 1, level[box.id]):
                above = _link(above, Node(None, bend))
                layers[between].append(above)
            _link(above, nodes[box.id])
    return layers


def _link(above: Node, below: Node) -> Node:
    above.below.append(below)
    below.above.append(above)
    return below


def _sort(layer: list[Node], *, down: bool) -> None:
    """By the mean place of the neighbours in the layer before; who has none stays where it is."""
    position = {id(node): float(index) for index, node in enumerate(layer)}
    for node in layer:
        node.at = _middle(node.above if down else node.below, position[id(node)])
    layer.sort(key=lambda node: node.at)
    for index, node in enumerate(layer):
        node.at = float(index)


def _place(layer: list[Node], wanted: Sequence[float], gap: int) -> None:
    """As near to the wanted places as order and sizes allow: least squares, pooling neighbours that would overlap."""
    offsets = [0.0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + (left.size + right.size) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        pools.append((want - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value, number), (before, earlier) = pools.pop(), pools.pop()
            pools.append(((value * number + before * earlier) / (number + earlier), number + earlier))
    places = [value for value, number in pools for _ in range(number)]
    for node, place, offset in zip(layer, places, offsets, strict=False):
        node.at = place + offset


def _middle(neighbours: Sequence[Node], otherwise: float) -> float:
    return sum(node.at for node in neighbours) / len(neighbours) if neighbours else otherwise
