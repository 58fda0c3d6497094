"""What is written is read back as the same value, and looks as a person would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.document.writing import block_text, flow, folded_text, key, quoted, scalar
from ansflow.document.yaml import load
from tests.document.written import to_text

EXAMPLES = 1500
RANDOM = settings(max_examples=EXAMPLES, deadline=None, database=None)
HARD = st.text(st.sampled_from(" \t\n\r:#-?,[]{}&*!|>'\"%@`~<=.0123aoné😀\u2028\x85\ufeff\x07\\"), max_size=12)
TEXT = HARD | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
VALUES = st.recursive(
    TEXT | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """The value so that 1, 1.0 and true differ."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    return (
        list(map(typed, value)) if isinstance(value, list) else (isinstance(value, bool), isinstance(value, str), value)
    )


def test_every_value_is_read_back(count: Callable[[str, int], None]) -> None:
    @RANDOM
    @given(VALUES)
    def check(value: Any) -> None:
        assert typed(load(to_text(value)).value) == typed(value)
        assert typed(load(flow(value)).value) == typed(value)

    check()
    count("random values written and read back", EXAMPLES)


def test_every_text_is_read_back_in_every_style(count: Callable[[str, int], None]) -> None:
    @RANDOM
    @given(TEXT)
    def check(text: str) -> None:
        for style in ("", "'", '"'):
            assert load(f"a: {quoted(text, style)}").value == {"a": text}
            assert load(f"[{scalar(text, flow=True, style=style)}, 1]").value == [text, 1]
        assert load(f"{key(text)}: 1").value == load(f"{{{key(text)}: 1}}").value == {text: 1}
        for write in (block_text, folded_text):
            lines = write(text, 2, 3)
            if lines is not None:
                document = "\n".join([f"a:\n  b: {lines[0]}", *lines[1:], "  c: 1\n"])
                assert load(document).value == {"a": {"b": text, "c": 1}}

    check()
    count("random texts written in each style and read back", EXAMPLES)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("on", "on\n"),
        ("3.10", '"3.10"\n'),
        ('say "yes"', 'say "yes"\n'),
        ('"yes", he said', "'\"yes\", he said'\n"),
        ("C:\\x", "C:\\x\n"),
        ("*.py", '"*.py"\n'),
        ({}, "{}\n"),
        ([], "[]\n"),
        (float("inf"), ".inf\n"),
        (
            {
                "version": 1,
                "on": {"push": {"branches": ["main", "release/**"]}, "manual": {}},
                "steps": {
                    "unit": {
                        "needs": [{"step": "source", "optional": True}, "lint"],
                        "run": "make\nmake test\n",
                        "env": {"PY": "3.12", "EMPTY": "", "NONE": None},
                    },
                    "all": {"run": ["make all", "make install"]},
                },
            },
            """\
version: 1
on:
  push:
    branches: [main, release/**]
  manual: {}
steps:
  unit:
    needs:
      - step: source
        optional: true
      - lint
    run: |
      make
      make test
    env:
      PY: "3.12"
      EMPTY: ""
      NONE: null
  all:
    run:
      - make all
      - make install
""",
        ),
    ],
)
def test_the_house_style(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_what_no_document_holds_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="set is no value"):
        to_text({"a": {1}})
