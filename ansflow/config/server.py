"""`ansflow serve` as one process: the edge in front, Django behind it in threads, the engine and its chores inside.

    serve(settings, tell)          # returns when a signal has ended it

What happens is told as it happens, `tell("ready", address=…)`: the command line has the words.
"""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ansflow.config.bus import check_bus
from ansflow.config.databases import sqlite_file
from ansflow.config.folders import LEAST_FREE, free_bytes, make_data_folder
from ansflow.config.holding import Hold
from ansflow.config.isolation import Isolation, choose
from ansflow.config.keys import read_private
from ansflow.config.settings import Settings, unknown_variables
from ansflow.config.startup import expect_an_answer, make_administrator, migrate, start_django
from ansflow.core.errors import NotAvailable
from ansflow.edge.record import open_log

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from ansflow.config.chores import Chores
    from ansflow.config.owning import Ground
    from ansflow.edge.health import Check, Health
    from ansflow.edge.measures import Measures
    from ansflow.edge.server import Server

Tell = Callable[..., None]

MOST_FILES = 20_000
OLDEST_BEAT = 15.0  # seconds after which the engine counts as stuck
COLLECTED = (50_000, 50, 1_000)  # a full collection while lists are made was the 40 ms in their 99th percentile


def serve(settings: Settings, tell: Tell) -> None:
    """Runs until a signal ends it. Raises an AnsFlowError with a sentence where it cannot start."""
    log = open_log(settings.log_format)
    for sentence in unknown_variables():
        tell("warning", message=sentence)
    make_data_folder(settings.data_dir)
    _allow_many_files()
    with ExitStack() as ending:
        ending.callback(Hold(settings.data_dir, sqlite_file(settings)).release)
        from ansflow.edge.server import listen  # noqa: PLC0415 — not before another server has been ruled out

        listening = listen(settings.host, settings.port)
        ending.callback(listening.close)
        settings = replace(settings, port=listening.getsockname()[1])
        with ThreadPoolExecutor(2) as proving:  # takes a process or two, while Django is imported
            isolation, bus = proving.submit(choose, settings), proving.submit(check_bus, settings)
            start_django(settings)
            from ansflow.config.owning import Ground  # noqa: PLC0415

            ground = Ground()
            log.addFilter(ground.outages)
            ending.callback(ground.leave)
            with database_told():
                expect_an_answer()
                ground.take()
                migrate(settings)
                if make_administrator(settings):
                    tell("administrator", email=settings.admin_email)
            chosen, bus_is_away = isolation.result(), bus.result()
        for sentence in filter(None, (chosen.warning, bus_is_away)):
            tell("warning", message=sentence)
        with database_told():
            server = _opened(settings, chosen, ground, tell, ending)
        server.run(sockets=[listening])
        tell("ending")
    if ground.taken is not None:
        raise ground.taken
    tell("ended")


@contextmanager
def database_told() -> Iterator[None]:
    """At a start, what the database or its disk refuses is a sentence: there is nobody yet who could try again."""
    from ansflow.infra.database.trouble import AWAY, why_not_written  # noqa: PLC0415

    try:
        yield
    except AWAY as error:
        said = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
        raise NotAvailable(why_not_written(error) or f"The database cannot be used: {said}") from error


