"""What every test may use. `count(name, n)` makes a number visible in the summary, also under xdist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

COUNT = "count"


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Adds `n` to the line `name` of the section "Counts" that ends the report: `count("random edits", 10_000)`."""

    def add(name: str, n: int) -> None:
        request.node.user_properties.append((COUNT, (name, n)))

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Numbers travel with the reports, so that those of every xdist worker are summed here."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports(""):
        if getattr(report, "when", "") == "teardown":
            for key, value in report.user_properties:
                if key == COUNT:
                    name, n = value
                    counts[name] += n
    if counts:
        terminalreporter.section("Counts")
        for name, n in sorted(counts.items()):
            terminalreporter.write_line(f"{n:>12,}  {name}")
