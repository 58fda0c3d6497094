"""Steps in a list become a file that says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import InvalidSpec
from ansflow.document.grammar import STEP_RECORD
from ansflow.document.listed import FIRST, IN_THE_LIST, slug, to_file
from ansflow.document.reader import read
from tests.document.pipelines import values
from tests.document.written import to_text

EXAMPLES = 300
OTHER_KEYS = [key for key in STEP_RECORD.fields if key not in ("needs", "name", "uses", "group", "with", "type")]
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.integers(-9, 9) | st.booleans()
TYPES = st.sampled_from(["custom", "build", "test", "deploy"])


@st.composite
def lists(draw: Any) -> list[dict[str, Any]]:
    """Steps with any keys that the grammar accepts; each needs some of those before it, by name, id or map."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 5))):
        step: dict[str, Any] = {"name": f"Step {number}", "step_type": draw(TYPES)}
        if draw(st.booleans()):
            step["parameters"] = draw(st.dictionaries(st.sampled_from(["target", "args", "x y", "on"]), PLAIN))
        for key in draw(st.lists(st.sampled_from(OTHER_KEYS), unique=True, max_size=4)):
            step[key] = draw(values(STEP_RECORD.fields[key].kind))
        chosen = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        forms = ["Step {}", "step_{}"]
        step["dependencies"] = [draw(st.sampled_from(forms)).format(at) for at in chosen]
        steps.append(step)
    return steps


def meant(step: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    keys = {key: value for key, value in step.items() if key not in ("step_type", "parameters", "dependencies")}
    keys |= {"type": step["step_type"], "with": step.get("parameters", {})}
    keys["needs"] = [name.replace("Step ", "step_") for name in step["dependencies"]]
    return {key: value for key, value in keys.items() if value is not None}


def test_every_list_reads_back_to_the_same_meaning(count: Callable[[str, int], None]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(lists())
    def check(steps: list[dict[str, Any]]) -> None:
        made = to_file(steps, name="demo")
        wanted = {"name": "demo", "steps": {id: meant(step, []) for id, step in zip(made.ids, steps, strict=True)}}
        found, expected = read(made.text), read(to_text(wanted))
        assert found.spec == expected.spec
        assert [one.message for one in found.problems] == [one.message for one in expected.problems]

    check()
    count("lists of steps read back as files", EXAMPLES)


def test_the_file_looks_as_a_person_would_write_it() -> None:
    steps = [
        {"name": "Fetch code", "step_type": "fetch_code", "parameters": {"depth": 1}},
        {"name": "Unit tests", "step_type": "custom", "parameters": {"command": "make test\nmake lint"},
         "dependencies": ["Fetch code"], "timeout": "5m"},
        {"name": "pack", "step_type": "build", "dependencies": ["unit_tests",
         {"step": "Fetch code", "optional": True}]},
    ]  # fmt: skip
    assert to_file(steps, name="shop").text == (
        "version: 1\nname: shop\n\nsteps:\n"
        "  fetch_code:\n    name: Fetch code\n    type: fetch_code\n    with:\n      depth: 1\n\n"
        "  unit_tests:\n    name: Unit tests\n    needs: fetch_code\n    run: |-\n      make test\n      make lint\n"
        "    timeout: 5m\n\n"
        "  pack:\n    type: build\n    needs:\n      - unit_tests\n      - step: fetch_code\n        optional: true\n"
    )


@pytest.mark.parametrize(
    "name, id", [("Fetch code", "fetch_code"), ("3rd", "step_3rd"), ("Größe", "groe"), ("构建", ""), ("--x--", "x")]
)
def test_ids_come_from_names(name: str, id: str) -> None:
    assert slug(name) == id


def test_names_that_make_the_same_id_get_numbers() -> None:
    assert to_file([{"name": name, "run": "x"} for name in ("a b", "A-B", "构建", "测试")]).ids == (
        "a_b", "a_b_2", "step", "step_2",
    )  # fmt: skip


@pytest.mark.parametrize(
    "steps, place, code",
    [
        ([{"name": "a", "run": "x", "dependencies": ["b"]}], "steps.0.dependencies.0", "unknown_need"),
        ([{"name": "a"}, {"name": "b"}, {"name": "c", "dependencies": ["a", "x"]}], "steps.2.dependencies.1",
         "unknown_need"),
        ([{"name": "a", "dependencies": ["b"]}, {"name": "b", "dependencies": ["a"]}], "steps.0.dependencies.0",
         "cycle"),
        ([{"name": "a", "dependencies": ["a"]}], "steps.0.dependencies.0", "cycle"),
        ([{"name": "a"}, {"name": "a"}, {"name": "b", "dependencies": ["a "]}], "steps.2.dependencies.0",
         "unknown_need"),
        ([{"id": "x", "name": "a"}, {"id": "y", "name": "a"}, {"name": "b", "dependencies": ["a"]}],
         "steps.2.dependencies.0", "ambiguous_need"),
        ([{"name": "a", "needs": ["b"]}], "steps.0.needs", "unknown_key"),
        ([{"name": "a", "rum": "x"}], "steps.0.rum", "unknown_key"),
        ([{"run": "x"}], "steps.0.name", "missing_key"),
        ([{"id": "1 2"}], "steps.0.id", "bad_name"),
        ([{"id": "a"}, {"id": "a"}], "steps.1.id", "duplicate_id"),
        ([{"name": 7}], "steps.0.name", "wrong_type"),
        ([["a"]], "steps.0", "wrong_type"),
        ([{"name": "a", "dependencies": "b"}], "steps.0.dependencies", "wrong_type"),
        ([{"name": "a", "run": "x", "parameters": {"command": "y"}}], "steps.0.parameters.command", "exclusive_keys"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field(steps: list[Any], place: str, code: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        to_file(steps)
    found = {".".join(map(str, problem.path)): problem.code for problem in refused.value.problems}
    assert found.get(place) == code


def test_deep_values_are_refused_and_not_walked() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    with pytest.raises(InvalidSpec, match="nested deeper"):
        to_file([{"name": "a", "env": deep}])


def test_a_place_in_the_file_leads_back_to_the_field() -> None:
    made = to_file([{"name": "a", "step_type": "build", "parameters": {"x": 1}}, {"name": "b", "dependencies": ["a"]}])
    assert made.field(("steps", "a", "with", "x")) == ("steps", 0, "parameters", "x")
    assert made.field(("steps", "b", "needs", 0)) == ("steps", 1, "dependencies", 0)
    assert made.field(("name",)) == ("name",)
    assert set(IN_THE_LIST) <= set(FIRST)
