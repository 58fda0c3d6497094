"""A small schema language: one description gives the reader, its errors, the JSON Schema and the form in the editor.

The pipeline file's grammar and the parameters of every step type are written in it. A kind reads a plain value (as the
YAML reader gives it) into the value the program uses, and reports what does not fit as `Problem`s that carry the path.
It stands here, instead of a library, because it lies on the path of every `ansflow run`: see docs/adr/0002.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Any, Protocol

from ansflow.core.errors import Path, Problem

JSON = dict[str, Any]

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
SIZE = re.compile(r"(\d+)(Ki|Mi|Gi|Ti|K|M|G|T)?", re.ASCII)
SIZE_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
              "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
TEMPLATE: JSON = {"type": "string", "pattern": r"\$\{\{", "description": "An expression: ${{ … }}"}


class Problems(list[Problem]):
    """Collects what is wrong, so that one reading reports everything.

    It stops at LIMIT, so that a hostile file of fifty thousand mistakes costs no more than a poor
    one; `dropped` counts on.
    """

    LIMIT = 200
    dropped = 0

    @property
    def full(self) -> bool:
        return len(self) >= self.LIMIT

    def add(self, path: Path, code: str, message: str, hint: str = "") -> None:
        if self.full:
            self.dropped += 1
        else:
            self.append(Problem(code=code, message=message, hint=hint, path=path))

    def wrong(self, path: Path, wanted: str, value: Any, hint: str = "") -> None:
        self.add(path, "wrong_type", f"{_subject(path)} wants {wanted}, not {shown(value)}.", hint)


class Kind(Protocol):
    """What a value may be. `read` returns None after it has reported a problem."""

    def read(self, value: Any, path: Path, problems: Problems) -> Any: ...

    def json_schema(self) -> JSON: ...


def is_template(value: Any) -> bool:
    """True for text that holds an expression: its type is known only when it has been evaluated."""
    return isinstance(value, str) and "${{" in value


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?`, or nothing when no known word is close."""
    if len(word) > 50:
        return ""
    same = word.replace("-", "_").lower()
    close = difflib.get_close_matches(same, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value as an error message names it: short, on one line."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value[:61]) if isinstance(value, str) else written(value)
    return text if len(text) <= 60 else text[:57] + "…"


def written(value: Any) -> str:
    """A single value as the text it was written as: `true`, `8080`, `3.10`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 4096:
        return hex(value)  # Python refuses to write such a number in decimal digits
    return str(value)


def _subject(path: Path) -> str:
    """What a message is about: the key, or the item of a list: `needs[0]`."""
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return "The file"
    items = "".join(f"[{part}]" for part in path[len(path) - path[::-1].index(words[-1]) :])
    return shown(words[-1])[1:-1] + items


# ── single values ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A single value. Text that holds an expression is passed on as it stands, unless the value must be `literal`:
    needed before anything is evaluated."""

    literal: bool = False

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        if not is_template(value):
            return self.parse(value, path, problems)
        if not self.literal:
            return value
        message = f"{_subject(path)} is decided before the run starts, so it cannot hold an expression."
        problems.add(path, "not_literal", message, "Write the value itself.")
        return None

    def json_schema(self) -> JSON:
        return self.shape() if self.literal else {"anyOf": [self.shape(), TEMPLATE]}

    def parse(self, value: Any, path: Path, problems: Problems) -> Any:
        raise NotImplementedError

    def shape(self) -> JSON:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Leaf):
    """Text; a number or a boolean is taken as the text it was written as. `form` says in words what `pattern` says."""

    pattern: str = ""
    form: str = ""
    strict: bool = False  # refuse numbers and booleans
    multiline: bool = False
    minimum: int = 0  # characters

    def parse(self, value: Any, path: Path, problems: Problems) -> str | None:
        if isinstance(value, (bool, int, float)) and not self.strict:
            value = written(value)
        if not isinstance(value, str):
            problems.wrong(path, "text", value, 'Write "" for an empty text.' if value is None else "")
            return None
        if len(value) < self.minimum:
            problems.add(path, "too_short", f"{_subject(path)} is empty.")
            return None
        if self.pattern and not re.fullmatch(self.pattern, value):
            wanted = self.form or f"the form {self.pattern}"
            problems.add(path, "wrong_form", f"{_subject(path)} wants {wanted}, not {shown(value)}.")
            return None
        return value

    def json_schema(self) -> JSON:
        narrow = self.pattern or self.literal
        return Leaf.json_schema(self) if narrow else self.shape()

    def shape(self) -> JSON:
        schema: JSON = {"type": "string" if self.strict else ["string", "number", "boolean"]}
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.minimum:
            schema["minLength"] = self.minimum
        return schema


