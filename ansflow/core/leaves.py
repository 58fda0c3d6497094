"""Kinds of single values: text, numbers, choices, durations, sizes. `core.schema` joins them into lists and maps."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.wording import Problems, nearest, shown, subject, written

JSON = dict[str, Any]

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
IN_WORDS = re.compile(
    r"\s*([0-9]{1,6})\s*([wdhms])(?:eeks?|ays?|ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)?\s*", re.ASCII | re.I
)
PROCESSORS = re.compile(r"(\d+(?:\.\d+)?)(m?)", re.ASCII)
SIZE = re.compile(r"(\d+)(Ki|Mi|Gi|Ti|K|M|G|T)?", re.ASCII)
SIZE_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
              "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
TEMPLATE: JSON = {"type": "string", "pattern": r"\$\{\{", "description": "An expression: ${{ … }}"}


def is_template(value: Any) -> bool:
    """True for text that holds an expression: its type is known only when it has been evaluated."""
    return isinstance(value, str) and "${{" in value


@dataclass(eq=False, repr=False, kw_only=True)
class Leaf(ABC):
    """A single value. Text that holds an expression is passed on as it stands, unless the value must be `literal`:
    needed before anything is evaluated."""

    literal: bool = False

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        if not is_template(value):
            return self.parse(value, path, problems)
        if not self.literal:
            return value
        message = f"{subject(path)} is decided before the run starts, so it cannot hold an expression."
        problems.add(path, "not_literal", message, "Write the value itself.")
        return None

    def json_schema(self) -> JSON:
        return self.shape() if self.literal else {"anyOf": [self.shape(), TEMPLATE]}

    @abstractmethod
    def parse(self, value: Any, path: Path, problems: Problems) -> Any:
        """The value as the program uses it; None after it has reported a problem."""

    @abstractmethod
    def shape(self) -> JSON:
        """The JSON Schema of a value without expressions."""


@dataclass(eq=False, repr=False, kw_only=True)
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
        if "\0" in value:
            problems.add(path, "wrong_form", f"{subject(path)} holds a NUL character, which no command can be given.")
            return None
        if len(value) < self.minimum:
            problems.add(path, "too_short", f"{subject(path)} is empty.")
            return None
        if self.pattern and not re.fullmatch(self.pattern, value):
            wanted = self.form or f"the form {self.pattern}"
            problems.add(path, "wrong_form", f"{subject(path)} wants {wanted}, not {shown(value)}.")
            return None
        return value

    def json_schema(self) -> JSON:
        narrow = self.pattern or self.literal
        return Leaf.json_schema(self) if narrow else self.shape()

    def shape(self) -> JSON:
        schema: JSON = {"type": "string" if self.strict else ["string", "number", "boolean"]}
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.multiline:
            schema["x-multiline"] = True  # a form shows a text area
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
    problems.add(path, "out_of_range", f"{subject(path)} must be {words}, not {shown(number)}.")
    return False


def _range(kind: str, low: float | None, high: float | None) -> JSON:
    limits = {"minimum": low, "maximum": high}
    return {"type": kind} | {name: limit for name, limit in limits.items() if limit is not None}


@dataclass(eq=False, repr=False, kw_only=True)
class Numeric(Leaf):
    """Where an expression may stand, its result may be text: there a number in quotes is a number."""

    def number(self, value: Any) -> Any:
        if self.literal or not isinstance(value, str) or not NUMBER.fullmatch(value):
            return value
        return float(value) if "." in value else int(value)

    def json_schema(self) -> JSON:
        quoted: JSON = {"type": "string", "pattern": f"^(?:{NUMBER.pattern})$"}
        return self.shape() if self.literal else {"anyOf": [self.shape(), quoted, TEMPLATE]}


@dataclass(eq=False, repr=False, kw_only=True)
class Integer(Numeric):
    """A whole number within limits."""

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


@dataclass(eq=False, repr=False, kw_only=True)
class Number(Numeric):
    """A number within limits; gives a float."""

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


@dataclass(eq=False, repr=False, kw_only=True)
class Boolean(Leaf):
    """`true` or `false`, and no other word."""

    def parse(self, value: Any, path: Path, problems: Problems) -> bool | None:
        if isinstance(value, bool):
            return value
        meant = isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "y", "n"}
        problems.wrong(path, "true or false", value, "Write true or false." if meant else "")
        return None

    def shape(self) -> JSON:
        return {"type": "boolean"}


@dataclass(eq=False, repr=False)
class Choice(Leaf):
    """One of a few words."""

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


def _duration_hint(value: Any) -> str:
    """How to write a number without a unit, or a length in words: `1 week` is `7d`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"Write {shown(value)}s for seconds, {shown(value)}m for minutes."
    words = IN_WORDS.fullmatch(value) if isinstance(value, str) else None
    if words is None:
        return ""
    number, unit = int(words[1]), words[2].lower()
    return f"Write {number * 7}d." if unit == "w" else f"Write {number}{unit}."


@dataclass(eq=False, repr=False, kw_only=True)
class Duration(Leaf):
    """`90s`, `1h30m`; gives a timedelta."""

    positive: bool = False

    def parse(self, value: Any, path: Path, problems: Problems) -> timedelta | None:
        match = DURATION.fullmatch(value) if isinstance(value, str) and 0 < len(value) <= 50 else None
        if match is None:
            problems.wrong(path, "a duration such as 90s, 10m or 2h", value, _duration_hint(value))
            return None
        try:
            days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
        except OverflowError:
            problems.add(path, "out_of_range", f"{subject(path)} is longer than any run can last: {shown(value)}.")
            return None
        if self.positive and not length:
            problems.add(path, "out_of_range", f"{subject(path)} must be longer than nothing.")
            return None
        return length

    def shape(self) -> JSON:
        return {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$", "minLength": 2,
                "examples": ["90s", "10m", "2h"]}  # fmt: skip


@dataclass(eq=False, repr=False, kw_only=True)
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
