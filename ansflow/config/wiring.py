"""The engine of a server, wired to what it stands on: tables, files, slots, executors."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError

from ansflow.apps.executions import concurrency, running
from ansflow.apps.executions.clock import DatabaseClock
from ansflow.apps.executions.ports import ExecutionSecrets, facts
from ansflow.apps.executions.store import DjangoStore
from ansflow.config.bus import make_bus
from ansflow.config.folders import server_folder
from ansflow.config.isolation import Isolation, Offered
from ansflow.config.settings import Settings
from ansflow.config.storage import Storage, open_storage, open_workspaces
from ansflow.core.commands import Stop
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine, in_thread
from ansflow.engine.ports import Clock, Dispatcher, EventBus
from ansflow.engine.recovery import ALONE, Duty
from ansflow.infra.dispatch.slots import Slots, tell_nobody
from ansflow.infra.storage.names import file_name, write_text

if TYPE_CHECKING:
    from ansflow.infra.dispatch.bell import Bell

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

    name: str
    engine: Engine
    slots: Slots | None  # None where others run the steps
    store: DjangoStore
    storage: Storage
    bus: EventBus
    clock: DatabaseClock

    def open(self) -> None:
        """Takes up what an earlier life left, and serves actions and API from now on."""
        if self.slots is not None:
            self.slots.serve(self.engine.run_step)
        running.use(self.engine)  # first: an execution that ends while this opens asks it for its concurrency group
        self.clock.look()
        self.engine.open()

    def claim_no_more(self) -> None:
        """The database has come to another server: what runs here is let go."""
        running.use(None)
        self.engine.mend_no_more()
        self.engine.runner.close(seconds=0)

    def close(self) -> None:
        running.use(None)
        self.engine.close()
        if self.slots is not None:
            self.slots.close(seconds=LETTING_GO)
        with suppress(OperationalError, InterfaceError):  # without its database it ends too, and is shown as lost
            self.engine.leave()
        self.store.forget_sent()
        self.storage.close()
        self.bus.close()


def build(
    settings: Settings,
    isolation: Isolation,
    *,
    duties: Collection[Duty] = ALONE,
    bell: Bell | None = None,
) -> Wired:
    """Carries nothing yet. Where several processes share the work, `duties` is the part of this one, and `bell` calls
    others."""
    data, root = settings.data_dir, server_folder(settings.data_dir)
    for folder in (root, root / "executions"):
        folder.mkdir(exist_ok=True, mode=0o700)
    store, storage, bus, clock = DjangoStore(), open_storage(settings), make_bus(settings), DatabaseClock()
    if bell is not None:
        bell.otherwise = bus.offered
    slots, dispatcher = _dispatcher(settings, store, clock, duties, bell)
    name = worker_name(data)
    engine = Engine(
        store=store,
        logs=storage.logs,
        artifacts=storage.artifacts,
        caches=storage.caches,
        workspaces=open_workspaces(settings, storage, worker=name),
        secrets=ExecutionSecrets(lambda execution: store.wiring(execution).plan),
        bus=bus,
        dispatcher=dispatcher,
        clock=clock,
        registry=Offered(isolation),
        place=Place(
            base=None,
            data=data,
            env={name: os.environ[name] for name in SURROUNDINGS if name in os.environ},
            executor=isolation.executor,
            adoptable=True,
        ),
        worker=name,
        boot=boot_of(name),
        slots=settings.slots,
        in_background=in_thread if slots is None else slots.run_now,
        is_idle=_never if slots is None else slots.has_room,
        asked_at=_never_asked if slots is None else slots.asked_at,
        away=(OperationalError, InterfaceError),
        facts=partial(facts, address=settings.address),
        queues=settings.queues,
        duties=duties,
        host=socket.gethostname(),
        load=load_per_core,
    )
    engine.scheduler.on_ended = concurrency.ended
    if bell is not None:
        engine.scheduler.on_stop = partial(stop_wherever_it_runs, engine, bus)
    if slots is not None:
        engine.on_wish = partial(obey, slots)
    return Wired(name, engine, slots, store, storage, bus, clock)


def _dispatcher(
    settings: Settings, store: DjangoStore, clock: Clock, duties: Collection[Duty], bell: Bell | None
) -> tuple[Slots | None, Dispatcher]:
    if Duty.CARRY in duties:
        ring = tell_nobody if bell is None else bell.ring
        slots = Slots(settings.slots, store=store, queues=settings.queues, ring=ring, clock=clock)
        return slots, slots
    assert bell is not None
    from ansflow.infra.dispatch.bell import Ringing  # noqa: PLC0415 — an extra

    return None, Ringing(bell, lambda execution, step: store.wiring(execution).plan.queue_of(step))


def _never() -> bool:
    """Whether a process without slots has one idle."""
    return False


def _never_asked() -> None:
    """When such a process asked for steps."""


def stop_wherever_it_runs(engine: Engine, bus: EventBus, execution: int, stop: Stop) -> None:
    """Here, or by the worker that has it: it hears of it at once, or at its next beat."""
    engine.runner.stop(execution, stop)
    if stop.worker != engine.runner.boot:
        bus.stopping(execution)


def obey(slots: Slots, wish: str) -> None:
    """Heard at each beat. A worker inside a server drains, and ends with the server: see `apps.workers`."""
    if wish:
        slots.drain()
    else:
        slots.resume()


def load_per_core() -> float:
    """Of this machine, over the last minute: 1.0 is all that it can do."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def boot_of(name: str) -> str:
    """A new life of this worker, `NAME/RANDOM`, as long as its column at most."""
    return f"{name[:47]}/{secrets.token_hex(8)}"


def worker_name(data: Path) -> str:
    """The same at every start on this data folder: so a worker knows what its former life left running."""
    path = data / "worker"
    if not path.exists():
        write_text(path, f"{file_name(socket.gethostname())}-{secrets.token_hex(3)}\n")
    return path.read_text().strip()
