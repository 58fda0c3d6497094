"""The tasks that contract.md names: each is one call, has a place in the schedule, and believes nothing."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ansflow.apps.executions import actions, running
from ansflow.apps.executions.models import PipelineExecution, Sending
from ansflow.apps.pipelines.keeping import MANIFEST, packed_sources
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.config import schedule, tasks
from ansflow.config.chores import Chores
from ansflow.config.keeping import KEPT, keep_pipelines
from ansflow.config.schedule import called_chores, chores, periodic
from ansflow.config.settings import Settings
from ansflow.config.tasks import NUMBERED, TASKS
from ansflow.core.errors import NotAvailable
from tests.world import World

NAMES = {
    "execute_pipeline_task", "execute_pipeline_async", "health_check_tools", "cleanup_old_executions", "sync_tool_jobs",
    "process_webhook_event", "generate_execution_reports", "monitor_long_running_executions",
    "backup_pipeline_configurations", "monitor_remote_execution",
}  # fmt: skip


def test_the_tasks_have_the_names_that_clients_know() -> None:
    assert set(TASKS) == NAMES == {task.name for task in TASKS.values()}


COMES_ROUND = {
    "health_check_tools": "check_tools",
    "cleanup_old_executions": "cleanup_old_executions",
    "sync_tool_jobs": "sync_jobs",
    "generate_execution_reports": "write_reports",
    "monitor_long_running_executions": "note_overdue_executions",
    "backup_pipeline_configurations": "keep_pipelines",
}
"""Tasks that nobody needs to call, and the action of each."""


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of these actions have been called for, in turn. None of them does anything."""
    did: list[str] = []
    for action in COMES_ROUND.values():
        instead = partial(lambda action, *settings: did.append(action), action)
        monkeypatch.setattr(schedule, action, instead)
        monkeypatch.setattr(tasks, "clean_up" if action in TASKS else action, instead)
    monkeypatch.setattr(tasks, "current", lambda: None)
    return did


class Calls:
    """In the place of a bell: what it is asked to send, and for how many seconds."""

    def __init__(self) -> None:
        self.sent: dict[str, float | None] = {}

    def send(self, task: str, *numbers: int, expires: float | None = None) -> None:
        assert not numbers and task not in self.sent
        self.sent[task] = expires


def take_turns(turns: Chores) -> None:
    """One turn of each chore that is a task."""
    for one in periodic(Settings(data_dir=Path())):
        if one.task:
            turns.do(one.name)
            assert (turns.chores[one.name].done, turns.chores[one.name].failed) == (1, 0)


def test_all_that_comes_round_is_called_without_a_number_and_the_others_with_one() -> None:
    assert set(COMES_ROUND) == NAMES - NUMBERED


def test_a_server_that_is_alone_does_every_task_that_comes_round_itself(
    db: None, tmp_path: Path, done: list[str]
) -> None:
    take_turns(chores(Settings(data_dir=tmp_path)))
    assert sorted(done) == sorted(COMES_ROUND.values())


def test_a_scheduler_calls_a_worker_for_every_task_that_comes_round_until_its_next_turn(
    db: None, tmp_path: Path, done: list[str]
) -> None:
    settings, bell = Settings(data_dir=tmp_path), Calls()
    take_turns(called_chores(settings, bell))  # type: ignore[arg-type]
    assert bell.sent == {one.task: one.every for one in periodic(settings) if one.task}
    assert set(bell.sent) == set(COMES_ROUND) and all(bell.sent.values()) and done == []


def test_what_is_no_task_comes_round_with_a_scheduler_too(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    alone, called = chores(settings).chores, called_chores(settings, Calls()).chores  # type: ignore[arg-type]
    assert set(alone) - set(called) == {"checkpoint"}, "a file of SQLite is never shared"
    assert {name: (chore.every, chore.first) for name, chore in called.items()} == {
        one.name: (one.every, one.first) for one in periodic(settings)
    }


@pytest.mark.parametrize("task", COMES_ROUND)
def test_a_worker_that_is_called_does_the_action_of_the_task_and_nothing_else(task: str, done: list[str]) -> None:
    TASKS[task].run()
    assert done == [COMES_ROUND[task]]


@pytest.fixture
def world(db: None) -> World:
    return World()


class Asked:
    """In the place of an engine: what it is asked to begin."""

    def __init__(self) -> None:
        self.begun: list[int] = []

    def begin(self, execution: int) -> None:
        self.begun.append(execution)


@pytest.fixture
def engine() -> Any:
    asked = Asked()
    running.use(asked)  # type: ignore[arg-type]
    yield asked
    running.use(None)


@pytest.mark.parametrize("name", ["execute_pipeline_task", "execute_pipeline_async"])
def test_only_an_execution_that_has_been_written_and_not_begun_is_begun(world: World, engine: Asked, name: str) -> None:
    pipeline = Pipeline.objects.create(project=world.shop, name="build")
    written, begun = (
        PipelineExecution.objects.create(
            project=world.shop, pipeline=pipeline, number=number, trigger_type="api", created_at=timezone.now(),
            status="pending",
        )
        for number in (1, 2)
    )  # fmt: skip
    Sending.objects.create(execution=written, row_version=0, number=0, effect="{}", at=timezone.now())
    Sending.objects.create(execution=begun, row_version=3, number=0, effect="{}", at=timezone.now())
    for number in (written.id, begun.id, 10**9):
        TASKS[name].run(number)
    assert engine.begun == [written.id]
    assert not actions.begin_written(begun.id)


@pytest.mark.parametrize("name", ["process_webhook_event", "monitor_remote_execution"])
def test_what_this_release_cannot_do_is_refused_and_not_simulated(name: str) -> None:
    with pytest.raises(NotAvailable, match="this release"):
        TASKS[name].run(1)


def test_tools_have_no_jobs_where_there_are_only_workers_of_ours(world: World) -> None:
    TASKS["sync_tool_jobs"].run()


def saved(world: World, name: str, source: str) -> Pipeline:
    pipeline = Pipeline.objects.create(project=world.shop, name=name)
    pipeline.latest = Version.objects.create(pipeline=pipeline, number=1, source=source, digest="0" * 64)
    pipeline.save()
    return pipeline


def test_the_texts_of_all_pipelines_are_packed_so_that_they_can_be_brought_back(world: World) -> None:
    text = "steps: {unit: {run: echo ünit}}\r\n"
    saved(world, "../../etc/passwd", text)
    content, number = packed_sources()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (about,) = json.loads(archive.read(MANIFEST))["pipelines"]
        assert number == 1 and about["name"] == "../../etc/passwd"
        assert archive.read(about["file"]).decode() == text
        assert not any(".." in name.split("/") or name.startswith("/") for name in archive.namelist())


def test_the_newest_archives_are_kept(world: World, tmp_path: Path) -> None:
    saved(world, "build", "steps: {}")
    (tmp_path / "server" / "pipelines").mkdir(parents=True)
    for day in range(KEPT + 3):
        (tmp_path / "server" / "pipelines" / f"pipelines-202601{day + 1:02}.zip").touch()
    for _ in range(3):  # whoever reaches the broker may call for it: that must not cost the older ones
        assert keep_pipelines(Settings(data_dir=tmp_path)) == {"pipelines": 1}
    left = sorted(path.name for path in (tmp_path / "server" / "pipelines").iterdir())
    assert len(left) == KEPT and left[0] == "pipelines-20260105.zip"
