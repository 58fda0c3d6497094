"""Writes what is derived: run it after a change of the grammar or of a message, and read the diff.

    python contract/generate.py

pipeline.schema.json      the JSON Schema of the pipeline file
pipeline-files/*.json     beside each pipeline file: the problems that `ansflow validate` reports, or the spec it gives
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansflow.core import codec
from ansflow.document.reader import read
from ansflow.plugins import checking

CONTRACT = Path(__file__).parent
PLACED = ("code", "message", "hint", "line", "column")


def expected(text: str) -> dict[str, Any]:
    """What both sides must say of a pipeline file."""
    document = read(text)
    if problems := checking.check(document):
        return {"problems": [{name: getattr(problem, name) for name in PLACED} for problem in problems]}
    return {"spec": codec.dump(document.spec)}


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    result = {CONTRACT / "pipeline.schema.json": checking.json_schema()}
    for file in sorted((CONTRACT / "pipeline-files").glob("*.yml")):
        result[file.with_suffix(".json")] = expected(file.read_text(encoding="utf-8"))
    return {path: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for path, value in result.items()}


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
