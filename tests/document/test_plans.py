"""Whole files to whole plans: the cases of `contract/plans`, which other readers of the grammar share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansflow.core import codec
from ansflow.core.compile import compile_plan
from ansflow.core.errors import InvalidSpec
from ansflow.core.plan import Plan, PlannedNeed
from ansflow.core.spec import Trigger
from ansflow.document.reader import parse

FOLDER = Path(__file__).parents[2] / "contract" / "plans"


def cases() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        data = json.loads(file.read_text("utf-8"))
        for case in data["cases"]:
            found.append(pytest.param({"trigger": data["trigger"], **case}, id=f"{file.stem}: {case['about']}"))
    return found


def compiled(case: dict[str, Any]) -> Plan:
    return compile_plan(
        parse(case["file"]).spec,
        digest="-",
        trigger=codec.load(Trigger, case["trigger"]),
        inputs=case.get("inputs", {}),
        only=case.get("only", ()),
        with_needs=case.get("with_needs", True),
    )


def need(edge: PlannedNeed) -> str:
    """`key status|status optional of group`, with what goes without saying left out."""
    statuses = "" if edge.statuses == {"success"} else " " + "|".join(sorted(edge.statuses))
    return edge.key + statuses + " optional" * edge.optional + (f" of {edge.group}" if edge.group else "")


def seen(plan: Plan) -> dict[str, Any]:
    steps: dict[str, Any] = {}
    for key, step in plan.steps.items():
        facts = {
            "needs": [need(edge) for edge in step.needs],
            "matrix": dict(step.matrix),
            "skip": f"{step.skip.reason}: {step.skip.message}" if step.skip else "",
            "final": step.final,
        }
        steps[key] = {name: fact for name, fact in facts.items() if fact}
    bundles = {
        bundle.name: {"keys": list(bundle.keys), "join": bundle.join}
        | ({"max_parallel": bundle.max_parallel} if bundle.max_parallel else {})
        for bundle in plan.bundles.values()
    }
    parts = {"steps": steps, "bundles": bundles, "values": dict(plan.inputs), "notes": [str(n) for n in plan.notes]}
    return {name: part for name, part in parts.items() if part}


@pytest.mark.parametrize("case", cases())
def test_a_file_becomes_the_plan_that_the_contract_says(
    case: dict[str, Any], count: Callable[[str, int], None]
) -> None:
    expected = {name: case[name] for name in ("steps", "bundles", "values", "notes", "problems") if name in case}
    try:
        found = seen(compiled(case))
    except InvalidSpec as error:
        found = {"problems": [str(problem) for problem in error.problems]}
    assert found == expected
    assert list(found.get("steps", ())) == list(expected.get("steps", ()))
    count("contract cases of plans", 1)


@pytest.mark.parametrize("case", [case for case in cases() if "problems" not in case.values[0]])
def test_the_same_input_gives_the_same_bytes_and_they_read_back_as_the_same_plan(case: dict[str, Any]) -> None:
    first, second = (json.dumps(codec.dump(compiled(case))) for _ in range(2))
    assert first == second
    assert codec.load(Plan, json.loads(first)) == compiled(case)
