"""A real `ansflow serve` that shows what another process does: the tests'. Between them are PostgreSQL and Redis.

    with stage() as house:
        execution = house.execution(changes=50)
        house.change(execution, 3)            # three more events, decided and committed here; the number of the last
        house.path(execution)                 # /ws/executions/1/
        house.redis.kill()                    # from now on the server has to look for itself

So hints of what changes reach the server's rooms over Redis only, and whatever befalls Redis befalls them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.db import connections

from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.executions.writing import NewExecution
from ansflow.core.commands import Claim, Command, Finish, Start
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus
from ansflow.engine.memory import SystemClock
from ansflow.engine.ports import begin_key
from ansflow.engine.scheduler import Scheduler
from ansflow.infra.bus.redis import RedisBus
from tests import databases
from tests.plans import plan
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess

ALIAS = "stage"
BOOT = "stage"
BETWEEN_BEATS = 3.0  # seconds
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)


class Nobody:
    """A dispatcher whose messages are all lost."""

    def run_step(self, execution: int, step: str) -> None: ...


class Stage:
    """The steps of its executions are held by this process, and end when it says so."""

    def __init__(self, server: ServerProcess, redis: RedisServer, bus: RedisBus) -> None:
        self.server = server
        self.redis = redis
        self.bus = bus
        self.store = DjangoStore(ALIAS)
        self._scheduler = Scheduler(store=self.store, dispatcher=Nobody(), bus=bus, clock=SystemClock())
        self._project = server.api("POST", "projects/", {"name": "stage"})["id"]
        source = "version: 1\nname: stage\nsteps: {unit: 'true'}\n"
        self._pipeline = server.api("POST", "pipelines/", {"project": self._project, "source": source})["id"]
        self._numbers = count(1)
        self._changes: dict[int, Iterator[int]] = {}
        self.store.register("stage", BOOT, now=SystemClock().now())
        self._ending = Event()
        self._beating = Thread(target=self._beat)
        self._beating.start()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.token}"}

    @property
    def address(self) -> str:
        """Of sockets."""
        return self.server.url.replace("http", "ws", 1)

    def path(self, execution: int) -> str:
        return f"/ws/executions/{execution}/"

    def execution(self, changes: int) -> int:
        """One in which so many steps run, held by this process: each end of one is a change. One more runs on."""
        now = SystemClock().now()
        keys = [f"s{number}" for number in range(changes + 1)]
        known = NewExecution(project_id=self._project, pipeline_id=self._pipeline, number=next(self._numbers))
        wanted = plan(dict.fromkeys(keys, ""), max_parallel=len(keys), timeout=timedelta(hours=1))
        made = self.store.create(wanted, now=now, by="", known=known)
        self._tell(made, Start())
        self.store.sent(begin_key(made))
        for key in keys:  # before the server, which would run what stays on offer
            self._tell(made, Claim(step=key, worker=BOOT))
        self._changes[made] = (self._end(made, key) for key in keys)
        return made

    def change(self, execution: int, times: int = 1) -> int:
        """So many events more. Returns the number of the last."""
        for _ in range(times):
            last = next(self._changes[execution])
        return last

    def events(self, execution: int) -> list[int]:
        """The numbers of all that has happened: the truth."""
        return [event.seq for event in self.store.events(execution)]

    def close(self) -> None:
        self._ending.set()
        self._beating.join()
        connections[ALIAS].close()

    def _beat(self) -> None:
        """Or the server would take the steps for lost."""
        while not self._ending.wait(BETWEEN_BEATS):
            self.store.beat(BOOT, now=SystemClock().now())
        connections[ALIAS].close()  # this thread's own

    def _end(self, execution: int, key: str) -> int:
        fence = self.store.load(execution).step(key).fence
        return self._tell(execution, Finish(step=key, fence=fence, outcome=GOOD, jitter=0.0))

    def _tell(self, execution: int, command: Command) -> int:
        told = self._scheduler.tell(execution, command)
        assert not told.refused, told.refused
        assert told.decision.execution is not None
        return told.decision.execution.seq


@contextmanager
def stage(folder: Path, **env: Any) -> Iterator[Stage]:
    """Skips the test where there is no PostgreSQL or no Redis. Wants database access to be allowed."""
    url = databases.fresh("postgresql")
    with ExitStack() as ending, RedisServer() as redis:
        server = ServerProcess(folder, ANSFLOW_DATABASE_URL=url, ANSFLOW_REDIS_URL=redis.far_url, **env)
        server.start_with_administrator()
        ending.callback(lambda: server.is_running and server.stop())
        databases.use(ALIAS, url)
        bus = RedisBus(redis.url)
        ending.callback(bus.close)
        made = Stage(server, redis, bus)
        ending.callback(made.close)
        yield made
