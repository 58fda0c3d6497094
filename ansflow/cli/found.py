"""Lines that a search has found, as `grep` shows them: with the step and the number of each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansflow.cli.asked import at_least_one
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import t

Hit = Mapping[str, Any]
"""As the API gives it."""


def search_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--search", default="", metavar="TEXT", help=t("logs.search"))
    parser.add_argument("--regex", action="store_true", help=t("logs.regex"))
    parser.add_argument("--case", action="store_true", help=t("logs.case"))
    parser.add_argument("-C", "--around", type=at_least_one, default=0, metavar="N", help=t("logs.around"))
    parser.add_argument("--fold", action="store_true", help=t("logs.fold"))


def show_found(screen: Screen, hits: Iterable[Hit]) -> bool:
    """Whether there was any. Nothing is shown twice where what stands around two of them overlaps."""
    place: tuple[str, int] | None = None
    shown = 0
    for hit, following in _with_next(hits):
        here = (hit["step"], hit["attempt"])
        first = hit["line"] - len(hit["before"])
        if place is not None and (hit["before"] or hit["after"]) and (place != here or first > shown + 1):
            screen.print(screen.paint("dim", "--"))
        shown = shown if place == here else 0
        for number, text in enumerate(hit["before"], first):
            if number > shown:
                screen.print(_line(screen, hit, number, plain(text), "-"))
        screen.print(_line(screen, hit, hit["line"], _marked(screen, hit), ":"))
        same = following is not None and (following["step"], following["attempt"]) == here
        until = following["line"] if following is not None and same else None
        place, shown = here, hit["line"]
        for number, text in enumerate(hit["after"], hit["line"] + 1):
            if until is not None and number >= until:
                break
            screen.print(_line(screen, hit, number, plain(text), "-"))
            shown = number
    return place is not None


def _with_next(hits: Iterable[Hit]) -> Iterator[tuple[Hit, Hit | None]]:
    before: Hit | None = None
    for hit in hits:
        if before is not None:
            yield before, hit
        before = hit
    if before is not None:
        yield before, None


def _line(screen: Screen, hit: Hit, number: int, text: str, sign: str) -> str:
    return f"{screen.paint('magenta', plain(hit['step']))}{sign}{screen.paint('green', str(number))}{sign} {text}"


def _marked(screen: Screen, hit: Hit) -> str:
    text, shown, at = hit["text"], "", 0
    for start, end in hit["matches"]:
        shown += plain(text[at:start]) + screen.paint("bold+red", plain(text[start:end]))
        at = end
    return shown + plain(text[at:]) + (screen.ellipsis if hit["cut"] else "")
