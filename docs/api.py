"""Writes docs/reference/api.md from contract/openapi.json: run it after a change of the API.

python docs/api.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ansflow.api.base.reading import Deed, Value, deeds, records

DOCS = Path(__file__).parent
PAGE = DOCS / "reference" / "api.md"
SCHEMA = DOCS.parent / "contract" / "openapi.json"
HEAD = """<!-- Written by docs/api.py from contract/openapi.json, which is drawn from the code: change it there. -->
# REST API

Everything is JSON below `/api/v1/`; paths end with a slash. A running server shows this page at `/api/docs/`, and the
OpenAPI schema at `/api/schema/`. How to sign in, page, filter and read errors: [use the API](../how-to/use-the-api.md).

Any operation can answer 400, and 401 where somebody must be signed in; other errors stand with each. A `*` marks what
is required.
"""


def page() -> str:
    """The whole page."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    lines: list[str] = []
    for tag, group in groupby(sorted(deeds(schema), key=lambda deed: deed.tag), key=lambda deed: deed.tag):
        lines += ["", f"## {tag}"]
        for deed in group:
            lines += _operation(deed)
    lines += ["", "## Records"]
    for name, values in records(schema).items():
        lines += ["", f"### {name}", "", *_table(values)]
    return HEAD + "\n".join(lines) + "\n"


def _operation(deed: Deed) -> Iterator[str]:
    yield from ("", f"### {deed.method} {deed.path}", "", deed.description or deed.summary, "", f"Who: {deed.policy}")
    if deed.parameters:
        yield from ("", *_table(deed.parameters))
    takes = f"Takes {_form(deed.body)}. " if deed.body else ""
    answers = f": {_form(deed.answer)}" if deed.answer else ""
    others = [status for status in deed.failures if status not in ("400", "401")]
    errors = f" Errors: {', '.join(others)}." if others else ""
    yield from ("", f"{takes}Answers {deed.status}{answers}.{errors}")


def _table(values: Sequence[Value]) -> Iterator[str]:
    if not values:
        yield "No fields."
        return
    yield "| name | form | meaning |"
    yield "|---|---|---|"
    for value in values:
        star = " *" if value.required else ""
        yield f"| `{value.name}`{star} | {_form(value)} | {_cell(value.description)} |"


def _form(value: Value) -> str:
    link = f"[{value.record}](#{value.record.lower()})"
    return _cell(value.form).replace(value.record, link, 1) if value.record else _cell(value.form)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
