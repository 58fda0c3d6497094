"""What an entry's hash is made of: values only, no database."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from ansflow.apps.audit.models import Entry

START = ""
"""The hash that stands before the first entry."""

# C0 and C1 controls, line and paragraph separators, signs that turn the direction of text, halves of characters.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_HASHED = (
    "tenant_id",
    "number",
    "actor",
    "actor_id",
    "token_id",
    "address",
    "request_id",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "project_id",
    "before",
    "after",
    "previous_hash",
)


def clean(text: str, limit: int = 0) -> str:
    """The text as one harmless line: what steers a terminal or forges a line is written out (`\\n`, `\\u202e`).

    With `limit`, at most that many characters.
    """
    written = _CONTROLS.sub(_escape, text)
    return written if not limit or len(written) <= limit else written[: limit - 1] + "…"


def facts(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values that every database gives back as they were: texts are cleaned, fractions and times become text.

    Raises TypeError for what is no JSON.
    """
    return {clean(str(name)): _fact(value) for name, value in (values or {}).items()}


def hash_of(entry: Entry) -> str:
    """SHA-256, as hex, over the canonical JSON of all that the entry says and the hash before it."""
    said = {name: getattr(entry, name) for name in _HASHED}
    said["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON of one form: names sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _fact(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(str(value))
        case float():  # databases write fractions each in their own way
            return repr(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return facts(value)
        case list() | tuple():
            return [_fact(item) for item in value]
        case set() | frozenset():
            return sorted(_fact(item) for item in value)
    raise TypeError(f"an audit entry holds JSON, not {type(value).__name__}")


def _escape(found: re.Match[str]) -> str:
    return ascii(found.group())[1:-1]
