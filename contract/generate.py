"""Writes what is derived: run it after a change of the grammar or of a message, and read the diff.

    python contract/generate.py

pipeline.schema.json      the JSON Schema of the pipeline file
sentences.json            what the server says in English, and how it is said in Chinese
pipeline-files/*.json     beside each pipeline file: the problems that `ansflow validate` reports, or the spec it gives
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansflow.cli import sentences, texts
from ansflow.core import codec
from ansflow.document.reader import read
from ansflow.plugins import checking, registry

CONTRACT = Path(__file__).parent
PLACED = ("code", "message", "hint", "line", "column")


def expected(text: str) -> dict[str, Any]:
    """What both sides must say of a pipeline file."""
    document = read(text)
    if problems := checking.check(document):
        return {"problems": [{name: getattr(problem, name) for name in PLACED} for problem in problems]}
    return {"spec": codec.dump(document.spec)}


def said(files: Iterable[Mapping[str, Any]]) -> set[str]:
    """Sentences with what stands in them: those of the message file, of step types, and of these files' problems."""
    written = json.loads((texts.LOCALES / "sentences.zh.json").read_text(encoding="utf-8"))["sentences"]
    result = {sentences.HOLE.sub(lambda hole: f"'{hole[1]}'", pattern) for pattern in written}
    for kind in map(registry.step_type, registry.names("steps")):
        result |= {kind.summary, *(field.description for field in kind.parameters.fields.values())}
    for problem in (problem for file in files for problem in file.get("problems", ())):
        result |= {problem["message"], problem["hint"], f"{problem['message']} {problem['hint']}".strip()}
    return result - {""}


def in_chinese(english: Iterable[str]) -> dict[str, str]:
    texts.choose_language(["--lang", "zh"], {})
    try:
        return {sentence: sentences.translated(sentence) for sentence in sorted(english)}
    finally:
        texts.choose_language(["--lang", "en"], {})


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    result = {CONTRACT / "pipeline.schema.json": checking.json_schema()}
    for file in sorted((CONTRACT / "pipeline-files").glob("*.yml")):
        result[file.with_suffix(".json")] = expected(file.read_text(encoding="utf-8"))
    result[CONTRACT / "sentences.json"] = in_chinese(said(result.values()))
    return {path: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for path, value in result.items()}


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
