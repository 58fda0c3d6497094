"""The broker that the settings ask for, and what may be called over it. Without it, one process does everything."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ansflow.config.settings import Settings
from ansflow.core.errors import ExternalError, NotAvailable

if TYPE_CHECKING:
    from ansflow.infra.dispatch.bell import Bell, Call, Ring
    from ansflow.infra.dispatch.listening import Listening

UNTIL_THEN = "Until it can, workers find steps by themselves, up to three seconds late."


def make_bell(settings: Settings) -> Bell:
    """It connects by itself, in the background. Raises NotAvailable where Celery is missing."""
    _require_celery()
    from ansflow.infra.dispatch.bell import Bell  # noqa: PLC0415 — an extra
    from ansflow.infra.dispatch.celery import make_app  # noqa: PLC0415

    return Bell(make_app(settings.broker_url))


def make_listening(settings: Settings, *, on_bell: Callable[[Ring], None]) -> Listening:
    """The ear of a worker: for doorbells of its queues, and for the installation's own tasks."""
    _require_celery()
    from django.db import close_old_connections  # noqa: PLC0415

    from ansflow.config.tasks import NUMBERED, TASKS  # noqa: PLC0415 — wants Django and Celery
    from ansflow.infra.dispatch.celery import make_app  # noqa: PLC0415
    from ansflow.infra.dispatch.listening import Listening  # noqa: PLC0415

    def carry_out(call: Call) -> None:
        try:
            close_old_connections()  # one that a restarted database has dropped
            TASKS[call.task].run(*call.numbers)
        finally:
            connections_of_this_thread_end()

    app = make_app(settings.broker_url, queues=settings.queues)
    tasks = {name: name in NUMBERED for name in TASKS}
    return Listening(app, tasks=tasks, on_bell=on_bell, on_call=carry_out)


def check_broker(settings: Settings) -> str:
    """A sentence where the broker cannot be reached, which is no reason not to start: it carries no truth.

    Raises InvalidSpec where it refuses us, and NotAvailable where Celery is missing.
    """
    if not settings.is_spread:
        return ""
    _require_celery()
    from ansflow.infra.dispatch.celery import check  # noqa: PLC0415

    try:
        check(settings.broker_url)
    except ExternalError as error:
        return f"{error} {UNTIL_THEN}"
    return ""


def connections_of_this_thread_end() -> None:
    """A call has a thread of its own, and leaves no connection to the database behind."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()


def _require_celery() -> None:
    try:
        importlib.import_module("celery")
    except ImportError:
        raise NotAvailable(
            "ANSFLOW_BROKER_URL wants Celery, which is not installed: pip install 'ansflow[celery]'."
        ) from None
