"""Where the contract stands, and the program that writes its derived files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).parents[2]
CONTRACT = REPOSITORY / "contract"
FILES = sorted((CONTRACT / "pipeline-files").glob("*.yml"))


def load_program(name: str) -> ModuleType:
    """A program of the repository that is no part of the package."""
    path = REPOSITORY / name
    spec = importlib.util.spec_from_file_location(name.removesuffix(".py").replace("/", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_program("contract/generate.py")