def _within(number: float, low: float | None, high: float | None, path: Path, problems: Problems) -> bool:
    """Whether it lies in the range; reports where it does not."""
    if (low is None or number >= low) and (high is None or number <= high):
        return True
    words = " and ".join(
        f"{word} {limit}" for word, limit in (("at least", low), ("at most", high)) if limit is not None
    )
    problems.add(path, "out_of_range", f"{_subject(path)} must be {words}, not {shown(number)}.")
    return False


def _range(kind: str, low: float | None, high: float | None) -> JSON:
    limits = {"minimum": low, "maximum": high}
    return {"type": kind} | {name: limit for name, limit in limits.items() if limit is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric(Leaf):
    """Where an expression may stand, its result may be text: there a number in quotes is a number."""

    def number(self, value: Any) -> Any:
        if self.literal or not isinstance(value, str) or not NUMBER.fullmatch(value):
            return value
        return float(value) if "." in value else int(value)

    def json_schema(self) -> JSON:
        quoted: JSON = {"type": "string", "pattern": f"^(?:{NUMBER.pattern})$"}
        return self.shape() if self.literal else {"anyOf": [self.shape(), quoted, TEMPLATE]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Numeric):
    minimum: int | None = None
    maximum: int | None = None

    def parse(self, value: Any, path: Path, problems: Problems) -> int | None:
        value = self.number(value)
        if isinstance(value, bool) or not isinstance(value, int):
            problems.wrong(path, "a whole number", value)
            return None
        return value if _within(value, self.minimum, self.maximum, path, problems) else None

    def shape(self) -> JSON:
        return _range("integer", self.minimum, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Numeric):
    minimum: float | None = None
    maximum: float | None = None

    def parse(self, value: Any, path: Path, problems: Problems) -> float | None:
        value = self.number(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:  # nor nan, nor inf
            problems.wrong(path, "a number", value)
            return None
        return float(value) if _within(value, self.minimum, self.maximum, path, problems) else None

    def shape(self) -> JSON:
        return _range("number", self.minimum, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Leaf):
    def parse(self, value: Any, path: Path, problems: Problems) -> bool | None:
        if isinstance(value, bool):
            return value
        meant = isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "y", "n"}
        problems.wrong(path, "true or false", value, "Write true or false." if meant else "")
        return None

    def shape(self) -> JSON:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice(Leaf):
    options: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # a word of another tool → what we say instead

    def parse(self, value: Any, path: Path, problems: Problems) -> str | None:
        if isinstance(value, str) and value in self.options:
            return value
        hint = ""
        if isinstance(value, str) and not problems.full:
            hint = self.elsewhere.get(value) or nearest(value, self.options)
        problems.wrong(path, "one of " + ", ".join(self.options), value, hint)
        return None

    def shape(self) -> JSON:
        return {"enum": list(self.options)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Leaf):
    """`90s`, `1h30m`; gives a timedelta."""

    positive: bool = False

    def parse(self, value: Any, path: Path, problems: Problems) -> timedelta | None:
        match = DURATION.fullmatch(value) if isinstance(value, str) and 0 < len(value) <= 50 else None
        if match is None:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            hint = f"Write {shown(value)}s for seconds, {shown(value)}m for minutes." if number else ""
            problems.wrong(path, "a duration such as 90s, 10m or 2h", value, hint)
            return None
        try:
            days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
        except OverflowError:
            problems.add(path, "out_of_range", f"{_subject(path)} is longer than any run can last: {shown(value)}.")
            return None
        if self.positive and not length:
            problems.add(path, "out_of_range", f"{_subject(path)} must be longer than nothing.")
            return None
        return length

    def shape(self) -> JSON:
        return {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$", "minLength": 2,
                "examples": ["90s", "10m", "2h"]}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(Leaf):
    """`512Mi`, `2G`; gives bytes."""

    def parse(self, value: Any, path: Path, problems: Problems) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        match = SIZE.fullmatch(value) if isinstance(value, str) and len(value) <= 50 else None
        if match is None:
            problems.wrong(path, "a size such as 512Mi or 2Gi", value)
            return None
        return int(match[1]) * SIZE_UNITS[match[2] or ""]

    def shape(self) -> JSON:
        return {"type": ["string", "integer"], "pattern": r"^\d+(Ki|Mi|Gi|Ti|K|M|G|T)?$", "minimum": 0,
                "examples": ["512Mi"]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value: checked later by whoever knows its meaning."""

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        return value

    def json_schema(self) -> JSON:
        return {}


# ── lists and maps ───────────────────────────────────────────────────────────────────────────────────────────────


def _read_into(keep: Callable[[Any], None], kind: Kind, value: Any, path: Path, problems: Problems) -> None:
    """Reads one member of a list or map; what could not be read is left out, so that the rest can still be used."""
    before = len(problems) + problems.dropped
    result = kind.read(value, path, problems)
    if result is not None or len(problems) + problems.dropped == before:
        keep(result)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; a single value stands for a list of one."""

    item: Kind
    minimum: int = 0

    def read(self, value: Any, path: Path, problems: Problems) -> tuple[Any, ...] | None:
        if value is None:
            problems.wrong(path, "a list", value)
            return None
        items: list[Any] = []
        if not isinstance(value, list):
            _read_into(items.append, self.item, value, path, problems)
            return tuple(items)
        if len(value) < self.minimum:
            problems.add(path, "too_short", f"{_subject(path)} is empty.")
            return None
        for index, item in enumerate(value):
            _read_into(items.append, self.item, item, (*path, index), problems)
        return tuple(items)

    def json_schema(self) -> JSON:
        item = self.item.json_schema()
        array: JSON = {"type": "array", "items": item}
        return {"anyOf": [item, array | ({"minItems": self.minimum} if self.minimum else {})]}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with names of the author's choosing. `form` says in words what the pattern `name` says."""

    value: Kind
    name: str = r"[^\x00-\x1f]+"
    form: str = "one line of text"
    minimum: int = 0
    hint: str = ""  # what to do where no map stands

    def read(self, value: Any, path: Path, problems: Problems) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            problems.wrong(path, "a map", value, self.hint)
            return None
        if len(value) < self.minimum:
            problems.add(path, "too_short", f"{_subject(path)} is empty.")
            return None
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key)
            if not re.fullmatch(self.name, name):
                problems.add((*path, key), "bad_name", f"{shown(name)} cannot be a name here: it wants {self.form}.")
                continue
            _read_into(partial(result.__setitem__, name), self.value, item, (*path, key), problems)
        return result

    def json_schema(self) -> JSON:
        schema: JSON = {"type": "object", "additionalProperties": self.value.json_schema(),
                        "propertyNames": {"pattern": f"^(?:{self.name})$"}}  # fmt: skip
        return schema | ({"minProperties": self.minimum} if self.minimum else {})


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record. `description` is shown in the docs, in completion and as the form's label."""

    kind: Kind
    description: str = ""
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A map with known keys. Keys that start with `x-` are the author's own and are passed over.

    Only the keys that were written are handed on: a default is the business of `makes`, so that absence stays visible.
    """

    fields: Mapping[str, Field]
    open: bool = True  # whether `x-*` keys may stand here
    what: str = ""  # "a step", in error messages
    short: str = ""  # a value that is no map stands for this key
    empty: bool = False  # nothing at all (`push:`) stands for an empty map
    rest: Kind | None = None  # reads every key that is not known, such as the axes of a matrix
    rest_name: str = ""  # pattern of those keys
    exclusive: tuple[tuple[str, ...], ...] = ()  # of each tuple, at most one key may stand
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # a word of another tool → what we say instead
    makes: Callable[..., Any] | None = None  # called with the keys that were read; without it they stay a dict

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        if value is None and self.empty:
            value = {}
        if isinstance(value, Mapping):
            self._check_keys(value, path, problems)
            return self._made(self._members(value, path, problems))
        if self.short and value is not None:
            result: dict[str, Any] = {}
            keep = partial(result.__setitem__, self.short)
            _read_into(keep, self.fields[self.short].kind, value, path, problems)
            return self._made(result) if result else None
        problems.wrong(path, f"a map ({self.what})" if self.what else "a map", value)
        return None

    def _members(self, value: Mapping[Any, Any], path: Path, problems: Problems) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key)
            known = self.fields.get(name)
            if known is not None:
                _read_into(partial(result.__setitem__, name), known.kind, item, (*path, key), problems)
            elif self._is_rest(name) and self.rest is not None:
                _read_into(partial(result.__setitem__, name), self.rest, item, (*path, key), problems)
        return result

    def _check_keys(self, value: Mapping[Any, Any], path: Path, problems: Problems) -> None:
        place = f" in {self.what}" if self.what else ""
        for key in value:
            name = str(key)
            if name not in self.fields and not self._is_own(name) and not self._is_rest(name):
                hint = "" if problems.full else self._meant(name)
                problems.add((*path, key), "unknown_key", f"Unknown key {shown(name)}{place}.", hint)
        for name, known in self.fields.items():
            if known.required and name not in value:
                subject = self.what or (_subject(path) if path else "This map")
                message = f"{subject[:1].upper() + subject[1:]} needs the key {name!r}."
                problems.add(path, "missing_key", message, known.description)
        for group in self.exclusive:
            written = [name for name in group if name in value]
            if len(written) > 1:
                message = f"{written[0]!r} and {written[1]!r} cannot stand together{place}."
                problems.add((*path, written[1]), "exclusive_keys", message, "Keep one of them.")

    def _meant(self, name: str) -> str:
        known = "Known: " + ", ".join(self.fields) + "." if self.fields else "Nothing can be written here."
        return self.elsewhere.get(name) or nearest(name, self.fields) or known

    def _is_own(self, name: str) -> bool:
        return self.open and name.startswith("x-")

    def _is_rest(self, name: str) -> bool:
        allowed = self.rest is not None and name not in self.elsewhere and not self._is_own(name)
        return allowed and re.fullmatch(self.rest_name, name) is not None

    def _made(self, keys: dict[str, Any]) -> Any:
        if self.makes is None:
            return keys
        complete = all(name in keys for name, known in self.fields.items() if known.required)
        return self.makes(**keys) if complete else None

    def json_schema(self) -> JSON:
        schema: JSON = {
            "type": "object",
            "properties": {name: _described(known) for name, known in self.fields.items()},
            "additionalProperties": False,
        }
        patterns: JSON = {"^x-": {}} if self.open else {}
        if self.rest is not None:
            patterns[f"^(?:{self.rest_name})$"] = self.rest.json_schema()
        if patterns:
            schema["patternProperties"] = patterns
        if required := [name for name, known in self.fields.items() if known.required]:
            schema["required"] = required
        if pairs := [pair for group in self.exclusive for pair in combinations(group, 2)]:
            schema["not"] = {"anyOf": [{"required": list(pair)} for pair in pairs]}
        return self._other_forms(schema)

    def _other_forms(self, schema: JSON) -> JSON:
        forms = [schema]
        if self.short:
            forms.append(self.fields[self.short].kind.json_schema())
        if self.empty:
            forms.append({"type": "null"})
        return {"anyOf": forms} if len(forms) > 1 else schema


def _described(known: Field) -> JSON:
    schema = known.kind.json_schema()
    if known.description:
        schema["description"] = known.description
    if known.default is not None:
        schema["default"] = known.default
    return schema


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


@dataclass(frozen=True, slots=True)
class Named:
    """A kind that stands in several places: its JSON Schema is written once, under `$defs`."""

    name: str
    kind: Kind

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        return self.kind.read(value, path, problems)

    def json_schema(self) -> JSON:
        return {"$ref": f"#/$defs/{self.name}"}
