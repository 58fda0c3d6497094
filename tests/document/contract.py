"""Where the contract stands, and the program that writes its derived files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

CONTRACT = Path(__file__).parents[2] / "contract"
FILES = sorted((CONTRACT / "pipeline-files").glob("*.yml"))


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load(CONTRACT / "generate.py")
