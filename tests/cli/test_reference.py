from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from ansflow.cli.parser import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


def program(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_page_says_what_the_parser_says() -> None:
    text = program("cli").page()
    assert (DOCS / "reference" / "cli.md").read_text(encoding="utf-8") == text, "run: python docs/cli.py"
    assert all(f"### `ansflow {name}`" in text for name in COMMANDS)
