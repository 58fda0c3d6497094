"""The engine of this process: where actions and the API find it."""

from __future__ import annotations

from ansflow.core.errors import NotAvailable
from ansflow.engine.loop import Engine

_ENGINES: list[Engine] = []


def use(engine: Engine | None) -> None:
    """From now on `engine()` answers this one; None takes it away."""
    _ENGINES[:] = [engine] if engine is not None else []


def engine() -> Engine:
    """Raises NotAvailable in a process that runs none."""
    if not _ENGINES:
        raise NotAvailable("No engine runs in this process: start the server with `ansflow serve`.")
    return _ENGINES[0]


def own_boot() -> str:
    """The worker that lives in this process; "" where there is no engine."""
    return _ENGINES[0].boot if _ENGINES else ""
