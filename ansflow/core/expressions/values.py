"""What values are: their types, their equality, and how they look as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is known to be before the run.

    `fields` of a map are all it can hold; None means any key, of type `item`.
    """

    kind: str  # text | number | boolean | null | list | map | any
    fields: Mapping[str, Type] | None = None
    item: Type | None = None

    def __str__(self) -> str:
        return {"boolean": "true or false", "list": "a list", "map": "a map", "number": "a number"}.get(
            self.kind, self.kind
        )


ANY, TEXT, NUMBER, BOOLEAN, NULL, LIST = (Type(kind) for kind in ("any", "text", "number", "boolean", "null", "list"))
MAP = Type("map")


def map_of(fields: Mapping[str, Type]) -> Type:
    """A map with exactly these keys."""
    return Type("map", fields)


def type_of(value: Any) -> Type:
    match value:
        case None:
            return NULL
        case bool():
            return BOOLEAN
        case int() | float():
            return NUMBER
        case str():
            return TEXT
        case Mapping():
            return MAP
        case _:
            return LIST


def as_text(value: Any) -> str:
    """A value as text: booleans and null as in YAML, maps and lists as JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return str(value)
        case float():
            written = getattr(value, "text", None)  # a number that YAML wrote in a form of its own, as 3.10
            return (
                str(written)
                if written
                else str(int(value))
                if value.is_integer() and abs(value) < 1e15
                else repr(value)
            )
        case int():
            return str(value)
        case _:
            return to_json(value)


def same(left: Any, right: Any) -> bool:
    """Equality without coercion: values of different types are never equal."""
    return type_of(left).kind == type_of(right).kind and bool(left == right)


def to_json(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=dict)


def shown(value: Any) -> str:
    """A value inside an explanation: quoted, short, on one line."""
    text = f"'{value}'" if isinstance(value, str) else "null" if value is None else as_text(value)
    text = text.replace("\n", "\\n")
    return text if len(text) <= 80 else text[:79] + "…"
