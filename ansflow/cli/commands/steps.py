"""`ansflow steps`: the step types installed here, and what each can be told."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansflow.cli.asked import refused
from ansflow.cli.exits import OK
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen, pad, plain, width, wrap
from ansflow.cli.texts import t
from ansflow.core.errors import NotAvailable
from ansflow.plugins import registry
from ansflow.plugins.contracts import StepType


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("list", "show"), default="list", help=t("steps.action"))
    parser.add_argument("type", nargs="?", default="", metavar="TYPE", help=t("steps.type"))
    parser.add_argument("--json", action="store_true", help=t("option.json"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    known = registry.names("steps")
    if args.action == "show" and not args.type:
        raise refused("type", t("steps.which", known=", ".join(known)))
    if args.type:
        kind = _asked(args.type, known)
        _write(screen, _described(kind)) if args.json else _show(screen, kind)
        return OK
    types = {name: _loaded(name) for name in known}
    if args.json:
        found = [kind for kind in types.values() if not isinstance(kind, NotAvailable)]
        _write(screen, [_described(kind) for kind in found])
    else:
        _list(screen, types)
    return OK


def _asked(name: str, known: Sequence[str]) -> StepType:
    """A type that is not known is a wrong request; one that cannot be loaded is a fault of the installation."""
    try:
        return registry.step_type(name)
    except NotAvailable as error:
        if name in known:
            raise
        raise refused(error.code, str(error)) from None


def _loaded(name: str) -> StepType | NotAvailable:
    """A stranger's step type that cannot be loaded must not hide the others."""
    try:
        return registry.step_type(name)
    except NotAvailable as error:
        return error


def _list(screen: Screen, types: Mapping[str, StepType | NotAvailable]) -> None:
    names = max(map(width, types))
    for name, kind in types.items():
        missing = isinstance(kind, NotAvailable)
        text = translated(str(kind) if isinstance(kind, NotAvailable) else kind.summary)
        head, *rest = wrap(text, max(screen.columns - names - 3, 20))
        screen.print(f"{screen.paint('bold', pad(name, names))}  {screen.paint('red' if missing else '', head)}")
        for line in rest:
            screen.print(f"{' ' * names}  {line}")


def _described(kind: StepType) -> dict[str, Any]:
    return {"name": kind.name, "summary": kind.summary, "with": kind.parameters.json_schema()}


def _write(screen: Screen, value: Any) -> None:
    from ansflow.cli.views.jsonl import write_json  # noqa: PLC0415 — for programs only

    write_json(screen, value, indent=2)


def _show(screen: Screen, kind: StepType) -> None:
    screen.print(f"{screen.paint('bold', kind.name)}  {translated(kind.summary)}")
    screen.print(screen.paint("dim", t("steps.used", name=kind.name)))
    screen.print()
    if not kind.parameters.fields:
        screen.print(t("steps.no_parameters", name=kind.name))
        return
    for line in _table(screen, kind.parameters.json_schema()):
        screen.print(line)


def _table(screen: Screen, schema: Mapping[str, Any]) -> Iterator[str]:
    """One parameter per row; where the terminal is narrow, its meaning stands below it."""
    rows = [
        (name, form(field), translated(shown_default(name, field, schema)), translated(field.get("description", "")))
        for name, field in schema["properties"].items()
    ]
    titles = (t("steps.parameter"), t("steps.form"), t("steps.default"), t("steps.description"))
    widths = [max(width(row[column]) for row in (titles, *rows)) for column in range(3)]
    room = screen.columns - sum(widths) - 6
    for row in (titles, *rows):
        style = "dim" if row is titles else ""
        head = "  ".join(pad(plain(cell), columns) for cell, columns in zip(row, widths, strict=False))
        meaning = wrap(row[3], room if room >= 24 else screen.columns - 5)
        if room >= 24:
            yield screen.paint(style, f"{head}  {meaning[0]}".rstrip())
            yield from (" " * (width(head) + 2) + line for line in meaning[1:])
        else:
            yield screen.paint(style, head.rstrip())
            yield from ("    " + screen.paint("dim", line) for line in meaning if line and row is not titles)


def form(field: Mapping[str, Any]) -> str:
    """What may be written, in words: of several forms, each."""
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        forms = [form(one).split(" | ") for one in field["anyOf"] if not _is_other_form(one)]
        return " | ".join(dict.fromkeys(word for words in forms for word in words))
    if "examples" in field:
        return t("kind.duration")
    kind = field.get("type", "any")
    kind = kind[0] if isinstance(kind, list) else kind
    words = {"string": "text", "array": "list", "object": "map"}
    return t(f"kind.{words.get(kind, kind)}")


def _is_other_form(field: Mapping[str, Any]) -> bool:
    """The form `${{ … }}`, which nearly every parameter has beside its own, and a number written as text."""
    return field.get("type") == "string" and "pattern" in field and "examples" not in field


def shown_default(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if name in schema.get("required", ()):
        return t("steps.required")
    default = field.get("default")
    if isinstance(default, (list, tuple)):
        return ", ".join(map(str, default))
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
