"""A spread installation under chaos: its processes, its database, its broker and its bus, and what can befall each.

with Spread(folder, "mariadb", RabbitServer, seed=1) as one:
    one.people.begin()
    one.workers["one"].kill(); …
    one.people.rest()
    assert one.violations() == []          # as often as wanted: nothing has to end for it
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from ansflow.executors.shim.tree import descendants
from tests.chaos.checker import Seen, violations
from tests.chaos.island import Island
from tests.chaos.people import People
from tests.chaos.reading import Given, seen
from tests.chaos.work import Witness
from tests.databases import Killable
from tests.installation_process import Installation
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer
from tests.server_process import PATIENCE, ServerProcess, until
from tests.servers import free_port

Broker = RedisServer | RabbitServer

KINDS = ("work", "gated", "grouped", "slow")
MORE = ("quick", "long", "short", "deadly", "doomed")
SERVICES = ("database", "broker", "bus")
QUEUES = ("ansflow.default", "ansflow.chores")
LEASE = 12.0  # seconds, less than a lease by a heartbeat
OUTAGE = 1.0  # seconds
OPEN = 2  # executions that people keep open for each worker: as many as it can do something for


class Spread:
    """One server, one scheduler and two workers."""

    def __init__(self, folder: Path, database: str, broker: Callable[[], Broker], *, seed: int) -> None:
        self.random = random.Random(seed)
        self._ending = contextlib.ExitStack()
        self.bus = self._ending.enter_context(RedisServer())
        self.broker = self.bus if broker is RedisServer else self._ending.enter_context(broker())
        self.database = Killable(database)
        self._house = Installation(
            folder, database=database, broker=self.broker.url, bus=self.bus.url, url=self.database.url
        )
        self._ports: dict[ServerProcess, int] = {}
        self._cut_off: set[str] = set()
        self._folder = folder
        self._islands: dict[str, Island] = {}
        self._ended: dict[str, float] = {}
        self.witness = Witness(folder / "witness")
        self.workers: dict[str, ServerProcess] = {}
        self.seen: Seen | None = None

    def __enter__(self) -> Spread:
        self._ending.callback(self._house.close)
        self.server = self._house.serve()
        self.people = People(self.server, self.witness, kinds=KINDS, seed=self.random.randrange(1000))
        self._ending.callback(self.people.close)
        self.people.move_in(*MORE)
        self.given = Given(self.server, self.people.token)
        self.scheduler = self._known(self._house.scheduler)
        for name in ("one", "two"):
            self.hire(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.close()

    def hire(self, name: str, *, within: Sequence[str] = (), **env: str) -> ServerProcess:
        self.workers[name] = self._known(lambda **more: self._house.worker(name, within=within, **env, **more))
        self.people.at_once = OPEN * len(self.workers)
        return self.workers[name]

    def _known(self, start: Callable[..., ServerProcess]) -> ServerProcess:
        port = free_port()
        process = start(ANSFLOW_HEALTH_PORT=str(port))
        self._ports[process] = port
        return process

    # ── what befalls workers ─────────────────────────────────────────────────────────────────────────────────────

    def live(self, longest: float, shortest: float = 0.0) -> None:
        """Goes on for a time that chance decides."""
        self.server.live(self.random.uniform(shortest, longest))

    def end(self, name: str, *, kill: bool) -> None:
        """A worker that begins again at once. It is only asked to end when it has come to be ready."""
        worker = self.workers[name]
        if kill:
            worker.kill()
        else:
            self.ready(name)
            assert worker.stop() == 0
        self._ended.setdefault(name, monotonic())
        worker.begin()

    def ready(self, name: str) -> None:
        """Waits until a worker that has begun again is. On a busy machine it may have lost its lease meanwhile."""
        worker = self.workers[name]
        worker.ready()
        if monotonic() - self._ended.pop(name, monotonic()) > LEASE:
            self._cut_off.add(name_of(worker))

    def burn(self, name: str) -> None:
        """Its machine is lost: worker, every step with its shim, and whatever was on its disk. Another one begins."""
        worker = self.workers[name]
        self._end_all_of(worker)
        worker.begin()

    def lose_power(self, name: str) -> None:
        """The same, and the machine comes back as the one it was: of all that it had on its disk, its name is left."""
        worker = self.workers[name]
        known = name_of(worker)
        self._end_all_of(worker)
        worker.data.mkdir(mode=0o700)
        (worker.data / "worker").write_text(f"{known}\n")
        worker.begin()

    def _end_all_of(self, worker: ServerProcess) -> None:
        self._cut_off.add(name_of(worker))
        os.kill(worker.pid, signal.SIGSTOP)  # so that nothing new begins, while what runs is looked for
        left = [worker.pid, *descendants(worker.pid)]
        while left:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            left = list(_living_in(worker.data))
        worker.ended()
        shutil.rmtree(worker.data)

    @contextlib.contextmanager
    def out_of_reach(self, name: str) -> Iterator[None]:
        """For more than its lease: cut off from everything where it is on an island, else frozen. What its shims look
        after goes on."""
        worker = self.workers[name]
        self._cut_off.add(name_of(worker))
        if name in self._islands:
            with self._islands[name].cut(*SERVICES):
                yield
            return
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker.pid, signal.SIGCONT)

    def restart_what_ended(self) -> None:
        """As a service manager does, which does not wait until it is ready: it may be ended again before."""
        for name, worker in self.workers.items():
            if not worker.is_running:
                worker.ended()
                self._ended.setdefault(name, monotonic())
                worker.begin()

    def hire_on_an_island(self, name: str) -> Island:
        """A worker in a network of its own, whose lines to SERVICES can be cut."""
        urls = dict(zip(SERVICES, (self.database.url, self.broker.url, self.bus.url), strict=True))
        island = self._ending.enter_context(Island({service: port_of(url) for service, url in urls.items()}))
        there = {
            f"ANSFLOW_{variable}_URL": urls[service].replace(f"127.0.0.1:{port_of(urls[service])}", place)
            for (service, place), variable in zip(island.places.items(), ("DATABASE", "BROKER", "REDIS"), strict=True)
        }
        self.hire(name, within=island.within, **there)
        self._islands[name] = island
        return island

    def hire_with_clock(self, name: str) -> Callable[[int], None]:
        """A worker on a machine whose clock can be put so many seconds forward or back."""
        put, env = self._clock(name)
        self.hire(name, **env)
        return put

    def give_scheduler_a_clock(self) -> Callable[[int], None]:
        """The same for the scheduler: another one takes its place."""
        put, env = self._clock("scheduler")
        assert self.scheduler.stop() == 0
        self.scheduler = self._known(partial(self._house.scheduler, "timekeeper", **env))
        return put

    def _clock(self, name: str) -> tuple[Callable[[int], None], dict[str, str]]:
        (library,) = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")) or [None]
        if library is None:
            pytest.skip("faketime is not installed: bin/services installs it.")
        clock = self._folder / f"clock-of-{name}"
        clock.write_text("+0\n")
        known = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return lambda seconds: clock.write_text(f"{seconds:+d}\n") and None, {"LD_PRELOAD": str(library), **known}

    def hire_with_small_disk(self, name: str, mebibytes: int) -> Path:
        """A worker whose data folder is a disk of its own. Its place."""
        port = free_port()
        flags = ("worker", "--queues", "default", "--concurrency", "2")
        worker = self._house.process(name, *flags, says_ready="Worker ", ANSFLOW_HEALTH_PORT=str(port))
        worker.data.mkdir()
        mounted = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", str(worker.data)]
        if subprocess.run(mounted, capture_output=True, check=False).returncode != 0:
            pytest.skip("A small disk cannot be mounted here.")
        self._ending.callback(subprocess.run, ["umount", "--lazy", str(worker.data)], check=True)
        worker.start()
        self.workers[name], self._ports[worker] = worker, port
        return worker.data

    def dismiss(self, name: str) -> None:
        """While people rest: what it runs nobody would take up."""
        assert self.workers.pop(name).stop() == 0
        self.people.at_once = OPEN * len(self.workers)

    # ── what befalls broker and bus ──────────────────────────────────────────────────────────────────────────────

    def forget_messages(self) -> None:
        for server in {self.broker, self.bus}:
            if isinstance(server, RedisServer):
                server.say("FLUSHALL")
            else:
                server.forget(QUEUES)

    def restart_broker(self) -> None:
        self.broker.kill()
        self.broker.start()

    def restart_bus(self) -> None:
        self.bus.kill()
        self.bus.start()

    def freeze_broker(self) -> None:
        self.broker.freeze()
        self.server.live(OUTAGE)
        self.broker.thaw()

    # ── what it comes to ─────────────────────────────────────────────────────────────────────────────────────────

    def probe(self) -> float:
        """Seconds that an execution of one step takes, as its client sees it."""
        probe = self.people.trigger("quick")
        found = until(lambda: (row := self.execution(probe))["ended_at"] and row, "the probe has ended")
        return moment(found["ended_at"]) - moment(found["created_at"])

    def execution(self, number: int) -> dict[str, Any]:
        return dict(self.server.api("GET", f"cicd/executions/{number}/", token=self.people.token))

    def step(self, execution: int, key: str) -> dict[str, Any]:
        (row,) = [row for row in self.execution(execution)["step_executions"] if row["key"] == key]
        return dict(row)

    def host_of(self, execution: int, key: str) -> str:
        """Which of `workers` runs the step, or has run it last."""
        names = {name_of(worker): name for name, worker in self.workers.items()}
        return names[self.step(execution, key)["worker"]]

    def violations(self) -> list[str]:
        self.given.read()
        self.seen = seen(self.database.url, self.witness, self.people.told, self.given, cut_off=self._cut_off)
        return violations(self.seen)

    def repairs(self) -> dict[str, float]:
        """What every process has repaired in this life, by rule."""
        found: dict[str, float] = {}
        for process in (self.server, self.scheduler, *self.workers.values()):
            rules = re.findall(r'ansflow_repairs_total{rule="([^"]+)"} (\S+)', self._metrics(process))
            assert rules or process is self.server, f"{process.folder.name} says nothing of its repairs"
            found |= {f"{rule} of {process.folder.name}": float(times) for rule, times in rules if float(times)}
        return found

    def found(self) -> int:
        """How many steps idle workers have found by themselves in this life."""
        said = [
            re.findall(r"(?m)^ansflow_offers_found_total (\S+)", self._metrics(one)) for one in self.workers.values()
        ]
        return sum(int(float(number)) for (number,) in said)

    def _metrics(self, process: ServerProcess) -> str:
        place = process.url if process is self.server else f"http://127.0.0.1:{self._ports[process]}"
        return httpx2.get(f"{place}/metrics", timeout=PATIENCE).text


def name_of(worker: ServerProcess) -> str:
    """What it is called in the database. It keeps its name while it keeps its data."""
    return (worker.data / "worker").read_text().strip()


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def moment(written: Any) -> float:
    return datetime.fromisoformat(str(written)).timestamp()


def _living_in(folder: Path) -> Iterator[int]:
    """Processes that work in it or were started for something in it."""
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            stopped = (place / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            inside = str((place / "cwd").readlink()).startswith(f"{folder}/")
            if not stopped and (inside or f"{folder}/".encode() in (place / "cmdline").read_bytes()):
                yield int(place.name)
