"""Draws layers with box-drawing characters.

Between two layers lies a channel. Steps that need the same steps share one net: a horizontal line with legs up to
what is needed and down to who needs it. Nets that would touch get rows of their own, and where lines must cross, the
vertical one passes over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

from ansflow.cli.drawing.layers import Box, Layers, Node, arrange, without_implied
from ansflow.cli.terminal import cut, pad, plain, width

LONGEST_TITLE = 28
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = {
    UP: "│", DOWN: "│", UP | DOWN: "│", LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─",
    UP | RIGHT: "╰", UP | LEFT: "╯", DOWN | RIGHT: "╭", DOWN | LEFT: "╮",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", LEFT | RIGHT | UP: "┴", LEFT | RIGHT | DOWN: "┬",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
TO_ASCII = str.maketrans("│─╰╯╭╮├┤┴┬┼┌┐└┘▼×", "|-+++++++++++++vx")


@dataclass(slots=True)
class Net:
    """Everything in `below` needs everything in `above`."""

    above: list[int]
    below: list[int]
    arrows: list[bool]
    row: int = 0

    @property
    def span(self) -> tuple[int, int]:
        ends = self.above + self.below
        return min(ends), max(ends)

    @property
    def straight(self) -> bool:
        return self.span[0] == self.span[1]


def draw(boxes: Sequence[Box]) -> list[str]:
    """The lines of the drawing. They are as wide as the drawing wants: whoever prints them looks first."""
    layers = arrange(without_implied(boxes), size=box_width, bend=1, gap=2)
    lines: list[str] = []
    for number, layer in enumerate(layers):
        if number:
            lines += _channel(layers, number)
        lines += _boxes(layer)
    return [line.rstrip() for line in lines]


def to_ascii(line: str) -> str:
    return line.translate(TO_ASCII)


def box_width(box: Box) -> int:
    """Odd, so that a box has a middle column where lines arrive."""
    inner = max(width(_title(box)), width(box.subtitle)) + 4
    return inner + 1 - inner % 2


def _title(box: Box) -> str:
    return cut(plain(box.title), LONGEST_TITLE)


def _column(node: Node) -> int:
    return floor(node.at - node.size / 2 + 0.5) + node.size // 2


def _boxes(layer: Sequence[Node]) -> list[str]:
    rows = ["", "", "", ""]
    for node in layer:
        start = _column(node) - node.size // 2
        for number, part in enumerate(_drawn(node)):
            rows[number] = pad(rows[number], start) + part
    return rows


def _drawn(node: Node) -> list[str]:
    if node.box is None:
        return ["│"] * 4
    inner = node.size - 4
    title, subtitle = pad(_title(node.box), inner), pad(node.box.subtitle, inner)
    line = "─" * (node.size - 2)
    return [f"┌{line}┐", f"│ {title} │", f"│ {subtitle} │", f"└{line}┘"]


# ── the channel between two layers ───────────────────────────────────────────────────────────────────────────────────


def _channel(layers: Layers, number: int) -> list[str]:
    nets = _nets(layers[number])
    rows = _assign_rows(nets)
    columns = 1 + max((net.span[1] for net in nets), default=0)
    grid = [[0] * columns for _ in range(rows + 2)]
    for net in nets:
        _horizontal(grid, net)
    for net in nets:
        _legs(grid, net)
    lines = ["".join(LINES.get(cell, " ") for cell in row) for row in grid]
    arrows = {column for net in nets for column, arrow in zip(net.below, net.arrows, strict=True) if arrow}
    lines[-1] = "".join("▼" if column in arrows else mark for column, mark in enumerate(lines[-1]))
    return lines


def _nets(layer: Sequence[Node]) -> list[Net]:
    """One net per set of needs: who needs the same shares the line."""
    children: dict[tuple[int, ...], list[Node]] = {}
    for node in (node for node in layer if node.above):
        children.setdefault(tuple(sorted(map(id, node.above))), []).append(node)
    groups = sorted(children.values(), key=lambda group: sum(map(_column, group)) / len(group))
    hanging: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for parent in group[0].above:
            hanging.setdefault(id(parent), []).append(number)
    ports = [[_port(parent, hanging[id(parent)], number) for parent in group[0].above]
             for number, group in enumerate(groups)]  # fmt: skip
    owners = {column: number for number, columns in enumerate(ports) for column in columns}
    return [
        Net(
            above=ports[number],
            below=[_arrival(node, owners, number) for node in group],
            arrows=[node.box is not None for node in group],
        )
        for number, group in enumerate(groups)
    ]


def _port(parent: Node, nets: Sequence[int], number: int) -> int:
    """Where a net leaves its box. Each leaves from a column of its own: a shared one would join what is apart."""
    spread = 2 if 2 * len(nets) < parent.size - 1 else 1
    return _column(parent) + spread * nets.index(number) - spread * (len(nets) - 1) // 2


def _arrival(node: Node, owners: Mapping[int, int], number: int) -> int:
    """Where a net comes down: not below the port of another net, which would join them. A bend moves out of the way."""
    centre = _column(node)
    reach = (0, -1, 1, -2, 2, -3, 3) if node.box is not None else (0, -1, 1)
    shift = next((shift for shift in reach if owners.get(centre + shift, number) == number), 0)
    if node.box is None:
        node.at += shift
    return centre + shift


def _assign_rows(nets: Sequence[Net]) -> int:
    """Each net gets the first row where it touches no other."""
    taken: list[list[tuple[int, int]]] = []
    for net in sorted((net for net in nets if not net.straight), key=lambda net: net.span):
        low, high = net.span
        row = next(
            (
                number
                for number, spans in enumerate(taken)
                if all(high + 1 < left or right + 1 < low for left, right in spans)
            ),
            len(taken),
        )
        taken += [[]] if row == len(taken) else []
        taken[row].append((low, high))
        net.row = row + 1
    return len(taken)


def _horizontal(grid: list[list[int]], net: Net) -> None:
    if net.straight:
        return
    low, high = net.span
    for column in range(low, high):
        grid[net.row][column] |= RIGHT
        grid[net.row][column + 1] |= LEFT


def _legs(grid: list[list[int]], net: Net) -> None:
    last = len(grid) - 1
    if net.straight:
        return _vertical(grid, net.above[0], range(last + 1), -1)
    for column in net.above:
        _vertical(grid, column, range(net.row + 1), net.row)
    for column in net.below:
        _vertical(grid, column, range(net.row, last + 1), net.row)


def _vertical(grid: list[list[int]], column: int, rows: range, own: int) -> None:
    """Joins the row of its own net; the line of another net is passed over."""
    for row in rows:
        if row != own:
            grid[row][column] = UP | DOWN
        else:
            grid[row][column] |= UP if row > rows.start else DOWN
