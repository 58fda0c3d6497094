"""The JSON Schema says what the reader does: shown over the contract, and over documents that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ansflow.core.schema import Problems
from ansflow.document.grammar import PIPELINE
from ansflow.document.json_schema import pipeline_schema
from ansflow.document.reader import read
from ansflow.document.yaml import load
from ansflow.plugins import checking, registry
from tests.document.contract import FILES, REPOSITORY, generate
from tests.document.pipelines import pipelines, values

SCHEMA = pipeline_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
PARAMETERS = settings(EXAMPLES, max_examples=50)
Count = Callable[[str, int], None]
BY_STRUCTURE = {"unknown_key", "missing_key", "wrong_type", "exclusive_keys"}
"""Problems that a JSON Schema can see too. Forms and ranges it sees in part, the graph not at all."""


def read_problems(value: Any) -> Problems:
    problems = Problems()
    PIPELINE.read(value, (), problems)
    return problems


def is_yaml(file: Path) -> bool:
    return read(file.read_text(encoding="utf-8")).loaded is not None


def test_the_schema_is_a_json_schema_of_the_2020_dialect() -> None:
    Draft202012Validator.check_schema(checking.json_schema())


def test_the_shipped_schema_is_current() -> None:
    path = generate.CONTRACT / "pipeline.schema.json"
    assert path.read_text(encoding="utf-8") == generate.generated()[path], "run: python contract/generate.py"


def test_every_key_has_a_description() -> None:
    def undescribed(schema: Any, place: str) -> Iterator[str]:
        if isinstance(schema, dict):
            for name, inner in schema.get("properties", {}).items():
                if isinstance(inner, dict) and not inner.get("description") and "const" not in inner:
                    yield f"{place}.{name}"
            for name, inner in schema.items():
                if name not in ("if", "then", "allOf"):
                    yield from undescribed(inner, f"{place}/{name}")
        elif isinstance(schema, list):
            for inner in schema:
                yield from undescribed(inner, place)

    assert list(undescribed(SCHEMA, "")) == []


@pytest.mark.parametrize("file", [file for file in FILES if is_yaml(file)], ids=lambda file: file.stem)
def test_over_the_contract_schema_and_reader_agree(file: Path) -> None:
    value = load(file.read_text(encoding="utf-8")).value
    problems = {problem.code for problem in read_problems(value)}
    accepted = VALIDATOR.is_valid(value)
    assert accepted or problems
    assert not accepted or not problems & BY_STRUCTURE


def test_whatever_the_reader_accepts_the_schema_accepts(count: Count) -> None:
    @EXAMPLES
    @given(pipelines)
    def agree(value: Any) -> None:
        assert read_problems(value) == []
        assert [error.message for error in VALIDATOR.iter_errors(value)] == []

    agree()
    count("pipeline documents that reader and JSON Schema both accepted", EXAMPLES.max_examples)


def maps(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the maps whose keys the grammar knows."""
    if not isinstance(value, dict):
        return
    yield path
    for key, inner in value.items():
        if key in ("steps", "finally") and not path:
            for name, step in inner.items():
                yield from maps(step, (key, name))
        elif key in ("retry", "artifacts", "reports", "environment", "resources", "approvers", "approval"):
            yield from maps(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    return value | {path[0]: replaced(value[path[0]], path[1:], change)}


BREAKS: dict[str, Callable[[Any], Any]] = {
    "an unknown key": lambda value: value | {"no such key": 1},
    "a list of maps in the place of a map": lambda value: [{"no such key": [value]}],
}


def test_structural_mistakes_are_refused_by_both(count: Count) -> None:
    @EXAMPLES
    @given(pipelines, st.sampled_from(sorted(BREAKS)), st.data())
    def refuse(value: Any, mistake: str, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(list(maps(value))))
        broken = replaced(value, path, BREAKS[mistake])
        assert read_problems(broken) != []
        assert not VALIDATOR.is_valid(broken)

    refuse()
    count("pipeline documents with a planted mistake that reader and JSON Schema both refused", EXAMPLES.max_examples)


def test_the_parameters_of_a_type_are_part_of_the_schema() -> None:
    parameters = {"type": "object", "properties": {"depth": {"type": "integer"}}, "additionalProperties": False}
    validator = Draft202012Validator(pipeline_schema({"fetch_code": parameters, "custom": {"maxProperties": 0}}))

    def accepts(step: dict[str, Any]) -> bool:
        return validator.is_valid({"steps": {"a": step}})

    assert accepts({"type": "fetch_code", "with": {"depth": 1}})
    assert accepts({"type": "fetch_code", "with": None})
    assert accepts({"type": "plugin", "with": {"anything": 1}})
    assert accepts({"uses": "./t.yml", "with": {"anything": 1}})
    assert not accepts({"type": "fetch_code", "with": {"dept": 1}})
    assert not accepts({"run": "make", "with": {"depth": 1}})


FULL = Draft202012Validator(checking.json_schema())


@pytest.mark.parametrize("name", registry.names("steps"))
def test_the_parameters_of_each_step_type_are_read_as_their_schema_says(name: str, count: Count) -> None:
    parameters = registry.step_type(name).parameters

    @PARAMETERS
    @given(values(parameters))
    def agree(given_parameters: Any) -> None:
        problems = Problems()
        parameters.read(given_parameters, (), problems)
        step = {"type": name, "with": given_parameters}
        assert list(problems) == []
        assert [error.message for error in FULL.iter_errors({"steps": {"a": step}})] == []

    agree()
    count("parameters of step types that reader and JSON Schema both accepted", PARAMETERS.max_examples)


def test_a_parameter_that_no_type_knows_is_refused_by_both() -> None:
    for name in registry.names("steps"):
        problems = Problems()
        registry.step_type(name).parameters.read({"no such key": 1}, (), problems)
        assert "unknown_key" in {problem.code for problem in problems}
        assert not FULL.is_valid({"steps": {"a": {"type": name, "with": {"no such key": 1}}}})


def test_the_examples_of_the_repository_fit_the_schema() -> None:
    files = sorted((REPOSITORY / "examples").rglob("*.yml"))
    assert files
    for file in files:
        if load(file.read_text(encoding="utf-8")).value.get("steps"):
            value = load(file.read_text(encoding="utf-8")).value
            assert [error.message for error in FULL.iter_errors(value)] == [], file
