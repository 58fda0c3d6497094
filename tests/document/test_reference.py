"""The reference page says what the grammar says, and its example is a pipeline that runs."""

from __future__ import annotations

import re

from ansflow.document.grammar import PIPELINE, STEP_RECORD
from ansflow.document.reader import read
from ansflow.plugins.checking import check
from tests.document.contract import load_program

docs = load_program("docs/generate.py")
PAGE = docs.PAGE.read_text(encoding="utf-8")


def test_the_reference_page_is_current() -> None:
    assert docs.page() == PAGE, "run: python docs/generate.py"


def test_every_key_of_the_top_level_and_of_a_step_stands_on_the_page() -> None:
    for record in (PIPELINE, STEP_RECORD):
        for name, known in record.fields.items():
            assert f"| `{name}`" in PAGE
            assert known.description in PAGE


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = {re.sub(r"[`.]", "", title).lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", PAGE, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


def test_the_examples_of_the_page_have_no_fault() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    assert len(examples) > 1
    for example in examples:
        assert [str(problem) for problem in check(read(example))] == []
