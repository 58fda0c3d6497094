"""The functions of the language: names, types and what they do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.core.expressions.tree import ExpressionError
from ansflow.core.expressions.values import ANY, BOOLEAN, LIST, TEXT, Type, as_text, same, to_json
from ansflow.core.patterns import BadPattern, compile_pattern


@dataclass(frozen=True, slots=True)
class Function:
    """A function's types. `rest` is the type of further arguments. Where `does` is None the caller gives it."""

    arguments: tuple[Type, ...]
    result: Type
    does: Callable[..., Any] | None = None
    rest: Type | None = None


def contains(where: Any, what: Any) -> bool:
    if isinstance(where, str):
        return as_text(what) in where
    return isinstance(where, (list, tuple)) and any(same(item, what) for item in where)


def _matches(text: Any, pattern: Any) -> bool:
    try:
        return compile_pattern(as_text(pattern)).search(as_text(text)[:MAX_SUBJECT])
    except BadPattern as error:
        raise ExpressionError(str(error)) from None


def _format(template: Any, *values: Any) -> str:
    def put(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if int(found[1]) >= len(values):
            raise ExpressionError(f"format() has no value for {found[0]}: it was given {len(values)}.")
        return as_text(values[int(found[1])])

    return re.sub(r"\{\{|\}\}|\{(\d{1,3})\}", put, as_text(template))


def _from_json(text: Any) -> Any:
    try:
        return json.loads(as_text(text))
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"from_json() was given text that is no JSON: {error}.") from None


MAX_SUBJECT = 10_000  # characters that `matches` looks at

FUNCTIONS: Mapping[str, Function] = {
    "success": Function((), BOOLEAN),
    "failure": Function((), BOOLEAN),
    "always": Function((), BOOLEAN),
    "cancelled": Function((), BOOLEAN),
    "contains": Function((ANY, ANY), BOOLEAN, contains),
    "starts_with": Function((TEXT, TEXT), BOOLEAN, lambda text, start: as_text(text).startswith(as_text(start))),
    "ends_with": Function((TEXT, TEXT), BOOLEAN, lambda text, end: as_text(text).endswith(as_text(end))),
    "matches": Function((TEXT, TEXT), BOOLEAN, _matches),
    "format": Function((TEXT,), TEXT, _format, rest=ANY),
    "join": Function((LIST,), TEXT, lambda items, by=",": as_text(by).join(map(as_text, _items(items))), rest=TEXT),
    "from_json": Function((TEXT,), ANY, _from_json),
    "to_json": Function((ANY,), TEXT, lambda value: to_json(value, indent=2)),
    "hash_files": Function((TEXT,), TEXT, rest=TEXT),
    "default": Function((ANY, ANY), ANY, lambda value, otherwise: otherwise if value in (None, "") else value),
}
STATUS_FUNCTIONS = frozenset({"success", "failure", "always", "cancelled"})
ALIASES = {
    "startsWith": "starts_with",
    "endsWith": "ends_with",
    "fromJSON": "from_json",
    "toJSON": "to_json",
    "hashFiles": "hash_files",
}


def _items(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


def arity_problem(name: str, given: int) -> str:
    """A sentence when a function of the table was given too few or too many arguments, "" otherwise."""
    function = FUNCTIONS[name]
    least = len(function.arguments)
    if given >= least and (given == least or function.rest is not None):
        return ""
    count = f"{'at least ' if function.rest else ''}{least or 'no'} argument{'' if least == 1 else 's'}"
    return f"{name}() takes {count}, not {given}."
