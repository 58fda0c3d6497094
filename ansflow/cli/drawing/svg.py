"""The graph as SVG that stands on its own: no script, no font to load, light and dark by the reader's preference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansflow.cli.drawing.layers import Box, Layers, Node, arrange
from ansflow.cli.terminal import cut, plain

WIDTH, HEIGHT, ACROSS, GAP, MARGIN = 190, 46, 56, 18, 20
STYLE = """
  .box { fill: #fff; stroke: #c4cad3 } .line { fill: none; stroke: #9aa3b0; stroke-width: 1.5 } .head { fill: #9aa3b0 }
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1c2430 } .type { font-size: 11px; fill: #667085 }
  @media (prefers-color-scheme: dark) {
    .box { fill: #1b222c; stroke: #3b4655 } .line { stroke: #5b6777 } .head { fill: #5b6777 }
    text { fill: #e6eaf0 } .type { fill: #98a2b3 }
  }
"""


def render(groups: Sequence[Sequence[Box]], *, title: str) -> str:
    """Each group of boxes is drawn below the one before: the steps, then `finally`."""
    parts: list[str] = []
    top, right = MARGIN, 0
    for boxes in groups:
        layers = arrange(boxes, size=lambda _: HEIGHT, bend=4, gap=GAP)
        parts += _group(layers, top)
        top += round(max((node.at + node.size / 2 for layer in layers for node in layer), default=0.0)) + 2 * GAP
        right = max(right, len(layers) * (WIDTH + ACROSS) - ACROSS)
    size = (right + 2 * MARGIN, top - 2 * GAP + MARGIN)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}"'
            f' viewBox="0 0 {size[0]} {size[1]}" role="img">',
            f"<title>{escaped(title)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4"'
            ' markerWidth="7" markerHeight="7" orient="auto">'
            '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
            *parts,
            "</svg>",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Text for XML: markup is escaped, and what XML cannot hold is left out."""
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, entity)
    return "".join(character for character in text if character.isprintable())


def _group(layers: Layers, top: int) -> Iterator[str]:
    for number, layer in enumerate(layers):
        for node in layer:
            yield from (_edge(node, below, number, top) for below in node.below)
    for number, layer in enumerate(layers):
        for node in layer:
            if node.box is not None:
                yield _box(node.box, MARGIN + number * (WIDTH + ACROSS), top + round(node.at - HEIGHT / 2))


def _box(box: Box, x: int, y: int) -> str:
    return (
        f"<g><title>{escaped(plain(box.title))}</title>"
        f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f'<text x="{x + 12}" y="{y + 20}">{escaped(cut(plain(box.title), 24))}</text>'
        f'<text class="type" x="{x + 12}" y="{y + 36}">{escaped(box.subtitle)}</text></g>'
    )


def _edge(above: Node, below: Node, number: int, top: int) -> str:
    """From one layer to the next; a bend is crossed in a straight line, so that a long edge is one stroke."""
    left = MARGIN + number * (WIDTH + ACROSS)
    start, end = left + WIDTH, left + WIDTH + ACROSS
    y, to = top + above.at, top + below.at
    run_in = f"M{left} {y:.0f}H{start}" if above.box is None else f"M{start} {y:.0f}"
    middle = (start + end) / 2
    head = ' marker-end="url(#head)"' if below.box is not None else ""
    return f'<path class="line" d="{run_in}C{middle:.0f} {y:.0f} {middle:.0f} {to:.0f} {end} {to:.0f}"{head}/>'
