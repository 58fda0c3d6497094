"""Two workers with data folders of their own carry one execution in turn: real commands, and the files follow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ansflow.core.compile import compile_plan
from ansflow.core.spec import Trigger
from ansflow.core.status import Reason
from ansflow.document.reader import read
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemorySecrets, MemoryStore, SystemClock
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.infra.dispatch.threads import Threads
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.blobs import FileBlobs
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.change_log import MemoryChanges
from ansflow.infra.storage.travelling import TravellingWorkspaces
from ansflow.plugins import registry


class InTurn:
    """Gives each step to the next worker, and lets none go on by itself."""

    def __init__(self) -> None:
        self.threads: list[Threads | Nobody] = []
        self._next: Iterator[int] = cycle(range(2))

    def run_step(self, execution: int, step: str) -> None:
        self.threads[next(self._next)].run_step(execution, step)

    def others_wait(self, execution: int) -> bool:
        return True


class Nobody:
    """Whose messages are lost."""

    def run_step(self, execution: int, step: str) -> None: ...


class Machine:
    def __init__(self, name: str, folder: Path, shared: Shared) -> None:
        self.folder = folder / name
        self.workspaces = TravellingWorkspaces(
            self.folder / "executions", blobs=shared.blobs, log=shared.log, worker=name
        )
        self.threads = Threads(4)
        shared.in_turn.threads.append(self.threads)
        self.engine = Engine(
            store=shared.store,
            logs=shared.logs,
            artifacts=FileArtifacts(folder / "shared"),
            caches=FileCaches(folder / "shared", project=lambda execution: "p"),
            workspaces=self.workspaces,
            secrets=MemorySecrets({}),
            bus=shared.bus,
            dispatcher=shared.in_turn,
            clock=SystemClock(),
            registry=registry,
            place=Place(base=folder, data=self.folder, env={"PATH": os.environ["PATH"]}, executor="host"),
            worker=name,
            boot=name,
            jitter=lambda: 0.0,
        )
        self.threads.serve(self.engine.run_step)

    def close(self) -> None:
        self.threads.close()
        self.engine.close()


class Shared:
    """What both see."""

    def __init__(self, folder: Path) -> None:
        self.store, self.bus, self.logs, self.log = MemoryStore(), MemoryBus(), MemoryLogs(), MemoryChanges()
        self.blobs = FileBlobs(folder / "shared" / "blobs")
        self.in_turn = InTurn()
        self.machines = [Machine(name, folder, self) for name in ("north", "south")]

    def run(self, text: str) -> tuple[int, dict[str, str]]:
        document = read(text)
        assert document.spec is not None, document.problems
        plan = compile_plan(document.spec, digest="", trigger=Trigger(), inputs={})
        execution = self.machines[0].engine.start(plan)
        self.machines[0].engine.wait(execution)
        state = self.store.load(execution)
        for key in plan.steps:  # pytest shows it where an assertion fails
            print(key, state.step(key).status, state.step(key).reason, state.step(key).message)
        return execution, {key: str(state.step(key).status) for key in plan.steps}


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    found = Shared(tmp_path)
    yield found
    for machine in found.machines:
        machine.close()


def test_each_step_finds_what_the_steps_before_it_left_on_other_machines(shared: Shared) -> None:
    execution, ended = shared.run(
        """
steps:
  fetch: {run: "mkdir src && echo one > src/a && echo two > src/b && ln -s a src/link && pwd > where-0"}
  build: {needs: [fetch], run: "cat src/a src/link > app && chmod 750 app && rm src/b && pwd > where-1"}
  test: {needs: [build], run: "test -x app && test ! -e src/b && grep -c one app && echo three >> app && pwd > where-2"}
  pack: {needs: [test], run: "grep three app && test $(cat where-* | sort -u | wc -l) = 2"}
