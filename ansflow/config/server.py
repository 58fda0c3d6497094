"""`ansflow serve`: the edge in front, Django behind it in threads, and in one process the engine and its chores inside.

    serve(settings, tell, language="en")          # returns when a signal has ended it

Where ANSFLOW_BROKER_URL spreads the installation over processes, it decides what people ask for and leaves steps to
workers, and what is due to the scheduler. `serve_edge` is the same without the API: sockets, log streams, probes.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from ansflow.config.bus import check_bus
from ansflow.config.celery import check_broker, make_bell
from ansflow.config.isolation import Isolation, choose
from ansflow.config.keys import expect_keys
from ansflow.config.process import Tell, begun, database_told, expect_spread
from ansflow.config.settings import Settings
from ansflow.config.startup import expect_an_answer, expect_tables, make_administrator, migrate, start_django

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from ansflow.config.chores import Chores
    from ansflow.config.owning import Ground
    from ansflow.config.wiring import Wired
    from ansflow.edge.health import Check, Health
    from ansflow.edge.measures import Measures
    from ansflow.edge.server import Server

COLLECTED = (50_000, 50, 1_000)  # a full collection while lists are made was the 40 ms in their 99th percentile
LEFT_TO_WORKERS = Isolation(executor="sandbox")
"""In a process that runs no steps."""


def serve(settings: Settings, tell: Tell, *, language: str) -> None:
    """Runs until a signal ends it. Raises an AnsFlowError with a sentence where it cannot start.

    `language` is that of an administrator whom it makes.
    """
    _serve(settings, tell, language=language)


def serve_edge(settings: Settings, tell: Tell) -> None:
    expect_spread(settings)
    expect_keys(settings.keys_folder, ring_file=settings.key_file)
    _serve(settings, tell, is_edge=True)


def _serve(settings: Settings, tell: Tell, *, is_edge: bool = False, language: str = "en") -> None:
    with begun(settings, tell) as process:
        ending = process.ending
        from ansflow.edge.server import listen  # noqa: PLC0415 — not before another server has been ruled out

        listening = listen(settings.host, settings.port)
        ending.callback(listening.close)
        settings = replace(settings, port=listening.getsockname()[1])
        with ThreadPoolExecutor(3) as proving:  # takes a process or two, while Django is imported
            isolation = None if settings.is_spread else proving.submit(choose, settings)
            asked = [proving.submit(check_bus, settings)]
            start_django(settings)
            asked.append(proving.submit(check_broker, settings))  # not before: two that import Django may deadlock
            from ansflow.config.owning import Ground  # noqa: PLC0415

            ground = Ground()
            process.log.addFilter(ground.outages)
            ending.callback(ground.leave)
            with database_told():
                if is_edge:
                    _expect_prepared(settings)
                else:
                    _prepare(settings, ground, tell, language=language)
            chosen = LEFT_TO_WORKERS if isolation is None else isolation.result()
            away = [one.result() for one in asked]
        for sentence in filter(None, (chosen.warning, *away)):
            tell("warning", message=sentence)
        with database_told():
            server = _opened(settings, chosen, ground, tell, ending, is_edge=is_edge)
        server.run(sockets=[listening])
        tell("ending")
    if ground.taken is not None:
        raise ground.taken
    tell("ended")


def _expect_prepared(settings: Settings) -> None:
    from ansflow.config.storage import find_storage  # noqa: PLC0415

    expect_tables()
    find_storage(settings, may_begin=False)


def _prepare(settings: Settings, ground: Ground, tell: Tell, *, language: str) -> None:
    """Only `ansflow serve` brings the tables to this release; of several that start at once, one after the other."""
    from ansflow.config.owning import expect_no_workers, one_at_a_time  # noqa: PLC0415
    from ansflow.config.schedule import checkpoint  # noqa: PLC0415
    from ansflow.config.storage import find_storage  # noqa: PLC0415
    from ansflow.config.wiring import worker_name  # noqa: PLC0415

    expect_an_answer()
    find_storage(settings, may_begin=True)
    if not settings.is_spread:
        ground.take()
        checkpoint()  # servers that are killed again and again may never come to one
        expect_no_workers(worker_name(settings.data_dir))
    from ansflow.apps.accounts.known_keys import remember_keys  # noqa: PLC0415
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415

    with one_at_a_time():
        migrate(settings)
        check_keys()  # before they are remembered: what is sealed already has the last word
        remember_keys()
        if make_administrator(settings, language=language):
            tell("administrator", email=settings.admin_email)


def _opened(
    settings: Settings, isolation: Isolation, ground: Ground, tell: Tell, ending: ExitStack, *, is_edge: bool
) -> Server:
    """Everything that works in the background does, and requests can be answered."""
    from django.conf import settings as django_settings  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from django.urls import get_resolver  # noqa: PLC0415

    from ansflow.apps.accounts import installation  # noqa: PLC0415
    from ansflow.apps.executions.logs import LogSource  # noqa: PLC0415
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415
    from ansflow.config.health import make_health  # noqa: PLC0415
    from ansflow.config.measuring import add_measures, add_viewers  # noqa: PLC0415
    from ansflow.edge.first_admin import FirstAdmin  # noqa: PLC0415
    from ansflow.edge.live.hub import Hub  # noqa: PLC0415
    from ansflow.edge.live.knocking import Knocking  # noqa: PLC0415
    from ansflow.edge.live.sockets import Sockets  # noqa: PLC0415
    from ansflow.edge.live.tables import Tables, settled  # noqa: PLC0415
    from ansflow.edge.log_stream import LogStreams  # noqa: PLC0415
    from ansflow.edge.measures import Measures  # noqa: PLC0415
    from ansflow.edge.server import Server  # noqa: PLC0415
    from ansflow.edge.threads import in_threads  # noqa: PLC0415

    if is_edge:
        check_keys()
    get_resolver().url_patterns  # noqa: B018 — imports every resource: the first request need not
    django_settings.ANSFLOW_EXECUTOR = isolation.executor  # known only now: it had to prove itself
    part = _shared(settings, ground, tell, ending) if settings.is_spread else _alone(settings, isolation, ground)
    wired, measures = part.wired, Measures()
    hub = Hub(Tables(), wired.bus, settled=settled)
    ending.callback(hub.close)
    add_measures(measures, wired, part.threads)
    add_viewers(measures, hub)
    first_admin = FirstAdmin(installation.make_first_administrator)
    behind = in_threads(_with_files(get_wsgi_application()))
    streams = LogStreams(behind, LogSource(), wired.bus)
    health = make_health(settings, part.checks, measures, warnings=part.warnings)
    application = _edge(
        settings,
        behind=None if is_edge else behind,
        sockets=Sockets(hub, Knocking(base_url=settings.base_url, cookie=django_settings.SESSION_COOKIE_NAME)),
        measures=measures,
        health=health,
        pages=[*streams.routes] if is_edge else [first_admin.route, *streams.routes],
    )
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
    is_open = not is_edge and not installation.has_administrator()
    link = settings.address + first_admin.link() if is_open else ""
    part.threads[0].do(part.first)  # so that the server is ready when it says so
    for thread in part.threads:
        ending.callback(thread.close)
        thread.open()
    return server


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a server does beside answering. `first` is a chore of the first of `threads`, done before it is ready."""

    wired: Wired
    threads: Sequence[Chores]
    first: str
    checks: Mapping[str, Check]
    warnings: Mapping[str, Check]


