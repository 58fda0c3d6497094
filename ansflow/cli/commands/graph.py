"""`ansflow graph`: the steps and what they need, drawn."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ansflow.cli.asked import add_file, the_file
from ansflow.cli.drawing.boxes import draw, to_ascii
from ansflow.cli.drawing.layers import Box, boxes_of
from ansflow.cli.exits import OK
from ansflow.cli.pipeline import checked
from ansflow.cli.problems import refuse
from ansflow.cli.terminal import Screen, pad, plain, width
from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec


def options(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("--svg", action="store_true", help=t("graph.svg"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    file = the_file(args.file)
    try:
        spec = checked(file).spec
    except InvalidSpec as error:
        return refuse(screen, error, file)
    groups = [boxes for boxes in (boxes_of(spec), boxes_of(spec, final=True)) if boxes]
    if args.svg:
        from ansflow.cli.drawing.svg import render  # noqa: PLC0415 — one of two ways to draw

        screen.out.write(render(groups, title=t("graph.title", name=spec.name or file.name)))
        return OK
    for number, boxes in enumerate(groups):
        if number:
            screen.print(screen.paint("dim", f"{'──' if screen.unicode else '--'} {t('graph.finally')}"))
        _draw(screen, boxes)
    return OK


def _draw(screen: Screen, boxes: Sequence[Box]) -> None:
    lines = draw(boxes)
    columns = max(map(width, lines), default=0)
    if columns > screen.columns:
        screen.complain(t("graph.too_wide", columns=columns, room=screen.columns))
        lines = _listed(boxes)
    for line in lines:
        screen.print(line if screen.unicode else to_ascii(line))


def _listed(boxes: Sequence[Box]) -> list[str]:
    names = max(width(plain(box.title)) for box in boxes)
    needs = [t("plan.needs", needs=", ".join(map(plain, box.needs))) if box.needs else "" for box in boxes]
    return [f"{pad(plain(box.title), names)}  {need}".rstrip() for box, need in zip(boxes, needs, strict=True)]
