"""A server that is stopped and started again: what runs lives on under its shim, and the next life carries it on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from ansflow.core.errors import NotAvailable, NotFound
from ansflow.core.spec import RetryPolicy
from ansflow.core.status import Reason
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemoryClock, MemorySecrets, MemoryStore, SystemClock
from ansflow.engine.ports import Clock
from ansflow.infra.dispatch.threads import Threads
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins import registry
from tests.plans import plan


class Life:
    """One life of a server: everything anew but the store and the data folder."""

    def __init__(
        self,
        store: MemoryStore,
        data: Path,
        number: int = 1,
        *,
        slots: int = 4,
        executor: str = "host",
        clock: Clock | None = None,
        registry: Any = registry,
    ) -> None:
        self.logs = FileLogs(data / "logs")
        self.workspaces = FileWorkspaces(data / "executions")
        self.threads = Threads(slots)
        self.engine = Engine(
            store=store,
            logs=self.logs,
            artifacts=FileArtifacts(data),
            caches=FileCaches(data, project=lambda execution: "p"),
            workspaces=self.workspaces,
            secrets=MemorySecrets(),
            bus=MemoryBus(),
            dispatcher=self.threads,
            clock=clock or SystemClock(),
            registry=registry,
            place=Place(base=data, data=data, env={"PATH": os.environ["PATH"]}, executor=executor),
            worker="server",
            boot=f"server/{number}",
            slots=slots,
            jitter=lambda: 1.0,
            in_background=self.threads.run_now,
        )
        self.threads.serve(self.engine.run_step)

    def close(self) -> float:
        """How many seconds it took."""
        began = monotonic()
        self.engine.close()
        self.threads.close(seconds=0.4)
        return monotonic() - began


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Callable[..., Life]]:
    """Begins the next life of the same server."""
    store, lives = MemoryStore(), []

    def begin(**more: object) -> Life:
        lives.append(Life(store, tmp_path, len(lives) + 1, **more))
        lives[-1].engine.open()
        return lives[-1]

    yield begin
    for life in lives:
        life.close()


def pipes(life: Life, *names: str) -> list[Path]:
    """In the workspace of execution 1; who opens one waits until the step has opened its other end."""
    folder = life.workspaces.open(1)
    for name in names:
        os.mkfifo(folder / name)
    return [folder / name for name in names]


TALKS = 'echo before; echo $$ > started; read word < go; echo "$word"; echo "v=1" >> "$ANSFLOW_OUTPUT"'


def test_a_step_lives_through_a_graceful_stop_and_is_carried_on_by_the_next_life(live, count):
    first = live()
    started, go = pipes(first, "started", "go")
    execution = first.engine.start(plan({"a": {"run": (TALKS,)}, "b": {"run": ("echo after",), "needs": "a"}}))
    pid = int(started.read_text())
    assert first.close() < 2
    row = first.engine.state(execution).step("a")
    assert (str(row.status), row.attempt, row.worker) == ("running", 1, "server/1")
    assert first.engine.runner.busy() == 0
    os.kill(pid, 0)
    second = live()
    go.write_text("and after\n")
    assert second.engine.wait(execution) == "success"
    row = second.engine.state(execution).step("a")
    assert (row.attempt, row.lost, row.outcome.outputs) == (1, 0, {"v": "1"})
    assert second.logs.read(execution, "a", 1) == b"before\nand after\n"
    assert second.engine.recovery.repairs == {"adopted": 1}


def test_what_ended_while_no_server_ran_is_found(live):
    first = live()
    started, go = pipes(first, "started", "go")
    execution = first.engine.start(plan({"a": {"run": (TALKS,)}}))
    started.read_text()
    first.close()
    go.write_text("in the meantime\n")
    second = live()
    assert second.engine.wait(execution) == "success"
    assert second.logs.read(execution, "a", 1) == b"before\nin the meantime\n"
    assert second.engine.state(execution).step("a").attempt == 1


def test_many_steps_are_let_go_at_once_and_those_on_offer_are_offered_anew(live, count):
    first = live(slots=6)
    (go,) = pipes(first, "go")
    names = [f"s{n}" for n in range(12)]
    waits = {"run": ('echo x > "started-$ANSFLOW_STEP"; read word < go-$ANSFLOW_STEP; echo "$word"',)}
    for name in names:
        pipes(first, f"started-{name}", f"go-{name}")
    execution = first.engine.start(plan(dict.fromkeys(names, waits), max_parallel=12))
    for key in names[:6]:
        (go.parent / f"started-{key}").read_text()
    seconds = first.close()
    assert seconds < 2
    count("seconds to let go of 6 running steps", round(seconds, 2))
    second = live(slots=6)
    for key in names:
        if key not in names[:6]:
            (go.parent / f"started-{key}").read_text()
        (go.parent / f"go-{key}").write_text(f"hello {key}\n")
    assert second.engine.wait(execution) == "success"
    rows = [second.engine.state(execution).step(key) for key in names]
    assert {row.attempt for row in rows} == {1}
    assert all(second.logs.read(execution, key, 1) == f"hello {key}\n".encode() for key in names)


def test_an_attempt_that_had_not_begun_when_its_server_stopped_is_begun_by_the_next_life(live, monkeypatch):
    clock, reached, go_on = MemoryClock(), Event(), Event()
    first = live(clock=clock)
    real = first.workspaces.open

    def slowly(execution):
        reached.set()
        go_on.wait(10)
        return real(execution)

    monkeypatch.setattr(first.workspaces, "open", slowly)
    execution = first.engine.start(plan({"a": {"run": ("echo begun >> begun",)}}))
    assert reached.wait(10)
    first.engine.runner.close(seconds=0)
    go_on.set()
    first.close()
    row = first.engine.state(execution).step("a")
    assert (str(row.status), row.lost, row.message.startswith("Its worker was stopped before")) == ("pending", 1, True)
    clock.turn(timedelta(minutes=1))
    second = live(clock=clock)
    assert second.engine.wait(execution) == "success"
    assert (second.workspaces.open(execution) / "begun").read_text() == "begun\n"


def test_what_came_due_while_no_server_ran_is_done_by_the_next_life(live):
    clock = MemoryClock()
    first = live(executor="fake", clock=clock)
    policy = RetryPolicy(max=1, delay=timedelta(hours=1))
    execution = first.engine.start(plan({"a": {"env": {"FAKE_EXIT_CODE": "1"}, "retry": policy}}))
    for event in first.engine.follow(execution):
        if getattr(event.fact, "reason", None) is Reason.RETRY:
            break
    first.close()
    clock.turn(timedelta(hours=2))
    second = live(executor="fake", clock=clock)
    assert second.engine.wait(execution) == "failed"
    assert second.engine.state(execution).step("a").attempt == 2


def test_the_default_executor_is_open_before_the_first_step(live, tmp_path):
    opened = []
    executor = SimpleNamespace(open=lambda: opened.append("open"), close=lambda: opened.append("close"))
    life = Life(MemoryStore(), tmp_path, registry=SimpleNamespace(executor=lambda name: executor))
    life.engine.open()
    assert opened == ["open"]
    life.engine.close()
    assert opened == ["open", "close"]


def test_a_server_whose_default_executor_does_not_exist_registers_nothing(tmp_path):
    store = MemoryStore()
    life = Life(store, tmp_path, executor="sandbax")
    with pytest.raises(NotAvailable, match="sandbax"):
        life.engine.open()
    assert not store.register("server", "server/2", now=SystemClock().now())
    with pytest.raises(NotFound):
        store.beat("server/1", now=SystemClock().now())