def _alone(settings: Settings, isolation: Isolation, ground: Ground) -> Part:
    """Everything there is to do."""
    from ansflow.config.health import engine_checks  # noqa: PLC0415
    from ansflow.config.schedule import BEAT, beats, chores  # noqa: PLC0415
    from ansflow.config.wiring import build  # noqa: PLC0415

    wired = build(settings, isolation)
    beating = beats(wired, ground)
    checks = engine_checks(settings, beating)
    return Part(wired=wired, threads=(beating, chores(settings)), first=BEAT, checks=checks, warnings={})


def _shared(settings: Settings, ground: Ground, tell: Tell, ending: ExitStack) -> Part:
    """Others run the steps, and deal with what is due. This one looks whether they are there, and says so."""
    from ansflow.apps.executions.health import also_needs  # noqa: PLC0415
    from ansflow.config.around import Around  # noqa: PLC0415
    from ansflow.config.health import base_checks  # noqa: PLC0415
    from ansflow.config.schedule import LOOK_AROUND, looks_around  # noqa: PLC0415
    from ansflow.config.wiring import build  # noqa: PLC0415

    bell = make_bell(settings)
    ending.callback(bell.close)
    wired = build(settings, LEFT_TO_WORKERS, duties=(), bell=bell)
    around = Around()
    also_needs(around.missing_scheduler)
    looking = looks_around(wired, around, ground, lambda sentence: tell("warning", message=sentence))
    return Part(
        wired=wired,
        threads=(looking,),
        first=LOOK_AROUND,
        checks=base_checks(settings),
        warnings={**around.checks, "broker": lambda: "cannot be reached" if bell.is_away() else ""},
    )


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
    behind: ASGIApp | None,
    sockets: ASGIApp,
    measures: Measures,
    health: Health,
    pages: Sequence[BaseRoute],
) -> ASGIApp:
    from ansflow.config.health import asked_by_address  # noqa: PLC0415
    from ansflow.edge.app import edge  # noqa: PLC0415
    from ansflow.edge.door import Rules  # noqa: PLC0415

    folder = settings.data_dir / "bodies"
    folder.mkdir(exist_ok=True, mode=0o700)
    rules = Rules(
        hosts=settings.hosts,
        proxies=settings.trusted_proxies,
        max_body=settings.max_body,
        folder=folder,
        by_address=asked_by_address(settings),
    )
    return edge(behind, rules, health=health, measures=measures, pages=pages, sockets=sockets)