"""
    )
    assert ended == dict.fromkeys(("fetch", "build", "test", "pack"), "success"), shared.logs.read(execution, "pack", 1)
    assert shared.log.last(execution) == 3, "a step that changed nothing has written nothing"


def test_steps_at_once_on_two_machines_both_leave_their_files(shared: Shared) -> None:
    execution, ended = shared.run(
        """
steps:
  begin: {run: "echo begin > common"}
  left: {needs: [begin], run: "cat common > left"}
  right: {needs: [begin], run: "cat common > right"}
  join: {needs: [left, right], run: "cat left right common"}
"""
    )
    assert set(ended.values()) == {"success"}
    assert shared.logs.read(execution, "join", 1) == b"begin\n" * 3


def test_what_a_failed_step_left_is_there_for_the_steps_at_the_end(shared: Shared) -> None:
    execution, ended = shared.run(
        """
steps:
  unit: {run: "echo report > report && exit 1"}
finally:
  tell: {run: "cat report"}
"""
    )
    assert ended == {"unit": "failed", "tell": "success"}
    assert shared.logs.read(execution, "tell", 1) == b"report\n"


def test_a_step_whose_files_cannot_be_kept_has_failed_and_is_not_run_again(shared: Shared, monkeypatch) -> None:
    def refuse(*args: object, **known: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ansflow.engine.runner.BETWEEN_TRIES", (0.0, 0.0))
    monkeypatch.setattr(shared.blobs, "put", refuse)
    execution, ended = shared.run("steps: {unit: {run: echo ran >> ran, retry: 2}}")
    row = shared.store.load(execution).step("unit")
    assert (ended, row.reason, row.attempt) == ({"unit": "failed"}, Reason.INTERNAL_ERROR, 1)
    assert row.outcome is not None and "did not go on to other machines" in row.outcome.warnings[-1]
    assert "No space left on device" in row.message


def test_a_worker_that_has_been_fenced_says_nothing_and_gives_nothing_on(shared: Shared) -> None:
    machine, other = shared.machines
    document = read("steps: {unit: {run: echo late > file}}")
    assert document.spec is not None
    plan = compile_plan(document.spec, digest="", trigger=Trigger(), inputs={})
    shared.in_turn.threads = [Nobody(), Nobody()]
    execution = machine.engine.start(plan)
    claimed = machine.engine.runner.claim(execution, "unit")
    assert claimed is not None
    shared.log.fences[execution, "unit"] = claimed.fence + 1
    assert machine.engine.runner.carry(claimed) is None
    assert shared.log.last(execution) == -1
    assert (machine.workspaces.open(execution) / "file").exists() and not other.workspaces.exists(execution)


def test_a_machine_that_cannot_get_the_files_gives_the_attempt_back(shared: Shared, monkeypatch) -> None:
    failed = Event()
    real = TravellingWorkspaces.bring

    def away_at_first(self: TravellingWorkspaces, execution: int, **known: Any) -> None:
        if not failed.is_set():
            failed.set()
            raise OSError(5, "Input/output error")
        real(self, execution, **known)

    monkeypatch.setattr(TravellingWorkspaces, "bring", away_at_first)
    execution, ended = shared.run("steps: {unit: {run: echo ran}}")
    assert ended == {"unit": "success"}
    assert shared.store.load(execution).step("unit").attempt == 2


def test_a_host_that_is_lost_takes_no_finished_steps_with_it(shared: Shared, tmp_path: Path) -> None:
    real: Callable[..., None] = TravellingWorkspaces.bring
    execution, ended = shared.run("steps: {one: {run: echo 1 > one}, two: {needs: [one], run: echo 2 > two}}")
    for machine in shared.machines:
        shutil.rmtree(machine.folder)
    fresh = TravellingWorkspaces(tmp_path / "fresh", blobs=shared.blobs, log=shared.log, worker="fresh")
    real(fresh, execution, alone=True)
    assert set(ended.values()) == {"success"}
    assert {path.name for path in fresh.open(execution).iterdir()} == {"one", "two"}
