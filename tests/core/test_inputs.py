"""Inputs: read as their type, checked, all problems in one go."""

from __future__ import annotations

from typing import Any

import pytest

from ansflow.core.inputs import read
from ansflow.core.schema import Problems
from ansflow.core.spec import InputSpec


def value(given: Any, **spec: Any) -> Any:
    problems = Problems()
    found = read({"x": InputSpec(name="x", **spec)}, {} if given is None else {"x": given}, problems)
    return found["x"] if not problems else str(problems[0])


@pytest.mark.parametrize(
    ("given", "spec", "expected"),
    [
        ("3", {"type": "number"}, 3),
        (" -2.5 ", {"type": "number"}, -2.5),
        ("true", {"type": "boolean"}, True),
        ("FALSE", {"type": "boolean"}, False),
        (3, {}, "3"),
        (True, {}, "true"),
        ("", {}, ""),
        ("v12", {"pattern": r"v\d+"}, "v12"),
        ("b", {"type": "choice", "options": ("a", "b")}, "b"),
        (None, {"default": "d"}, "d"),
        (None, {"type": "boolean"}, False),
        (None, {"type": "number"}, None),
        (None, {}, ""),
        (None, {"required": True, "default": "d"}, "d"),
    ],
)
def test_a_value_is_read_as_the_type_of_its_input(given: Any, spec: dict[str, Any], expected: Any) -> None:
    found = value(given, **spec)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("given", "spec", "says"),
    [
        ("x", {"type": "number"}, "The input 'x' wants a number, not 'x'."),
        ("nan", {"type": "number"}, "wants a number"),
        ("1e999", {"type": "number"}, "wants a number"),
        ("9" * 500, {"type": "number"}, "wants a number"),
        (True, {"type": "number"}, "wants a number, not true."),
        ("yes", {"type": "boolean"}, "wants true or false, not 'yes'."),
        ("c", {"type": "choice", "options": ("a", "b")}, "wants one of a, b, not 'c'."),
        ("v12x", {"pattern": r"v\d+"}, "must have the form v\\d+"),
        ([1], {}, "wants a single value, not a list."),
        (None, {"required": True}, "The input 'x' is required. Give it with --input x=… ."),
    ],
)
def test_a_value_that_does_not_fit_is_told_as_a_sentence(given: Any, spec: dict[str, Any], says: str) -> None:
    assert says in value(given, **spec)


def test_a_pattern_that_a_stranger_wrote_takes_no_time() -> None:
    assert "must have the form" in value("a" * 5000 + "!", pattern="(a+)+")
