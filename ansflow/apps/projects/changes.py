"""Setting the fields of a row, and what an audit entry says about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model


def change(row: Model, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sets what differs, and saves it. The old and the new values of these fields: empty where nothing differs."""
    before = {field: getattr(row, field) for field, value in wanted.items() if getattr(row, field) != value}
    after = {field: wanted[field] for field in before}
    for field, value in after.items():
        setattr(row, field, value)
    if after:
        row.save(update_fields=list(after))
    return before, after
