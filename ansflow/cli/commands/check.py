"""`ansflow check`: whether this installation is fit and safe to run, with a sentence for everything that is not."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import FAILED, OK
from ansflow.cli.installation import the_settings
from ansflow.cli.remote.verbs import add_json
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen, pad, width
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json


def options(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.checkup import CHECKS, check_up  # noqa: PLC0415 — the parser wants this module for its options

    found = check_up(the_settings())
    if args.json:
        write_json(screen, {name: list(sentences) for name, sentences in found.items()}, indent=2)
    else:
        names = {name: t(f"check.of.{name}") for name in CHECKS}
        size = max(map(width, names.values()))
        for name, sentences in found.items():
            sign = screen.paint("red", "✗") if sentences else screen.paint("green", "✓")
            first, *rest = [translated(sentence) for sentence in sentences] or [t("check.good")]
            screen.print(f"{sign} {pad(names[name], size)}  {first}")
            for sentence in rest:
                screen.print(f"  {' ' * size}  {sentence}")
    return FAILED if any(found.values()) else OK
