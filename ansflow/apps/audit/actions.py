"""Appending to the chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansflow.apps.actor import Actor
from ansflow.apps.audit.models import Entry


def record(
    actor: Actor,
    action: str,
    *,
    object_type: str,
    object_id: int | None = None,
    object_name: str = "",
    project_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Entry:
    """Appends a deed to the tenant's chain, in the caller's transaction. Secrets never stand in `before` or `after`.

    `action` is `thing.verb`, as `project.create`.
    """
    raise NotImplementedError
