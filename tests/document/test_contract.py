"""Pipeline files with what must be said of them: a reader of the grammar in another language reads the same files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansflow.document.grammar import ON, PIPELINE, STEP_RECORD
from ansflow.document.reader import read
from tests.document.contract import FILES, generate


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_pipeline_file_gives_what_stands_beside_it(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert generate.expected(file.read_text(encoding="utf-8")) == expected, "run: python contract/generate.py"


def test_names_say_whether_a_file_is_valid() -> None:
    for file in FILES:
        expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        assert ("spec" in expected) is file.stem.startswith("valid-"), file.stem


def test_every_problem_of_the_contract_is_placed() -> None:
    for file in FILES:
        expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        lines = file.read_text(encoding="utf-8").split("\n")
        for problem in expected.get("problems", ()):
            assert 1 <= problem["line"] <= len(lines), file.stem
            assert 1 <= problem["column"] <= len(lines[problem["line"] - 1]) + 1, file.stem


def test_every_key_of_the_grammar_stands_in_a_file_of_the_contract() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in FILES)
    for record in (PIPELINE, STEP_RECORD, ON):
        for key in record.fields:
            assert f"{key}:" in text or f"[{key}" in text, key


def test_reading_a_file_twice_gives_the_same() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert read(text).problems == read(text).problems
        assert read(text).spec == read(text).spec
