"""Whole documents of YAML, by what writes parts of one."""

from __future__ import annotations

from typing import Any

from ansflow.document.writing import block, inline, is_block


def to_text(value: Any) -> str:
    """The value as a document that `load` reads back as that very value."""
    lines = block(value, 0) if is_block(value) else inline(value, 0)
    return "\n".join(lines) + "\n"
