"""The smallest words of the grammar: names, lines, times, and values that somebody else checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.schema import (
    JSON,
    Boolean,
    Duration,
    Integer,
    ListOf,
    MapOf,
    Problems,
    Text,
    written,
)
from ansflow.core.spec import (
    Scalar,
)

ID = r"[A-Za-z_][A-Za-z0-9_-]{0,99}"
ID_FORM = "a letter or _, then letters, digits, _ and -, at most 100 characters"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,199}"
VARIABLE_FORM = "a letter or _, then letters, digits and _"

WORD = Text(literal=True, pattern=ID, form=ID_FORM)
LINE = Text(minimum=1)
LINES = ListOf(LINE, minimum=1)
FIXED_LINE = Text(literal=True, minimum=1)
ONE_TEXT = Text(literal=True, multiline=True)
NAMES = ListOf(FIXED_LINE)
TIME = Duration(literal=True, positive=True)
PAUSE = Duration(literal=True)
SWITCH = Boolean(literal=True)
COUNT = Integer(literal=True, minimum=1)
ENV = MapOf(Text(multiline=True), name=VARIABLE, form=VARIABLE_FORM, hint="Write NAME: value.")


@dataclass(eq=False, repr=False)
class SingleValue:
    """Text, a number, true, false or nothing. A fraction stays the text it was written as: 3.10 is a version."""

    def read(self, value: Any, path: Path, problems: Problems) -> Scalar:
        if isinstance(value, (dict, list)):
            problems.wrong(path, "a single value", value)
            return None
        if isinstance(value, str):
            return ONE_TEXT.read(value, path, problems)  # type: ignore[no-any-return]
        return plain(value) if not isinstance(value, float) else written(value)

    def json_schema(self) -> JSON:
        return {"type": ["string", "number", "boolean", "null"]}


def plain(value: Any) -> Any:
    """The value without what only the document knows. A number that would print differently (3.10) stays text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, (int, float)) and type(value) not in (int, float, bool) else value


@dataclass(eq=False, repr=False)
class Parameters:
    """A map that somebody else checks: a step type, an executor, a template."""

    def read(self, value: Any, path: Path, problems: Problems) -> dict[str, Any] | None:
        if value is None or isinstance(value, Mapping):
            return dict(plain(value or {}))
        problems.wrong(path, "a map", value)
        return None

    def json_schema(self) -> JSON:
        return {"type": ["object", "null"]}
