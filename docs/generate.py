"""Writes docs/reference/pipeline-file.md from the grammar: run it after a change of the grammar.

python docs/generate.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansflow.core.schema import (
    Anything,
    Boolean,
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Named,
    Number,
    Record,
    Shaped,
    Size,
    Text,
    written,
)
from ansflow.core.spec import EVENTS
from ansflow.document import elsewhere
from ansflow.document.grammar import PIPELINE, STEP_RECORD, Version
from ansflow.document.words import Parameters, SingleValue

PAGE = Path(__file__).parent / "reference" / "pipeline-file.md"
HEADER = Path(__file__).parent / "reference" / "pipeline-file.head.md"
NOTICE = "<!-- Written by docs/generate.py from ansflow/document/grammar.py: change it there. -->\n"
TITLES = {"a step": "A step", "the pipeline": "The top level"}

# ── how a value is written ───────────────────────────────────────────────────────────────────────────────────────


def form(kind: Any) -> str:
    """The forms of a value, in the words of the page."""
    match kind:
        case Choice(options=options):
            return "[event](#on)" if options == EVENTS else " · ".join(f"`{option}`" for option in options)
        case Text() | Integer() | Number() | Boolean() | Duration() | Size():
            return _leaf(kind)
        case ListOf():
            return f"{form(kind.item)} or list"
        case MapOf():
            return f"name → {form(kind.value)}"
        case Named():
            return form(kind.kind)
        case Shaped():
            return " · ".join(dict.fromkeys(form(inner) for _, inner in kind.forms))
        case Record(fields=fields, short=short):
            forms = [_without_map(fields[short].kind)] if short else []
            forms += [_link(kind)] if fields else ["nothing"]
            return " · ".join(dict.fromkeys(forms))
    return OTHERS[type(kind)]


OTHERS = {
    Version: "`1`",
    SingleValue: "single value",
    Parameters: "map",
    Anything: "anything",
}


def _without_map(kind: Any) -> str:
    """The form of a value that stands for its map: itself no map."""
    match kind:
        case Named():
            return _without_map(kind.kind)
        case Record():
            return _without_map(kind.fields[kind.short].kind)
    return form(kind)


def _leaf(kind: Any) -> str:
    match kind:
        case Text(form=words) if words:
            return _short(words)
        case Text():
            return "text"
        case Integer(minimum=low, maximum=high) | Number(minimum=low, maximum=high):
            return "number" + (f" from {low}" if low is not None else "") + (f" to {high}" if high is not None else "")
        case Boolean():
            return "`true` · `false`"
        case Duration():
            return "duration"
    return "size"


def _short(words: str) -> str:
    return {"a letter or _, then letters, digits, _ and -, at most 100 characters": "name",
            "a letter or _, then letters, digits and _": "variable"}.get(words, words)  # fmt: skip


def _title(record: Record) -> str:
    return TITLES.get(record.what) or "`" + record.what.removeprefix("a ").removeprefix("an ") + "`"


def _link(record: Record) -> str:
    anchor = _title(record).strip("`").lower().replace(" ", "-").replace(".", "")
    return f"[{'step' if record.what == 'a step' else 'map'}](#{anchor})"


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def records(kind: Any, seen: set[int]) -> Iterator[Record]:
    """Every record under a kind, each once, in the order in which the page meets them."""
    if isinstance(kind, Record) and id(kind) not in seen:
        seen.add(id(kind))
        yield kind
        for known in kind.fields.values():
            yield from records(known.kind, seen)
    for inner in _inside(kind):
        yield from records(inner, seen)


def _inside(kind: Any) -> list[Any]:
    match kind:
        case ListOf():
            return [kind.item]
        case MapOf():
            return [kind.value]
        case Named():
            return [kind.kind]
        case Shaped():
            return [inner for _, inner in kind.forms]
    return []


def _table(record: Record) -> Iterator[str]:
    yield "| key | written as | meaning | default |"
    yield "|---|---|---|---|"
    for name, known in record.fields.items():
        key = f"`{name}` (required)" if known.required else f"`{name}`"
        yield f"| {key} | {form(known.kind)} | {_meaning(known)} | {_default(known)} |"
    if record.rest is not None:
        yield f"| any other name | {form(record.rest)} | | |"


def _meaning(known: Field) -> str:
    return known.description.replace("|", "\\|")


def _default(known: Field) -> str:
    return "" if known.default is None else f"`{written(known.default)}`"


def _section(record: Record) -> Iterator[str]:
    if not record.fields and record.rest is None:
        return
    yield f"## {_title(record)}"
    yield ""
    if record.short:
        yield f"A value that is no map stands for `{record.short}`."
        yield ""
    for group in record.exclusive:
        yield "At most one of " + " and ".join(f"`{name}`" for name in group) + " can be written."
        yield ""
    yield from _table(record)
    yield ""


def _other_words() -> Iterator[str]:
    yield "## Words of other tools"
    yield ""
    yield "A file written for another tool is recognised, and each of its words is answered with ours."
    for title, words in (("At the top", elsewhere.TOP), ("In a step", elsewhere.STEP), ("Under `on`", elsewhere.ON)):
        yield ""
        yield f"| {title} | |"
        yield "|---|---|"
        yield from (f"| `{word}` | {_meaning(Field(Anything(), hint))} |" for word, hint in sorted(words.items()))
    yield ""


def page() -> str:
    """The whole page."""
    seen: set[int] = {id(PIPELINE), id(STEP_RECORD)}
    parts = [PIPELINE, STEP_RECORD]
    for record in (PIPELINE, STEP_RECORD):
        for known in record.fields.values():
            parts += records(known.kind, seen)
    lines = [line for record in parts for line in _section(record)]
    return NOTICE + HEADER.read_text(encoding="utf-8") + "\n" + "\n".join([*lines, *_other_words()])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