def _opened(settings: Settings, isolation: Isolation, ground: Ground, tell: Tell, ending: ExitStack) -> Server:
    """Everything that works in the background does, and requests can be answered."""
    from django.conf import settings as django_settings  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from django.urls import get_resolver  # noqa: PLC0415

    from ansflow.apps.accounts import installation  # noqa: PLC0415
    from ansflow.apps.executions.logs import LogSource  # noqa: PLC0415
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415
    from ansflow.config.measuring import add_measures  # noqa: PLC0415
    from ansflow.config.schedule import BEAT, beats, chores  # noqa: PLC0415
    from ansflow.config.wiring import build  # noqa: PLC0415
    from ansflow.edge.first_admin import FirstAdmin  # noqa: PLC0415
    from ansflow.edge.live.hub import Hub  # noqa: PLC0415
    from ansflow.edge.live.knocking import Knocking  # noqa: PLC0415
    from ansflow.edge.live.sockets import Sockets  # noqa: PLC0415
    from ansflow.edge.live.tables import Tables, settled  # noqa: PLC0415
    from ansflow.edge.log_stream import LogStreams  # noqa: PLC0415
    from ansflow.edge.measures import Measures  # noqa: PLC0415
    from ansflow.edge.server import Server  # noqa: PLC0415
    from ansflow.edge.threads import in_threads  # noqa: PLC0415

    check_keys()
    get_resolver().url_patterns  # noqa: B018 — imports every resource: the first request need not
    django_settings.ANSFLOW_EXECUTOR = isolation.executor  # known only now: it had to prove itself
    wired = build(settings, isolation)
    beating, doing, measures = beats(wired, ground), chores(settings), Measures()
    hub = Hub(Tables(), wired.bus, settled=settled)
    ending.callback(hub.close)
    add_measures(measures, wired, hub, (beating, doing))
    first_admin = FirstAdmin(installation.make_first_administrator)
    behind = in_threads(_with_files(get_wsgi_application()))
    streams = LogStreams(behind, LogSource(), wired.bus)
    pages = [first_admin.route, *streams.routes]
    sockets = Sockets(hub, Knocking(base_url=settings.base_url, cookie=django_settings.SESSION_COOKIE_NAME))
    health = _health(settings, beating, measures)
    application = _edge(settings, behind=behind, sockets=sockets, measures=measures, health=health, pages=pages)
    ending.callback(wired.close)
    ending.callback(streams.close)

    def ready() -> None:
        gc.collect()
        gc.freeze()  # what has been made so far stays to the end: no collection walks it again
        gc.set_threshold(*COLLECTED)
        tell("ready", address=settings.address, data=str(settings.data_dir))
        if link:
            tell("first_admin", link=link)

    server = Server(application, on_ready=ready, on_ending=streams.end)
    ground.on_taken = (wired.claim_no_more, server.stop)
    wired.open()
    link = "" if installation.has_administrator() else settings.address + first_admin.link()
    beating.do(BEAT)  # so that the server is ready when it says so
    for thread in (beating, doing):
        ending.callback(thread.close)
        thread.open()
    return server


def _allow_many_files() -> None:
    """Each viewer is one: many shells give 1,024 to begin with, and let a process take more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _with_files(application: WSGIApplication) -> WSGIApplication:
    """Django, and before it the style sheets and scripts of the operators' site."""
    from django.contrib import admin  # noqa: PLC0415
    from whitenoise import WhiteNoise  # noqa: PLC0415

    root = os.path.join(os.path.dirname(admin.__file__), "static")
    files = WhiteNoise(application, root=root, prefix="static", max_age=3600, allow_all_origins=False)
    return cast("WSGIApplication", files)


def _edge(
    settings: Settings,
    *,
    behind: ASGIApp,
    sockets: ASGIApp,
    measures: Measures,
    health: Health,
    pages: Sequence[BaseRoute],
) -> ASGIApp:
    from ansflow.edge.app import edge  # noqa: PLC0415
    from ansflow.edge.door import Rules  # noqa: PLC0415

    folder = settings.data_dir / "bodies"
    folder.mkdir(exist_ok=True, mode=0o700)
    rules = Rules(hosts=settings.hosts, proxies=settings.trusted_proxies, max_body=settings.max_body, folder=folder)
    return edge(behind, rules, health=health, measures=measures, pages=pages, sockets=sockets)


def _health(settings: Settings, beating: Chores, measures: Measures) -> Health:
    from ansflow.edge.health import Health  # noqa: PLC0415

    file = settings.metrics_token_file
    token = read_private(file, "The token of metrics").strip() if file else ""
    behind_proxy = bool(settings.base_url or settings.trusted_proxies)
    return Health(_checks(settings, beating), measures, token=token, behind_proxy=behind_proxy)


def _checks(settings: Settings, beating: Chores) -> Mapping[str, Check]:
    """What `/readyz` looks at: each says in a few words what is wrong."""
    from django.db import DatabaseError, InterfaceError, close_old_connections, connection  # noqa: PLC0415

    from ansflow.config.schedule import BEAT  # noqa: PLC0415

    def database() -> str:
        try:
            close_old_connections()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError):
            return "cannot be reached"
        return ""

    def engine() -> str:
        age = beating.age(BEAT)
        return "" if age is not None and age < OLDEST_BEAT else "its heart does not beat"

    def disk() -> str:
        return "" if free_bytes(settings.data_dir) >= LEAST_FREE else "is full"

    return {"database": database, "engine": engine, "disk": disk}
