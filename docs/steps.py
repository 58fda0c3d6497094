"""Writes the parameter tables in docs/steps/*.md from the step types' schemas: run it after a change of one.

python docs/steps.py
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansflow.core.schema import Record
from ansflow.plugins.registry import step_type

PAGES = Path(__file__).parent / "steps"
START = "<!-- Written by docs/steps.py from the parameter schema: change it there. -->\n"
END = "<!-- end -->\n"


def page_with_table(name: str, text: str) -> str:
    """The page with its table made anew; a page without the marks is left as it is."""
    if START not in text:
        return text
    before, _, rest = text.partition(START)
    return before + START + "".join(_table(step_type(name).parameters)) + END + rest.partition(END)[2]


def _table(record: Record) -> Iterator[str]:
    yield "| parameter | written as | meaning | default |\n|---|---|---|---|\n"
    for name, field in record.fields.items():
        words = field.description.replace("|", "\\|").rstrip(".")
        default = "required" if field.required else _shown(field.default)
        yield f"| `{name}` | {form(field.kind)} | {words} | {default} |\n"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`[{', '.join(value)}]`" if isinstance(value, (list, tuple)) else f"`{value}`"


def _load_form() -> Any:
    """How docs/generate.py writes a kind: the reference page and these pages use the same words."""
    spec = importlib.util.spec_from_file_location("docs_generate", Path(__file__).with_name("generate.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError("docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.form


form = _load_form()


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(page_with_table(path.stem, path.read_text()))
