"""The engine of a server, wired to what it stands on: tables, files, threads, executors."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError

from ansflow.apps.executions import concurrency, running
from ansflow.apps.executions.ports import ContinuedWorkspaces, ExecutionSecrets, cache_owner, facts
from ansflow.apps.executions.store import DjangoStore
from ansflow.config.bus import make_bus
from ansflow.config.folders import server_folder
from ansflow.config.isolation import Isolation, Offered
from ansflow.config.keys import read_private
from ansflow.config.settings import Settings
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import SystemClock
from ansflow.engine.ports import EventBus, LogStore
from ansflow.infra.dispatch.threads import Threads
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.names import file_name, write_text
from ansflow.infra.storage.opening import open_store
from ansflow.infra.storage.packing import Packing

if TYPE_CHECKING:
    from ansflow.infra.storage.objects import Objects

SURROUNDINGS = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
)
"""All that a step sees of the server's environment: how this machine reaches the network, not who runs the server."""
LETTING_GO = 0.3  # seconds that worker threads get to end, once the engine has let go of what they carried


@dataclass(frozen=True, slots=True)
class Wired:
    """What `close` ends: the engine lets go of running steps, which live on under their shims."""

    engine: Engine
    threads: Threads
    store: DjangoStore
    end_logs: Callable[[], None]
    bus: EventBus

    def open(self) -> None:
        """Takes up what an earlier life left, and serves actions and API from now on."""
        self.threads.serve(self.engine.run_step)
        running.use(self.engine)  # first: an execution that ends while this opens asks it for its concurrency group
        self.engine.open()

    def claim_no_more(self) -> None:
        """The database has come to another server: what runs here is let go."""
        running.use(None)
        self.engine.runner.close(seconds=0)

    def close(self) -> None:
        running.use(None)
        self.engine.close()
        self.threads.close(seconds=LETTING_GO)
        self.store.forget_sent()
        self.end_logs()
        self.bus.close()


def build(settings: Settings, isolation: Isolation, *, environ: Mapping[str, str] = os.environ) -> Wired:
    """Carries nothing yet."""
    data, root = settings.data_dir, server_folder(settings.data_dir)
    for folder in (root, root / "executions"):
        folder.mkdir(exist_ok=True, mode=0o700)
    threads, store, artifacts, bus = Threads(settings.slots), DjangoStore(), FileArtifacts(root), make_bus(settings)
    logs, end_logs = _logs(settings, root / "logs")
    engine = Engine(
        store=store,
        logs=logs,
        artifacts=artifacts,
        caches=FileCaches(root, project=cache_owner),
        workspaces=ContinuedWorkspaces(root / "executions", artifacts),
        secrets=ExecutionSecrets(lambda execution: store.wiring(execution).plan),
        bus=bus,
        dispatcher=threads,
        clock=SystemClock(),
        registry=Offered(isolation),
        place=Place(
            base=None,
            data=data,
            env={name: environ[name] for name in SURROUNDINGS if name in environ},
            executor=isolation.executor,
            adoptable=True,
        ),
        worker=worker_name(data),
        boot=secrets.token_hex(8),
        slots=settings.slots,
        in_background=threads.run_now,
        is_idle=threads.has_room,
        away=(OperationalError, InterfaceError),
        facts=partial(facts, address=settings.address),
    )
    engine.scheduler.on_ended = concurrency.ended
    return Wired(engine, threads, store, end_logs, bus)


def _logs(settings: Settings, folder: Path) -> tuple[LogStore, Callable[[], None]]:
    """Where logs are kept, and what ends it."""
    packing = Packing()
    if not settings.storage_url:
        return FileLogs(folder, packing), packing.close
    objects = open_objects(settings)
    from ansflow.infra.storage.object_logs import ObjectLogs  # noqa: PLC0415 — an extra

    logs = ObjectLogs(objects, packing)

    def end() -> None:
        packing.close()
        logs.end()

    return logs, end


def open_objects(settings: Settings) -> Objects:
    """The store of ANSFLOW_STORAGE_URL. Nothing is asked of it yet."""
    store = open_store(settings.storage_url, credentials=_storage_key(settings))
    from ansflow.infra.storage.objects import Objects  # noqa: PLC0415 — an extra

    return Objects(store)


def _storage_key(settings: Settings) -> tuple[str, str] | None:
    if settings.storage_key_file is None:
        return None
    lines = read_private(settings.storage_key_file, "The key of the store").split("\n")
    if len(lines) < 2 or not lines[0].strip() or not lines[1].strip():
        message = f"{settings.storage_key_file} wants the id of a key in its first line, and the secret in its second."
        raise InvalidSpec([Problem(code="setting", message=message)])
    return lines[0].strip(), lines[1].strip()


def worker_name(data: Path) -> str:
    """The same at every start on this data folder: so a worker knows what its former life left running."""
    path = data / "worker"
    if not path.exists():
        write_text(path, f"{file_name(socket.gethostname())}-{secrets.token_hex(3)}\n")
    return path.read_text().strip()
