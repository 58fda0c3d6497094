"""What a browser has to fetch before a page can be used, packed. Counted from the build itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
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
FETCHED_WHEN_WANTED = {
    "CodeMirror": "cm-editor",
    "React Flow": "react-flow__",
    "the reader of YAML": "Implicit keys need to be on a single line",
    "the reader of Markdown": "literalAutolink",
    "the palette": "cmdk-",
}
"""Libraries by a text of their own, which survives being packed together."""
OURS = Path(__file__).parents[3] / "web" / "src"
NAMESPACES = re.compile(r"useTranslation\(([^)]*)\)")
OF_A_LANGUAGE = {"en": (), "zh-CN": ("src/lib/sentences-zh.ts", "node_modules/antd/es/locale/zh_CN.js")}
"""What a language wants beside its files of texts."""
MORE = {"en": 0, "zh-CN": 45}
"""Kilobytes by which a page may be larger in a language: the sentences of the server are English by themselves."""


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


def texts(page: str, language: str) -> set[str]:
    """The chunks of the texts of a page: those that its feature names, and those of what stands around every page."""
    said = {"app", "status"}
    for file in (OURS / page.removeprefix("src/")).parent.rglob("*.tsx"):
        for named in NAMESPACES.findall(file.read_text(encoding="utf-8")):
            said.update(re.findall(r'"([\w-]+)"', named))
    return {f"src/locales/{language}/{name}.json" for name in said} | set(OF_A_LANGUAGE[language])


@pytest.mark.parametrize("language", OF_A_LANGUAGE)
def test_no_page_is_larger_than_its_limit(chunks: Mapping[str, Any], language: str) -> None:
    pages = [key for key in chunks if key.endswith("-page.tsx") and chunks[key].get("isDynamicEntry")]
    assert pages
    sizes = {key: kilobytes(fetched(chunks, "index.html", key, *texts(key, language))) for key in pages}
    print("\n".join(f"{size:6.1f} kB  {key}" for key, size in sorted(sizes.items(), key=lambda one: one[1])))
    assert set(MOST) <= {_named(key) for key in pages}, "a limit of a page that does not exist holds nothing"
    limits = {key: MOST.get(_named(key), MOST_OTHERWISE) + MORE[language] for key in pages}
    assert {key: size for key, size in sizes.items() if size > limits[key]} == {}


def _named(key: str) -> str:
    return key.removeprefix("src/").removesuffix(".tsx")


def test_what_few_pages_need_is_fetched_by_no_other(chunks: Mapping[str, Any]) -> None:
    first = fetched(chunks, "index.html", *(f"src/{page}.tsx" for page in MOST))
    holds = {
        file: {name for name, mark in FETCHED_WHEN_WANTED.items() if mark in file.read_text(errors="replace")}
        for file in (BUILT.parent / "assets").glob("*.js")
    }
    assert set.union(*holds.values()) == set(FETCHED_WHEN_WANTED), "a mark that stands nowhere shows nothing"
    assert {file: names for file, names in holds.items() if names and f"assets/{file.name}" in first} == {}
