"""What a benchmark has found: a number, what it is held against in the same run, and the goal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is `value` ÷ that of `beside`. `most` or `least` is the goal: of the ratio where there is one to hold,
    else of the value. `why` says why there is no value."""

    what: str
    value: float | None
    unit: str = "s"
    beside: str = ""
    ratio: float | None = None
    most: float | None = None
    least: float | None = None
    of_ratio: bool = False
    why: str = ""

    @property
    def held(self) -> bool | None:
        """None where there is no goal, or no value."""
        found = self.ratio if self.of_ratio else self.value
        if found is None or (self.most is None and self.least is None):
            return None
        return (self.most is None or found <= self.most) and (self.least is None or found >= self.least)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"held": self.held}


def against(what: str, value: float, beside: str, limit: float, **more: Any) -> Figure:
    """A value whose goal, if any, is a ratio."""
    return Figure(what, value, beside=beside, ratio=value / limit if limit else None, of_ratio=True, **more)


def missing(what: str, why: object) -> Figure:
    return Figure(what, None, why=str(why))


def show(title: str, figures: Iterable[Figure]) -> None:
    print(f"\n{title}\n")
    print(f"{'':58}{'measured':>14}{'ratio':>9}   {'goal':<12}")
    for figure in figures:
        if figure.value is None:
            print(f"{figure.what:58}{'–':>14}   {figure.why}")
            continue
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}×"
        beside = f"÷ {figure.beside}" if figure.beside else ""
        mark = {True: "held", False: "missed", None: ""}[figure.held]
        print(f"{figure.what:58}{_number(figure):>14}{ratio:>9}   {_goal(figure):<12}{mark:<8}{beside}".rstrip())


def _number(figure: Figure) -> str:
    value = figure.value or 0.0
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3 if figure.unit == "s" else 2
    return f"{value:,.{digits}f} {figure.unit}"


def _goal(figure: Figure) -> str:
    unit = "×" if figure.of_ratio else f" {figure.unit}"
    if figure.most is not None:
        return f"≤ {figure.most:g}{unit}"
    return f"≥ {figure.least:g}{unit}" if figure.least is not None else ""


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that is not below `part` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
