"""What probes ask of a process, and where a process that serves nothing else answers them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from ansflow.config.folders import LEAST_FREE, free_bytes
from ansflow.config.keys import read_private
from ansflow.config.settings import Settings
from ansflow.edge.health import PROBES, Check, Health
from ansflow.edge.measures import Measures

if TYPE_CHECKING:
    from ansflow.config.chores import Chores

OLDEST_BEAT = 15.0  # seconds after which the engine counts as stuck
STARTING = 30.0  # seconds within which the probes must be answered
ENDING = 2.0


def base_checks(settings: Settings) -> Mapping[str, Check]:
    """What every process needs. Each says in a few words what is wrong."""
    from django.db import DatabaseError, InterfaceError, close_old_connections, connection  # noqa: PLC0415

    from ansflow.config.storage import storage_check  # noqa: PLC0415 — wants Django

    def database() -> str:
        try:
            close_old_connections()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError):
            return "cannot be reached"
        return ""

    def disk() -> str:
        return "" if free_bytes(settings.data_dir) >= LEAST_FREE else "is full"

    storage = storage_check(settings)
    return {"database": database, "disk": disk, **({"storage": storage} if storage else {})}


def engine_checks(settings: Settings, beating: Chores) -> Mapping[str, Check]:
    """Those of a process whose engine has a heart."""
    from ansflow.config.schedule import BEAT  # noqa: PLC0415 — wants Django

    def engine() -> str:
        age = beating.age(BEAT)
        return "" if age is not None and age < OLDEST_BEAT else "its heart does not beat"

    return {**base_checks(settings), "engine": engine}


def make_health(
    settings: Settings, checks: Mapping[str, Check], measures: Measures, *, warnings: Mapping[str, Check] | None = None
) -> Health:
    file = settings.metrics_token_file
    token = read_private(file, "The token of metrics").strip() if file else ""
    behind_proxy = bool(settings.base_url or settings.trusted_proxies)
    return Health(checks, measures, token=token, behind_proxy=behind_proxy, warnings=warnings or {})


def asked_by_address(settings: Settings) -> tuple[str, ...]:
    """Paths that are answered under any name: who scrapes many machines knows their addresses, and has the token."""
    return (*PROBES, "/metrics") if settings.metrics_token_file else PROBES


def answer_probes(
    settings: Settings,
    checks: Mapping[str, Check],
    measures: Measures,
    ending: ExitStack,
    *,
    warnings: Mapping[str, Check] | None = None,
) -> None:
    """At ANSFLOW_HEALTH_PORT, in a thread of its own, until `ending` is closed. Nothing where none is set.

    Raises InvalidSpec where nothing can listen there.
    """
    if settings.health_port is None:
        return
    from ansflow.edge.app import edge  # noqa: PLC0415
    from ansflow.edge.door import Rules  # noqa: PLC0415
    from ansflow.edge.server import Server, listen  # noqa: PLC0415

    listening = listen(settings.host, settings.health_port)
    ending.callback(listening.close)
    folder = settings.data_dir / "bodies"
    folder.mkdir(exist_ok=True, mode=0o700)
    rules = Rules(
        hosts=settings.hosts,
        proxies=settings.trusted_proxies,
        max_body=1,
        folder=folder,
        by_address=asked_by_address(settings),
    )
    health = make_health(settings, checks, measures, warnings=warnings)
    ready = Event()
    server = Server(edge(None, rules, health=health, measures=measures), on_ready=ready.set)
    thread = Thread(target=partial(server.run, sockets=[listening]), name="ansflow-probes", daemon=True)
    thread.start()
    ready.wait(STARTING)

    def end() -> None:
        server.stop()
        thread.join(ENDING)

    ending.callback(end)
