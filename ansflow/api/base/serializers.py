"""Bodies and queries that refuse what they do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers

from ansflow.core.schema import nearest

JSON = "json"
"""In the context of a serializer: what it reads was JSON, which has types. A query has texts only."""


class Strict(serializers.Serializer[Any]):
    """A body or query whose unknown fields are errors, each with the nearest known name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = {
                str(name): [" ".join(("This field is not known.", nearest(str(name), known))).strip()]
                for name in data
                if name not in known
            }
            if unknown:
                raise serializers.ValidationError(unknown)
        if self.parent is None and self.context.get(JSON):
            mistyped = dict(_mistyped(self, data, ""))
            if mistyped:
                raise serializers.ValidationError(mistyped)
        return super().to_internal_value(data)


class Empty(Strict):
    """No body, or `{}`."""


TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...]], ...] = (
    (serializers.BooleanField, (bool,)),
    (serializers.IntegerField, (int, float)),  # 1.0 is a whole number in JSON; what 1.5 is, the field says itself
    (serializers.FloatField, (int, float)),
    (serializers.CharField, (str,)),
)


def _mistyped(field: Any, value: Any, path: str) -> Iterator[tuple[str, list[str]]]:
    """Where a value has another type than its field: `{"name": 0}` is no name, and `{"is_admin": "yes"}` is no yes."""
    if isinstance(field, serializers.BaseSerializer) and isinstance(value, Mapping):
        for name, inner in getattr(field, "fields", {}).items():
            if name in value:
                yield from _mistyped(inner, value[name], _below(path, name))
    elif hasattr(field, "child") and isinstance(value, list | Mapping):
        for name, one in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _mistyped(field.child, one, _below(path, name))
    elif value is not None and (sentence := _misfit(field, value)):
        yield path, [sentence]


def _misfit(field: Any, value: Any) -> str:
    """What is wrong with the value as it was sent; "" where nothing is."""
    kinds = next((kinds for kind, kinds in TYPES if isinstance(field, kind)), ())
    if kinds and not (isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))):
        return str(field.error_messages["invalid"])
    most = getattr(field, "max_length", None)
    if isinstance(value, str) and most is not None and len(value) > most:  # blanks that will be cut off count, too
        return str(field.error_messages["max_length"]).format(max_length=most)
    return ""


def _below(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)
