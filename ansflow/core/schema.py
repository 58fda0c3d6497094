"""A small schema language: one description gives the reader, its errors, the JSON Schema and the form in the editor.

The pipeline file's grammar and the parameters of every step type are written in it. A kind reads a plain value (as the
YAML reader gives it) into the value the program uses, and reports what does not fit as `Problem`s that carry the path.
It stands here, instead of a library, because it lies on the path of every `ansflow run`: see docs/adr/0002. For the
same reason kinds are not frozen and have no equality: the methods for that would cost 10 ms at each start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any, Protocol

from ansflow.core.errors import Path
from ansflow.core.leaves import (
    JSON,
    Boolean,
    Choice,
    Duration,
    Integer,
    Leaf,
    Number,
    Size,
    Text,
    is_template,
)
from ansflow.core.wording import Problems, nearest, shown, subject, written

__all__ = [
    "JSON",
    "Anything",
    "Boolean",
    "Choice",
    "Duration",
    "Field",
    "Integer",
    "Kind",
    "Leaf",
    "ListOf",
    "MapOf",
    "Named",
    "Number",
    "Problems",
    "Record",
    "Shaped",
    "Size",
    "Text",
    "is_template",
    "nearest",
    "shown",
    "written",
]


class Kind(Protocol):
    """What a value may be. `read` returns None after it has reported a problem."""

    def read(self, value: Any, path: Path, problems: Problems) -> Any: ...

    def json_schema(self) -> JSON: ...


@dataclass(eq=False, repr=False)
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


@dataclass(eq=False, repr=False)
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
            problems.add(path, "too_short", f"{subject(path)} is empty.", "Write at least one.")
            return None
        for index, item in enumerate(value):
            _read_into(items.append, self.item, item, (*path, index), problems)
        return tuple(items)

    def json_schema(self) -> JSON:
        item = self.item.json_schema()
        array: JSON = {"type": "array", "items": item}
        return {"anyOf": [item, array | ({"minItems": self.minimum} if self.minimum else {})]}


@dataclass(eq=False, repr=False)
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
            problems.add(path, "too_short", f"{subject(path)} is empty.", "Write at least one.")
            return None
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key)
            if not re.fullmatch(self.name, name):
                message = f"{shown(name)} cannot be a name here: it wants {self.form}."
                problems.add((*path, key), "bad_name", message, self._mended(name))
                continue
            _read_into(partial(result.__setitem__, name), self.value, item, (*path, key), problems)
        return result

    def _mended(self, name: str) -> str:
        mended = re.sub(r"[^A-Za-z0-9_-]+", "_", name[:100])
        return f"Write {mended}." if re.fullmatch(self.name, mended) else ""

    def json_schema(self) -> JSON:
        schema: JSON = {"type": "object", "additionalProperties": self.value.json_schema(),
                        "propertyNames": {"pattern": f"^(?:{self.name})$"}}  # fmt: skip
        return schema | ({"minProperties": self.minimum} if self.minimum else {})


@dataclass(eq=False, repr=False)
class Field:
    """One key of a record. `description` is shown in the docs, in completion and as the form's label."""

    kind: Kind
    description: str = ""
    default: Any = None
    required: bool = False


@dataclass(eq=False, repr=False, kw_only=True)
class Record:
    """A map with known keys. Keys that start with `x-` are the author's own and are passed over.

    Only the keys that were written are handed on: a default is the business of `makes`, so that absence stays visible.
    """

    fields: Mapping[str, Field]
    open: bool = True  # whether `x-*` keys may stand here
    what: str = ""  # "a step", in error messages
    hint: str = ""  # what to do where no map stands
    short: str = ""  # a value that is no map stands for this key
    empty: bool = False  # nothing at all (`push:`) stands for an empty map
    rest: Kind | None = None  # reads every key that is not known, such as the axes of a matrix
    rest_name: str = ""  # pattern of those keys
    exclusive: tuple[tuple[str, ...], ...] = ()  # of each tuple, at most one key may stand
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # a word of another tool → what we say instead
    otherwise: str = ""  # what to do about an unknown key that is near to nothing
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
        problems.wrong(path, "a map", value, self.hint or self._outline())
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
                message = f"The key {name!r} is missing{place}."
                problems.add(path, "missing_key", message, known.description)
        for group in self.exclusive:
            written = [name for name in group if name in value]
            if len(written) > 1:
                message = f"{written[0]!r} and {written[1]!r} cannot stand together{place}."
                problems.add((*path, written[1]), "exclusive_keys", message, "Keep one of them.")

    def _outline(self) -> str:
        """What must at least be written."""
        required = ", ".join(f"{name}: …" for name, known in self.fields.items() if known.required)
        return f"Write {{{required}}}." if required else ""

    def _meant(self, name: str) -> str:
        known = "Known: " + ", ".join(self.fields) + "." if self.fields else "Nothing can be written here."
        return self.elsewhere.get(name) or nearest(name, self.fields) or self.otherwise or known

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
        if self.open:
            schema["patternProperties"] = {"^x-": {}}
        if self.rest is not None:
            schema["additionalProperties"] = self.rest.json_schema()
            own = "|x-.*" if self.open else ""
            schema["propertyNames"] = {"pattern": f"^(?:{self.rest_name}{own})$", "not": {"enum": list(self.elsewhere)}}
        if required := [name for name, known in self.fields.items() if known.required]:
            schema["required"] = required
        if pairs := [pair for group in self.exclusive for pair in combinations(group, 2)]:
            schema["not"] = {"anyOf": [{"required": list(pair)} for pair in pairs]}
        return self._other_forms(schema)

    def _other_forms(self, schema: JSON) -> JSON:
        forms = [schema]
        if self.short:
            forms.append({"not": {"type": "object"}} | self.fields[self.short].kind.json_schema())
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


@dataclass(eq=False, repr=False, kw_only=True)
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


@dataclass(eq=False, repr=False)
class Named:
    """A kind that stands in several places: its JSON Schema is written once, under `$defs`."""

    name: str
    kind: Kind

    def read(self, value: Any, path: Path, problems: Problems) -> Any:
        return self.kind.read(value, path, problems)

    def json_schema(self) -> JSON:
        return {"$ref": f"#/$defs/{self.name}"}
