"""What holds of every document: one reading reports each mistake at its own place, and a spec survives being stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core import codec
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import read
from ansflow.plugins.checking import check, notes
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


def test_every_spec_survives_being_stored(count: Callable[[str, int], None]) -> None:
    @EXAMPLES
    @given(pipelines)
    def survives(value: Any) -> None:
        document = read(json.dumps(value, indent=1))
        assert document.problems == ()
        assert document.spec is not None
        stored = json.loads(json.dumps(codec.dump(document.spec)))
        assert codec.load(PipelineSpec, stored) == document.spec
        for problem in [*check(document), *notes(document)]:
            assert problem.line >= 1

    survives()
    count("specs stored as JSON and read back equal", EXAMPLES.max_examples)
