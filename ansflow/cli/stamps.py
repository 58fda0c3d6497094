"""When lines arrived, in front of them, as `docker logs --timestamps` has it: RFC 3339, in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from ansflow.cli.terminal import Screen
from ansflow.core.log_times import LINES_AT_ONCE, LineTime

Stamps = Callable[[int, int], list[str]]
"""`stamps(first, last)`: what stands before each of these lines."""

WIDTH = len("2026-11-30T08:00:00.000Z")
UNKNOWN = "-".ljust(WIDTH) + " "


def line_times(answer: Mapping[str, Any]) -> list[LineTime]:
    """As the API gives them."""
    return [LineTime(found["line"], datetime.fromisoformat(found["at"])) for found in answer["times"]]


def stamped_by(times: Callable[[int, int], Iterable[LineTime]], screen: Screen) -> Stamps:
    """`times(first, last)` knows those of so many lines at once."""

    def stamps(first: int, last: int) -> list[str]:
        found: list[str] = []
        stamp = screen.paint("dim", UNKNOWN)
        for begin in range(first, last + 1, LINES_AT_ONCE):
            end = min(begin + LINES_AT_ONCE - 1, last)
            for line, at in times(begin, end):
                found += [stamp] * (line - first - len(found))
                moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                stamp = screen.paint("dim", f"{moment} ")
        return found + [stamp] * (last - first + 1 - len(found))

    return stamps
