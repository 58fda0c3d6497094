"""One reading reports every mistake, each at its own place: mistakes are planted into documents of hypothesis."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.document.reader import read
from tests.document.pipelines import pipelines

EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def maps(value: Any) -> list[dict[str, Any]]:
    """The maps of a document in which an unknown key is a mistake, and nothing else."""
    steps = [*value["steps"].values(), *value.get("finally", {}).values()]
    inner = [
        step[key] for step in steps if isinstance(step, dict) for key in ("retry", "cache", "artifacts") if key in step
    ]
    return [one for one in (value, *steps, *inner) if isinstance(one, dict)]


def place_of(key: str, text: str) -> tuple[int, int]:
    """Where a key stands in JSON text, which is YAML too."""
    before = text[: text.index(json.dumps(key) + ":")]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_every_planted_mistake_is_reported_at_its_place(count: Callable[[str, int], None]) -> None:
    planted = 0

    @EXAMPLES
    @given(pipelines, st.data())
    def reported(value: Any, data: st.DataObject) -> None:
        nonlocal planted
        document = json.loads(json.dumps(value))
        chosen = data.draw(st.lists(st.sampled_from(range(len(maps(document)))), min_size=1, max_size=8))
        keys = [f"mistake {at}" for at in range(len(chosen))]
        for key, at in zip(keys, chosen, strict=True):
            maps(document)[at][key] = 1
        text = json.dumps(document, indent=2)
        found = {(problem.line, problem.column) for problem in read(text).problems if problem.code == "unknown_key"}
        assert found == {place_of(key, text) for key in keys}
        planted += len(keys)

    reported()
    count("planted mistakes reported at their line and column", planted)
