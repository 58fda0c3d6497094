"""A small schema language: one description gives the reader, its errors, the JSON Schema and the form in the editor.

The pipeline file's grammar and the parameters of every step type are written in it. A kind reads a plain value (as the
YAML reader gives it) into the value the program uses, and reports what does not fit as `Problem`s that carry the path.
It stands here, instead of a library, because it lies on the path of every `ansflow run`: see docs/adr.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from ansflow.core.errors import Path, Problem

JSON = dict[str, Any]

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
SIZE = re.compile(r"(\d+)(Ki|Mi|Gi|Ti|K|M|G|T)?")
SIZE_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
              "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip


class Problems(list[Problem]):
    """Collects what is wrong, so that one reading reports everything."""

    def add(self, path: Path, code: str, message: str, hint: str = "") -> None:
        self.append(Problem(code=code, message=message, hint=hint, path=path))

    def wrong(self, path: Path, wanted: str, value: Any, hint: str = "") -> None:
        name = f"{path[-1]!r} " if path and isinstance(path[-1], str) else ""
        self.add(path, "wrong_type", f"{name}wants {wanted}, not {shown(value)}.", hint)


class Kind(Protocol):
    """What a value may be. `read` returns None after it has reported a problem."""

    def read(self, value: Any, path: Path, problems: Problems) -> Any: ...

    def json_schema(self) -> JSON: ...


def is_template(value: Any) -> bool:
    """True for text that holds an expression: its type is known only when it has been evaluated."""
    return isinstance(value, str) and "${{" in value


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?`, or nothing when no known word is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value as an error message names it: short, on one line."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text; a number or a boolean is taken as the text it was written as."""

    pattern: str = ""
    strict: bool = False  # refuse numbers and booleans
    multiline: bool = False

    def read(self, value: Any, path: Path, problems: Problems) -> str | None:
        if isinstance(value, bool) and not self.strict:
            value = "true" if value else "false"
        elif isinstance(value, (int, float)) and not self.strict:
            value = str(value)
        if not isinstance(value, str):
            problems.wrong(path, "text", value)
            return None
        if self.pattern and not is_template(value) and not re.fullmatch(self.pattern, value):
            problems.add(path, "wrong_form", f"{shown(value)} does not have the form {self.pattern}.")
            return None
        return value

    def json_schema(self) -> JSON:
        types: Any = "string" if self.strict else ["string", "number", "boolean"]
        return {"type": types} | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    minimum: int | None = None
    maximum: int | None = None

    def read(self, value: Any, path: Path, problems: Problems) -> int | str | None:
        if is_template(value):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int):
            problems.wrong(path, "a whole number", value)
            return None
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            low = "" if self.minimum is None else f"at least {self.minimum}"
            high = "" if self.maximum is None else f"at most {self.maximum}"
            problems.add(path, "out_of_range", f"{value} must be {' and '.join(filter(None, (low, high)))}.")
            return None
        return value

    def json_schema(self) -> JSON:
        schema: JSON = {"type": "integer"}
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    minimum: float | None = None
    maximum: float | None = None

    def read(self, value: Any, path: Path, problems: Problems) -> float | str | None:
        if is_template(value):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problems.wrong(path, "a number", value)
            return None
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            problems.add(path, "out_of_range", f"{value} must lie between {self.minimum} and {self.maximum}.")
            return None
        return float(value)

    def json_schema(self) -> JSON:
        schema: JSON = {"type": "number"}
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    def read(self, value: Any, path: Path, problems: Problems) -> bool | str | None:
        if is_template(value):
            return str(value)
        if not isinstance(value, bool):
            hint = (
                "Write true or false." if isinstance(value, str) and value.lower() in {"yes", "no", "on", "off"} else ""
            )
            problems.wrong(path, "true or false", value, hint)
            return None
        return value

    def json_schema(self) -> JSON:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[str, ...]

    def read(self, value: Any, path: Path, problems: Problems) -> str | None:
        if is_template(value) or (isinstance(value, str) and value in self.options):
            return str(value)
        hint = nearest(value, self.options) if isinstance(value, str) else ""
        problems.wrong(path, "one of " + ", ".join(self.options), value, hint)
        return None

    def json_schema(self) -> JSON:
        return {"enum": list(self.options)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """`90s`, `1h30m`; gives a timedelta."""

    def read(self, value: Any, path: Path, problems: Problems) -> timedelta | None:
        match = DURATION.fullmatch(value) if isinstance(value, str) and value else None
        if match is None:
            hint = f"Write {value}s for seconds." if isinstance(value, int) and not isinstance(value, bool) else ""
            problems.wrong(path, "a duration such as 90s, 10m or 2h", value, hint)
            return None
        days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
        try:
            return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
        except OverflowError:
            problems.add(path, "out_of_range", f"{shown(value)} is longer than any run can last.")
            return None

    def json_schema(self) -> JSON:
        return {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$", "minLength": 2,
                "examples": ["90s", "10m", "2h"]}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`512Mi`, `2G`; gives bytes."""

    def read(self, value: Any, path: Path, problems: Problems) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        match = SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            problems.wrong(path, "a size such as 512Mi or 2Gi", value)
            return None
        return int(match[1]) * SIZE_UNITS[match[2] or ""]

    def json_schema(self) -> JSON:
        return {"type": ["string", "integer"], "pattern": r"^\d+(Ki|Mi|Gi|Ti|K|M|G|T)?$", "examples": ["512Mi"]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; a single value stands for a list of one."""

    item: Kind

    def read(self, value: Any, path: Path, problems: Problems) -> tuple[Any, ...] | None:
        if value is None:
            problems.wrong(path, "a list", value)
            return None
        if not isinstance(value, list):
            return (self.item.read(value, path, problems),)
        return tuple(self.item.read(item, (*path, index), problems) for index, item in enumerate(value))

    def json_schema(self) -> JSON:
        item = self.item.json_schema()
        return {"anyOf": [item, {"type": "array", "items": item}]}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with names of the author's choosing."""

    value: Kind
    name: str = r"[^\x00-\x1f]+"

    def read(self, value: Any, path: Path, problems: Problems) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            problems.wrong(path, "a map", value)
            return None
        result = {}
        for key, item in value.items():
            if not re.fullmatch(self.name, str(key)):
                problems.add((*path, key), "bad_name", f"{shown(key)} is no name here: it must match {self.name}.")
                continue
            result[str(key)] = self.value.read(item, (*path, key), problems)
        return result

    def json_schema(self) -> JSON:
        return {"type": "object", "additionalProperties": self.value.json_schema(),
                "propertyNames": {"pattern": f"^(?:{self.name})$"}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record. `description` is shown in the docs, in completion and as the form's label."""

    kind: Kind
    description: str = ""
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A map with known keys. Keys that start with `x-` are the author's own and are passed over."""

    fields: Mapping[str, Field]
    open: bool = field(default=True)  # whether `x-*` keys may stand here
    what: str = ""  # "a step", in error messages

    def read(self, value: Any, path: Path, problems: Problems) -> dict[str, Any] | None:
        """Only the keys that were written: a default is the reader's business, so that absence stays visible."""
        if not isinstance(value, Mapping):
            problems.wrong(path, f"a map{' (' + self.what + ')' if self.what else ''}", value)
            return None
        result = {}
        for key, item in value.items():
            known = self.fields.get(str(key))
            if known is not None:
                result[str(key)] = known.kind.read(item, (*path, key), problems)
            elif not (self.open and str(key).startswith("x-")):
                place = f" in {self.what}" if self.what else ""
                hint = nearest(str(key), self.fields) or "Known: " + ", ".join(self.fields) + "."
                problems.add((*path, key), "unknown_key", f"Unknown key {shown(str(key))}{place}.", hint)
        for key, known in self.fields.items():
            if known.required and key not in value:
                place = self.what or "this map"
                problems.add(
                    path, "missing_key", f"{place[:1].upper() + place[1:]} needs the key {key!r}.", known.description
                )
        return result

    def json_schema(self) -> JSON:
        schema: JSON = {
            "type": "object",
            "properties": {name: _described(known) for name, known in self.fields.items()},
            "additionalProperties": False,
        }
        if self.open:
            schema["patternProperties"] = {"^x-": {}}
        required = [name for name, known in self.fields.items() if known.required]
        return schema | ({"required": required} if required else {})


def _described(known: Field) -> JSON:
    schema = known.kind.json_schema()
    if known.description:
        schema["description"] = known.description
    if known.default is not None:
        schema["default"] = known.default
    return schema


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value: checked later by whoever knows its meaning."""

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        return value

    def json_schema(self) -> JSON:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """The value may be written in several forms: the first whose Python type fits reads it."""

    forms: tuple[tuple[type | tuple[type, ...], Kind], ...]
    wanted: str

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        for shape, kind in self.forms:
            if isinstance(value, shape) and not (isinstance(value, bool) and shape is int):
                return kind.read(value, path, problems)
        problems.wrong(path, self.wanted, value)
        return None

    def json_schema(self) -> JSON:
        return {"anyOf": [kind.json_schema() for _, kind in self.forms]}
