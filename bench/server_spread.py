"""A server, a scheduler and workers as processes of their own, on PostgreSQL and MariaDB, over Redis and RabbitMQ.

Beside it, in turns: `make -j4`, once as it starts `true` by itself and once with the shell that a step gets; and bare
Celery over Redis, which keeps nothing. Then the servers of others, each in turns with `make -j4`. Everything shares the
cores of this machine, so that more workers show what passing work on costs, and not what further machines would give.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import Any

from bench.bare_celery import BareCelery
from bench.databases import Databases, Missing
from bench.figures import MB, Figure, against, median, missing, percentile
from bench.options import Options
from bench.peers.commands import make_bash
from bench.peers.servers import measure_peer
from bench.server_steps import SHAPES, first, make_once
from bench.serving import EXECUTIONS, Server, moment, serving, source, start
from bench.shapes import at_once, layered, single
from tests.rabbitmq_server import RabbitServer
from tests.redis_server import RedisServer

Broker = RedisServer | RabbitServer

NAMES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "redis": "Redis", "rabbitmq": "RabbitMQ"}
GOALS = (0.05, 0.10, 0.4, 0.8, 5.0)  # seconds; of the largest shape a ratio to make
FIRST = 60  # ms
SLOTS = 4
WORKERS = (1, 2, 4)
EACH = 2  # slots of those workers
MANY = 50  # executions at once
QUEUED = 10_000  # steps of them all
CLAIM = 1.0  # seconds from a free slot to its next step
OTHERS = 5.0  # seconds until another project has its turn


@dataclass
class House:
    """One installation. Its workers differ from part to part."""

    name: str
    server: Server
    folder: Path
    env: dict[str, str]
    scheduler: Server
    workers: list[Server] = field(default_factory=list)

    def hire(self, count: int, slots: int) -> None:
        """So many workers, and no others."""
        while self.workers:
            self.workers.pop().stop()
        for number in range(count):
            data = self.folder / f"worker-{count}-{number}" / "data"
            command = ("worker", "--queues", "default", "--concurrency", str(slots))
            self.workers.append(start(data, *command, says_ready="Worker ", **self.env))

    @property
    def processes(self) -> tuple[Server, ...]:
        return (self.server, self.scheduler, *self.workers)

    def cpu(self) -> float:
        return sum(process.cpu() for process in self.processes)

    def memory(self) -> int:
        return sum(process.memory()[1] for process in self.processes)


def measure(options: Options) -> list[Figure]:
    """What more workers give stands last, side by side."""
    figures: list[Figure] = []
    rates: list[Figure] = []
    with ExitStack() as ending:
        databases = Databases(ending)
        for kind, broker in pairs(options):
            try:
                with _house(kind, broker, databases) as house, _bare() as celery:
                    house.hire(1, SLOTS)
                    figures.append(
                        Figure(f"{house.name}: idle memory of ours, its share (PSS)", house.memory() / MB, "MB")
                    )
                    figures += first(house.server, house.name, options.runs, FIRST)
                    figures += _shapes(house, celery, options)
                    figures += _queue(house, min(QUEUED, options.largest))
                    rates += _workers(house)
            except Missing as why:
                figures.append(missing(_name(kind, broker), why))
    for peer in options.peers:
        figures += measure_peer(peer, SHAPES, options.runs, options.largest, make_once)
    return [*figures, *rates]


def pairs(options: Options) -> list[tuple[str, str]]:
    """Database and broker of each installation that is to be measured. SQLite is for one process."""
    kinds = [kind for kind in options.databases if kind in NAMES]
    return [(kind, broker) for kind in kinds for broker in options.brokers]


def _name(kind: str, broker: str) -> str:
    return f"{NAMES[kind]}, {NAMES[broker]}"


@contextmanager
def _house(kind: str, broker_kind: str, databases: Databases) -> Iterator[House]:
    """Redis is the bus of all."""
    for program in {"redis-server", f"{broker_kind}-server"}:
        if shutil.which(program, path="/usr/sbin:/usr/bin") is None:
            raise Missing(f"{program} is not installed; `make services` installs it")
    url = databases.fresh(kind)
    with TemporaryDirectory(prefix="ansflow-bench-spread-") as name, RedisServer() as bus, ExitStack() as ending:
        broker: Broker = bus if broker_kind == "redis" else ending.enter_context(RabbitServer())
        folder = Path(name)
        for place in ("keys", "shared"):
            (folder / place).mkdir(mode=0o700)
        env = {
            "ANSFLOW_DATABASE_URL": url,
            "ANSFLOW_BROKER_URL": broker.url,
            "ANSFLOW_REDIS_URL": bus.url,
            "ANSFLOW_STORAGE_URL": f"file://{folder / 'shared'}",
            "ANSFLOW_KEYS_DIR": str(folder / "keys"),
        }
        server = ending.enter_context(serving(url, **{name: env[name] for name in env if "DATABASE" not in name}))
        scheduler = start(folder / "scheduler" / "data", "scheduler", says_ready="Scheduler is ready", **env)
        ending.callback(scheduler.stop)
        house = House(_name(kind, broker_kind), server, folder, env, scheduler)
        ending.callback(house.hire, 0, 0)
        yield house


@contextmanager
def _bare() -> Iterator[BareCelery]:
    with RedisServer() as redis, BareCelery(redis.url) as celery:
        yield celery


def _shapes(house: House, celery: BareCelery, options: Options) -> list[Figure]:
    figures = []
    for shape, goal in zip(SHAPES, GOALS, strict=True):
        if len(shape) > options.largest:
            continue
        runs = options.runs if len(shape) < 500 else max(1, options.runs // 2)
        pipeline = house.server.pipeline(shape.name, source(shape))
        house.server.run(pipeline)
        made, shells, bare, walls, cpu = [], [], [], [], []
        for _ in range(runs):
            made.append(make_once(shape))
            shells.append(make_once(shape, make_bash))
            bare.append(celery.run(shape))
            before = house.cpu()
            walls.append(house.server.run(pipeline).wall)
            cpu.append(house.cpu() - before)
        wall, limit, name = median(walls), median(made), f"{house.name}: {shape.name}"
        if len(shape) < 1000:
            figures.append(Figure(name, wall, "s", "make -j4", wall / limit, goal))
        else:
            figures.append(against(name, wall, "make -j4", limit, most=goal))
        shell = median(shells)
        figures.append(against("  … beside make -j4 with the shell of a step", wall, f"{shell:.3f} s", shell))
        figures.append(against("  … beside bare Celery", wall, f"{median(bare):.3f} s", median(bare)))
        figures.append(Figure("  … CPU of all processes, a step", 1000 * median(cpu) / len(shape), "ms"))
    return figures


def _workers(house: House) -> list[Figure]:
    """Eight executions, so that each worker has some to go on with."""
    shape = layered(100)
    pipeline, executions = house.server.pipeline("shared out", source(shape)), 2 * max(WORKERS)
    figures, alone = [], 0.0
    for count in WORKERS:
        house.hire(count, EACH)
        house.server.run(pipeline)
        began = time()
        for _ in range(executions):
            house.server.trigger(pipeline)
        ends = [moment(row["ended_at"]) for row in house.server.ended(pipeline, executions)]
        rate = executions * len(shape) / (max(ends) - began)
        alone = alone or rate
        what = f"{house.name}: steps per second, {count} × {EACH} slots"
        figures.append(Figure(what, rate, "/s", f"those of {WORKERS[0]}", rate / alone))
    return figures


def _queue(house: House, steps: int) -> list[Figure]:
    """Many wide executions of one project, and a single step of another that comes when all of them wait."""
    server, wide = house.server, at_once(max(1, steps // MANY))
    pipeline = server.pipeline("wide", source(wide, parallel=len(wide)))
    other = _other_project(server)
    for _ in range(MANY):
        server.trigger(pipeline)
    asked = time()
    made = int(server.api("POST", f"pipelines/{other}/run/", {})["id"])
    rows = server.ended(pipeline, MANY)
    found = [step for row in rows for step in server.api("GET", f"{EXECUTIONS}{row['id']}/")["step_executions"]]
    (theirs,) = server.api("GET", f"{EXECUTIONS}{made}/")["step_executions"]
    name, good = house.name, sum(step["status"] == "success" for step in found)
    claims, began = _claims(found, SLOTS), min(moment(step["started_at"]) for step in found)
    wall = max(moment(step["ended_at"]) for step in found) - began
    return [
        Figure(f"{name}: {steps:,} steps queued: claim, p95", percentile(claims, 0.95), "s", most=CLAIM),
        Figure("  … another project's first step", moment(theirs["started_at"]) - asked, "s", most=OTHERS),
        Figure("  … steps lost", float(MANY * len(wide) - good), "", most=0),
        Figure("  … steps per second", len(found) / wall, "/s"),
    ]


def _other_project(server: Server) -> int:
    project = server.api("POST", "projects/", {"name": "another"})["id"]
    body = {"project": project, "name": "another", "source": source(single())}
    return int(server.api("POST", "pipelines/", body)["id"])


def _claims(steps: Sequence[dict[str, Any]], slots: int) -> list[float]:
    """Seconds for which a slot stood idle before each step but the first ones: as the n-th ends, the n-th after those
    that fill the slots may begin."""
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        of[step["worker"]].append(step)
    found: list[float] = []
    for run in of.values():
        begins = sorted(moment(step["started_at"]) for step in run)
        ends = sorted(moment(step["ended_at"]) for step in run)
        found += [max(0.0, begin - end) for begin, end in zip(begins[slots:], ends, strict=False)]
    return found
