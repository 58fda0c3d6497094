"""A real installation of several processes: servers, workers, schedulers and edges, on one database and one broker.

    house = Installation(tmp_path, database="postgresql", broker=redis.url, bus=redis.url)
    server = house.serve()                     # the first one makes the keys, the tables and the administrator
    other = house.serve("other")               # one more, on the same database
    one = house.worker("one", queues="default,gpu", concurrency=2)
    active, waiting = house.scheduler("a"), house.scheduler("b")
    house.close()

Each process has a data folder of its own, and they share keys and storage. What is started here ends with the tests.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from tests.databases import fresh
from tests.server_process import ServerProcess


class Installation:
    def __init__(self, folder: Path, *, database: str, broker: str, bus: str, url: str = "", **env: str) -> None:
        """`url` is that of a database that is there already."""
        self._folder = folder
        (folder / "keys").mkdir(mode=0o700)
        self.shared = folder / "shared"
        self.shared.mkdir(mode=0o700)
        self.database_url = url or fresh(database)
        self.processes: list[ServerProcess] = []
        self._has_administrator = False
        self._env = {
            "ANSFLOW_DATABASE_URL": self.database_url,
            "ANSFLOW_BROKER_URL": broker,
            "ANSFLOW_REDIS_URL": bus,
            "ANSFLOW_STORAGE_URL": f"file://{self.shared}",
            "ANSFLOW_KEYS_DIR": str(folder / "keys"),
            "ANSFLOW_ALLOW_HOST_EXECUTOR": "true",
            **env,
        }

    def serve(self, name: str = "server") -> ServerProcess:
        server = self.process(name, "serve", says_ready="AnsFlow is ready: ")
        if self._has_administrator:
            server.start()
        else:
            server.start_with_administrator()
            self._has_administrator = True
        return server

    def worker(
        self, name: str, *, queues: str = "default", concurrency: int = 2, within: Sequence[str] = (), **env: str
    ) -> ServerProcess:
        flags = ("worker", "--queues", queues, "--concurrency", str(concurrency))
        worker = self.process(name, *flags, says_ready="Worker ", within=within, **env)
        worker.start()
        return worker

    def scheduler(self, name: str = "scheduler", **env: str) -> ServerProcess:
        scheduler = self.process(name, "scheduler", says_ready="Scheduler is ready", **env)
        scheduler.start()
        return scheduler

    def edge(self, name: str = "edge", **env: str) -> ServerProcess:
        edge = self.process(name, "edge", says_ready="Edge is ready: ", **env)
        edge.start()
        return edge

    def process(
        self, name: str, *command: str, says_ready: str, within: Sequence[str] = (), **env: str
    ) -> ServerProcess:
        """Not started yet."""
        folder = self._folder / name
        folder.mkdir()
        process = ServerProcess(folder, command=command, says_ready=says_ready, within=within, **{**self._env, **env})
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self.processes):
            if process.is_running:
                process.stop(signal.SIGKILL)
