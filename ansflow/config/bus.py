"""The bus that the settings ask for: within this process, or over Redis."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ansflow.config.settings import Settings
from ansflow.core.errors import ExternalError, NotAvailable
from ansflow.engine.memory import MemoryBus

if TYPE_CHECKING:
    from ansflow.engine.ports import EventBus

UNTIL_THEN = "Until it can, other processes hear of changes up to two seconds late."


def make_bus(settings: Settings) -> EventBus:
    """It connects by itself, in the background. Raises NotAvailable where its driver is missing."""
    if not settings.redis_url:
        return MemoryBus()
    _require_driver()
    from ansflow.infra.bus.redis import RedisBus  # noqa: PLC0415 — only who has a Redis pays for its driver

    return RedisBus(settings.redis_url)


def check_bus(settings: Settings) -> str:
    """A sentence where Redis cannot be reached, which is no reason not to start: it carries nothing but hints.

    Raises InvalidSpec where it refuses us, and NotAvailable where its driver is missing.
    """
    if not settings.redis_url:
        return ""
    _require_driver()
    from ansflow.infra.bus.redis import check  # noqa: PLC0415

    try:
        check(settings.redis_url)
    except ExternalError as error:
        return f"{error} {UNTIL_THEN}"
    return ""


def _require_driver() -> None:
    try:
        importlib.import_module("redis")
    except ImportError:
        raise NotAvailable(
            "ANSFLOW_REDIS_URL wants the driver redis, which is not installed: pip install 'ansflow[redis]'."
        ) from None
