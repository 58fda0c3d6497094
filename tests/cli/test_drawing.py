from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.cli.drawing.boxes import draw, to_ascii
from ansflow.cli.drawing.layers import Box, arrange, without_implied
from ansflow.cli.drawing.svg import render
from ansflow.cli.terminal import width

MARKS = {"│": "ud", "─": "lr", "╰": "ur", "╯": "ul", "╭": "dr", "╮": "dl", "├": "udr", "┤": "udl", "┴": "lru",
         "┬": "lrd", "┼": "udlr", "▼": "u"}  # fmt: skip
STEP = {"u": (-1, 0, "d"), "d": (1, 0, "u"), "l": (0, -1, "r"), "r": (0, 1, "l")}


DIAMOND = """\
       ┌─────────┐
       │ source  │
       │ custom  │
       └─────────┘
            │
     ╭──────┴─────╮
     ▼            ▼
┌─────────┐  ┌─────────┐
│ unit    │  │ lint    │
│ custom  │  │ custom  │
└─────────┘  └─────────┘
     │            │
     ╰──────┬─────╯
            ▼
       ┌─────────┐
       │ package │
       │ custom  │
       └─────────┘"""


def box(name: str, *needs: str) -> Box:
    return Box(id=name, title=name, subtitle="custom", needs=needs)


def test_a_diamond_with_a_tail() -> None:
    boxes = [box("source"), box("unit", "source"), box("lint", "source"), box("package", "unit", "lint", "source")]
    assert "\n".join(draw(boxes)) == DIAMOND


def test_chinese_names_keep_their_boxes_square() -> None:
    lines = draw([box("构建镜像"), box("b", "构建镜像")])
    assert {width(line) for line in lines[:4]} == {13}


def test_without_our_characters_the_drawing_is_ascii() -> None:
    drawn = [to_ascii(line) for line in draw([box("a"), box("b", "a"), box("c", "a")])]
    assert "\n".join(drawn).isascii()


graphs = st.integers(1, 9).flatmap(
    lambda size: st.tuples(*(st.sets(st.integers(0, max(index - 1, 0))) for index in range(size)))
)


@given(graphs)
@settings(max_examples=300, deadline=None)
def test_in_the_drawing_every_step_hangs_below_exactly_what_it_needs(needs: tuple[set[int], ...]) -> None:
    boxes = [box(f"s{i}", *(f"s{n}" for n in sorted(wanted) if n != i)) for i, wanted in enumerate(needs)]
    wanted = {box.id: set(box.needs) for box in without_implied(boxes)}
    assert read_back(draw(boxes)) == wanted


def read_back(lines: list[str]) -> dict[str, set[str]]:
    """The needs that the lines of a drawing say: each line is walked upwards from the box where it arrives."""
    grid = [list(line) for line in lines]
    tops = {(row, at): name for row, line in enumerate(lines) for at, name in _names(line, row, lines)}
    found = {}
    for (row, at), name in tops.items():
        arrivals = [column for column in range(at - 4, at + 5) if row >= 2 and _mark(grid, row - 2, column) == "▼"]
        assert len(arrivals) <= 1
        found[name] = _reached(grid, tops, row - 2, arrivals[0]) if arrivals else set()
    return found


def _names(line: str, row: int, lines: list[str]) -> list[tuple[int, str]]:
    """Titles with the middle column of their boxes."""
    result = []
    for number, part in enumerate(line.split("│")):
        name = part.strip()
        if name.startswith("s") and name[1:].isdigit():
            start = sum(len(before) + 1 for before in line.split("│")[:number])
            result.append((start + len(part) // 2, name))
    return result


def _mark(grid: list[list[str]], row: int, column: int) -> str:
    return grid[row][column] if 0 <= row < len(grid) and 0 <= column < len(grid[row]) else " "


def _reached(grid: list[list[str]], tops: dict[tuple[int, int], str], row: int, column: int) -> set[str]:
    """Walks against the flow: a net is entered from below, and left through every leg that goes up."""
    found, seen, todo = set(), set(), [(row, column, "u")]
    while todo:
        row, column, way = todo.pop()
        down, right, back = STEP[way]
        row, column = row + down, column + right
        mark = _mark(grid, row, column)
        if (row, column, way) in seen:
            continue
        seen.add((row, column, way))
        if mark == "─" and way == "u":  # the lower border of a box
            found.add(min((abs(at - column), name) for (top, at), name in tops.items() if top == row - 2)[1])
        elif way in "lr" and mark == "│":  # a line of another net passes over
            todo.append((row, column, way))
        elif back in MARKS.get(mark, ""):
            todo += [(row, column, next_way) for next_way in MARKS[mark] if next_way not in (back, "d")]
    return found


@given(graphs)
@settings(max_examples=100, deadline=None)
def test_no_two_boxes_of_a_layer_touch(needs: tuple[set[int], ...]) -> None:
    boxes = [box(f"s{i}", *(f"s{n}" for n in sorted(wanted) if n != i)) for i, wanted in enumerate(needs)]
    for layer in arrange(boxes, size=lambda _: 11, bend=1, gap=2):
        for left, right in pairwise(layer):
            assert left.at + left.size / 2 + 2 <= right.at - right.size / 2 + 1e-6


def test_the_svg_stands_on_its_own_and_says_what_it_shows() -> None:
    text = render([[box("a"), box("b", "a")], [box("tell")]], title="Steps of <shop> & co")
    root = ElementTree.fromstring(text)
    names = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a", "b", "tell"} <= set(names)
    assert root[0].text == "Steps of <shop> & co"
    assert "prefers-color-scheme: dark" in text
    assert "script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_hostile_names_cannot_leave_their_place_in_the_svg(count: Callable[[str, int], None]) -> None:
    hostile = ['"><script>alert(1)</script>', "a&b", "]]>", "\x00\x1b[2J", "'\"", "<!--", "\u202e", "&#x1b;", "\ud800"]
    for name in hostile:
        root = ElementTree.fromstring(render([[box(name)]], title=name))
        assert not [element for element in root.iter() if element.tag.endswith("script")]
    count("hostile names kept inside the SVG", len(hostile))


def test_three_hundred_steps_are_drawn_at_once() -> None:
    boxes = [box(f"s{i}", *([f"s{i // 3}"] if i else [])) for i in range(300)]
    assert sum(line.count("┌") for line in draw(boxes)) == 300
