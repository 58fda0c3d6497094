"""A whole engine over memory ports and the fake executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansflow.core.plan import Plan
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemorySecrets, MemoryStore, SystemClock
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.engine.ports import LogStore
from ansflow.infra.dispatch.threads import Threads
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins import registry


class Away(Exception):
    """As a driver says that its database cannot be reached."""


class Local:
    """`run(plan)` runs it to its end and tells how the steps ended."""

    Away = Away

    def __init__(
        self,
        folder: Path,
        *,
        slots: int = 4,
        executor: str = "fake",
        secrets: dict[str, str] | None = None,
        logs: LogStore | None = None,
    ):
        self.threads = Threads(slots)
        self.logs = MemoryLogs() if logs is None else logs
        self.secrets = MemorySecrets(secrets)
        self.workspaces = FileWorkspaces(folder / "executions")
        self.artifacts = FileArtifacts(folder / "artifacts")
        self.engine = Engine(
            store=MemoryStore(),
            logs=self.logs,
            artifacts=self.artifacts,
            caches=FileCaches(folder / "caches", project=lambda execution: "p"),
            workspaces=self.workspaces,
            secrets=self.secrets,
            bus=MemoryBus(),
            dispatcher=self.threads,
            clock=SystemClock(),
            registry=registry,
            place=Place(base=folder, data=folder, env={"PATH": os.environ["PATH"]}, executor=executor),
            slots=slots,
            jitter=lambda: 0.0,
            away=(Away,),
        )
        self.threads.serve(self.engine.run_step)
        self.execution = 0

    def run(self, plan: Plan, **more) -> dict[str, str]:
        self.execution = self.engine.start(plan, **more)
        return self.end()

    def end(self) -> dict[str, str]:
        self.engine.wait(self.execution)
        state = self.engine.state(self.execution)
        return {key: str(state.step(key).status) for key in self.engine.store.wiring(self.execution).plan.steps}

    def step(self, key: str):
        return self.engine.state(self.execution).step(key)

    def log(self, key: str, attempt: int = 1) -> str:
        return self.logs.read(self.execution, key, attempt).decode()

    def close(self) -> None:
        self.threads.close()
        self.engine.close()


@pytest.fixture
def make_local(tmp_path: Path) -> Iterator[Callable[..., Local]]:
    made: list[Local] = []

    def make(**more) -> Local:
        made.append(Local(tmp_path, **more))
        return made[-1]

    yield make
    for local in made:
        local.close()


@pytest.fixture
def local(make_local: Callable[..., Local]) -> Local:
    return make_local()
