"""The examples of docs/reference/planning.md give the plans that the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansflow.core.compile import compile_plan
from ansflow.core.plan import Plan, PlannedNeed
from ansflow.core.spec import Trigger
from ansflow.document.reader import parse

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "planning.md"
BLOCKS = re.compile(r"```yaml\n(?P<file>.*?)```\n```(?P<kind>plan|script)\n(?P<shown>.*?)```", re.DOTALL)


def examples(text: str) -> Iterator[tuple[str, str, str]]:
    for found in BLOCKS.finditer(text):
        yield found["kind"], found["file"], found["shown"]


def plan_of(file: str) -> Plan:
    trigger = Trigger(event="push", branch="main", commit="c0ffee", author="ann", changed=("src/app.py",))
    return compile_plan(parse(file).spec, digest="-", trigger=trigger, inputs={})


def as_plan(plan: Plan) -> str:
    """One line for each step: its key, what it needs, and why it is skipped."""
    lines = []
    for step in plan.steps.values():
        needs = ", ".join(dict.fromkeys(as_need(need) for need in step.needs))
        needs = f" ← {needs}" if needs else ""
        lines.append(f"{step.key}{needs}\n" + (f"    {step.skip.message}\n" if step.skip else ""))
    return "".join(lines)


def as_need(need: PlannedNeed) -> str:
    statuses = "" if need.statuses == {"success"} else f" ({' or '.join(sorted(need.statuses))})"
    return (need.group or need.key) + statuses + (" (optional)" if need.optional else "")


def as_script(plan: Plan) -> str:
    return "".join("\n".join(spec.run) for spec in plan.specs.values())


def shown(kind: str, file: str) -> str:
    return as_plan(plan_of(file)) if kind == "plan" else as_script(plan_of(file))


@pytest.mark.parametrize(("kind", "file", "expected"), list(examples(PAGE.read_text("utf-8"))))
def test_an_example_gives_the_plan_that_the_page_shows(kind: str, file: str, expected: str) -> None:
    assert shown(kind, file) == expected
