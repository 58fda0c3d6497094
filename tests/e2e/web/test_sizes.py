"""What a browser has to fetch before a page can be used, packed. Counted from the build itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.web.browser import BUILT

KILOBYTE = 1000
MOST = {
    "features/executions/executions-page": 380,
    "features/execution-live/execution-page": 300,
}
"""Kilobytes of pages with a limit of their own."""
MOST_OTHERWISE = 520
NEVER_AT_THE_START = ("echarts", "codemirror", "@rjsf", "elkjs", "@xyflow", "dagre", "uplot")


@pytest.fixture(scope="module")
def chunks() -> Mapping[str, Any]:
    if not BUILT.exists():
        pytest.skip("the web app has not been built: `make web` does it")
    return dict(json.loads((BUILT.parent / "manifest.json").read_text()))


def fetched(chunks: Mapping[str, Any], *keys: str) -> set[str]:
    """Files that these chunks want before they run."""
    seen: set[str] = set()
    left = list(keys)
    while left:
        key = left.pop()
        if key not in seen:
            seen.add(key)
            left += chunks[key].get("imports", [])
    return {file for key in seen for file in (chunks[key]["file"], *chunks[key].get("css", []))}


def kilobytes(files: set[str]) -> float:
    return sum(_packed(file) for file in files) / KILOBYTE


def _packed(file: str) -> int:
    packed = BUILT.parent / f"{file}.gz"
    return (packed if packed.exists() else BUILT.parent / file).stat().st_size


def test_no_page_is_larger_than_its_limit(chunks: Mapping[str, Any]) -> None:
    pages = [key for key in chunks if key.endswith("-page.tsx") and chunks[key].get("isDynamicEntry")]
    assert pages
    sizes = {key: kilobytes(fetched(chunks, "index.html", key)) for key in pages}
    print("\n".join(f"{size:6.1f} kB  {key}" for key, size in sorted(sizes.items(), key=lambda one: one[1])))
    assert set(MOST) <= {_named(key) for key in pages}, "a limit of a page that does not exist holds nothing"
    limits = {key: MOST.get(_named(key), MOST_OTHERWISE) for key in pages}
    assert {key: size for key, size in sizes.items() if size > limits[key]} == {}


def _named(key: str) -> str:
    return key.removeprefix("src/").removesuffix(".tsx")


def test_what_few_pages_need_is_not_fetched_by_all(chunks: Mapping[str, Any]) -> None:
    """By the names of the libraries' own texts, which survive being packed together."""
    start = "".join((BUILT.parent / file).read_text(errors="replace") for file in fetched(chunks, "index.html"))
    assert [name for name in NEVER_AT_THE_START if name in start] == []
