"""A world with an engine in it: pipelines that are run, by hand or for real.

    house.pipeline("steps: {unit: {run: pytest}}")        # in `shop`
    made = house.trigger("developer", pipeline)           # over the API; the engine has begun it
    house.play(made["id"], "unit")                        # claims the step and ends it well

Nobody carries steps by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ansflow.apps.executions import concurrency, running
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.ports import ContinuedWorkspaces, ExecutionSecrets, cache_owner, facts
from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.projects.models import Project
from ansflow.core.commands import Claim, Finish
from ansflow.core.outcome import Outcome
from ansflow.core.status import Reason, StepStatus
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, SystemClock
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.logs import FileLogs
from ansflow.plugins import registry
from tests.world import Api, World

GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
BAD = Outcome(status=StepStatus.FAILED, reason=Reason.EXIT_CODE, message="Exited with code 1.", exit_code=1)

EXECUTIONS = "/api/v1/cicd/executions/"


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def house(world: World, tmp_path: Path, settings: Any, django_capture_on_commit_callbacks: Any) -> Iterator[House]:
    settings.ANSFLOW_EXECUTOR = "host"
    settings.ANSFLOW_ALLOW_HOST_EXECUTOR = True
    found = House(world, tmp_path, lambda: django_capture_on_commit_callbacks(execute=True))
    yield found
    found.close()


class Nobody:
    """A dispatcher whose messages are all lost: steps stay on offer."""

    def run_step(self, execution: int, step: str) -> None: ...

    def others_wait(self, execution: int) -> bool:
        return False


class House:
    def __init__(self, world: World, data: Path, committed: Callable[[], AbstractContextManager[Any]]) -> None:
        self.world = world
        self.data = data
        self.committed = committed
        self.store = DjangoStore()
        self.engine = self._engine()

    def pipeline(self, source: str, name: str = "build", project: Project | None = None) -> Pipeline:
        made = Pipeline.objects.create(project=project or self.world.shop, name=name)
        self.save(made, source)
        return made

    def save(self, pipeline: Pipeline, source: str) -> Version:
        number = pipeline.versions.count() + 1
        digest = sha256(source.encode()).hexdigest()
        pipeline.latest = Version.objects.create(pipeline=pipeline, number=number, source=source, digest=digest)
        pipeline.save(update_fields=["latest"])
        return pipeline.latest

    def api(self, name: str) -> Api:
        return self.world.api(name)

    def post(self, name: str, path: str, body: Any = None) -> Any:
        """As that person; what waits for the commit happens before this returns."""
        with self.committed():
            return self.api(name).post(path, body)

    def trigger(self, name: str, pipeline: Pipeline, **body: Any) -> dict[str, Any]:
        answer = self.post(name, EXECUTIONS, {"pipeline_id": pipeline.id, "trigger_type": "manual", **body})
        assert answer.status_code == 201, answer.content
        return self.get(answer.json()["id"])

    def get(self, execution: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api("admin").get(f"{EXECUTIONS}{execution}/").json()
        return found

    def play(self, execution: int, step: str, outcome: Outcome = GOOD) -> None:
        """Claims a step that is on offer, and ends it."""
        claimed = self.engine.scheduler.tell(execution, Claim(step=step, worker="w"))
        assert not claimed.refused, claimed.refused
        with self.committed():
            row = self.store.load(execution).step(step)
            self.engine.scheduler.tell(execution, Finish(step=step, fence=row.fence, outcome=outcome, jitter=0.0))

    def statuses(self, execution: int) -> Mapping[str, str]:
        return dict(StepExecution.objects.filter(execution=execution).values_list("key", "status"))

    def step(self, execution: int, key: str) -> StepExecution:
        return StepExecution.objects.get(execution=execution, key=key)

    def row(self, execution: int) -> PipelineExecution:
        return PipelineExecution.objects.get(id=execution)

    def close(self) -> None:
        self.engine.close()
        running.use(None)

    def _engine(self) -> Engine:
        artifacts = FileArtifacts(self.data)
        engine = Engine(
            store=self.store,
            logs=FileLogs(self.data / "logs"),
            artifacts=artifacts,
            caches=FileCaches(self.data, project=cache_owner),
            workspaces=ContinuedWorkspaces(self.data / "workspaces", artifacts),
            secrets=ExecutionSecrets(lambda execution: self.store.wiring(execution).plan),
            bus=MemoryBus(),
            dispatcher=Nobody(),
            clock=SystemClock(),
            registry=registry,
            place=Place(base=None, data=self.data, env={"PATH": os.environ["PATH"]}, executor="host"),
            facts=partial(facts, address="https://ci.example"),
        )
        engine.scheduler.on_ended = concurrency.ended
        running.use(engine)
        return engine
