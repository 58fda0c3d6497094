"""Bodies and queries that refuse what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from ansflow.core.schema import nearest


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
        return super().to_internal_value(data)


class Empty(Strict):
    """No body, or `{}`."""
