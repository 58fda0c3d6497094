"""The tasks that contract.md names: each is one call, has a place in the schedule, and believes nothing."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ansflow.apps.executions import actions, running
from ansflow.apps.executions.models import PipelineExecution, Sending
from ansflow.apps.pipelines.keeping import MANIFEST, packed_sources
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.config.keeping import KEPT, keep_pipelines
from ansflow.config.schedule import periodic
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


def test_every_task_that_comes_round_is_in_the_schedule_of_both_modes(tmp_path: Path) -> None:
    scheduled = {one.task for one in periodic(Settings(data_dir=tmp_path)) if one.task}
    assert scheduled == NAMES - NUMBERED


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
