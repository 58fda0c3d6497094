"""What the documentation shows works: every whole pipeline in it is valid, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansflow.document.reader import read
from ansflow.plugins.checking import check

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").rglob(".ansflow.yml"))
FENCED = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def pipelines() -> list[object]:
    found = []
    for page in PAGES:
        for number, block in enumerate(FENCED.findall(page.read_text()), start=1):
            if "version: 1\n" in block and "\nsteps:" in block:
                found.append(pytest.param(block, id=f"{named(page)}-{number}"))
    return found


@pytest.mark.parametrize("text", pipelines())
def test_a_pipeline_in_the_documentation_is_valid(text: str) -> None:
    assert [str(problem) for problem in check(read(text))] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    missing = [target for target in LINK.findall(prose) if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("file", EXAMPLES, ids=named)
def test_an_example_is_valid(file: Path) -> None:
    assert [str(problem) for problem in check(read(file.read_text()))] == []
