"""Workspaces on several machines over the tables: going on where others ended, and what retention removes where."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from ansflow.apps.executions import chores
from ansflow.apps.executions.changes import named
from ansflow.apps.executions.models import PipelineExecution, WorkspaceChange
from ansflow.config.settings import Settings
from ansflow.config.storage import Storage, open_storage, open_workspaces
from ansflow.core.commands import Claim, Finish
from ansflow.infra.storage.collecting import EVERY, YOUNG, collect
from tests.house import BAD, EXECUTIONS, GOOD, House

PIPELINE = """
steps:
  build: {run: make}
  unit: {run: pytest, needs: [build]}
  pack: {run: pack, needs: [unit]}
"""


class Machines:
    """Workers of one installation; `use(name)` lets actions and chores of this process be those of that machine."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        (folder / "shared").mkdir()
        self.settings = {
            name: Settings(data_dir=folder / name, storage_url=f"file://{folder}/shared", broker_url="redis://x")
            for name in ("north", "south", "server")
        }
        self.storage: Storage = open_storage(self.settings["server"])
        self.workspaces = {
            name: open_workspaces(settings, self.storage, worker=name) for name, settings in self.settings.items()
        }
        self.use("server")

    def use(self, name: str) -> None:
        self.house.engine.workspaces = self.workspaces[name]
        self.house.engine.artifacts = self.storage.artifacts

    def play(self, name: str, execution: int, step: str, change: Callable[[Path], object], outcome=GOOD) -> None:
        """Claims the step, does what it does in its workspace on that machine, and ends it."""
        house, workspaces = self.house, self.workspaces[name]
        assert not house.engine.scheduler.tell(execution, Claim(step=step, worker=name)).refused
        fence = house.store.load(execution).step(step).fence
        workspaces.bring(execution, alone=True)
        change(workspaces.open(execution))
        workspaces.keep(execution, step, fence)
        with house.committed():
            house.engine.scheduler.tell(execution, Finish(step=step, fence=fence, outcome=outcome, jitter=0.0))

    def files(self, name: str, execution: int) -> dict[str, str]:
        self.workspaces[name].bring(execution, alone=True)
        root = self.workspaces[name].open(execution)
        return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}

    def collect(self) -> int:
        return collect(self.storage.lists, self.storage.blobs, more=named(), now=time.time() + EVERY + YOUNG + 60)


@pytest.fixture
def machines(house: House, tmp_path: Path) -> Machines:
    return Machines(house, tmp_path)


@pytest.fixture
def failed(house: House, machines: Machines) -> int:
    """`build` ran in the north and was good, `unit` in the south and failed."""
    one: int = house.trigger("developer", house.pipeline(PIPELINE))["id"]
    machines.play("north", one, "build", lambda root: (root / "app").write_text("built"))
    machines.play("south", one, "unit", lambda root: (root / "report").write_text("bad"), BAD)
    return one


def retried(house: House, execution: int) -> int:
    answer = house.post("developer", f"{EXECUTIONS}{execution}/retry/", None)
    assert answer.status_code == 201, answer.content
    found: int = answer.json()["id"]
    return found


def test_a_retry_goes_on_with_files_that_are_on_another_machine(house: House, machines: Machines, failed: int) -> None:
    new = retried(house, failed)
    said = house.api("guest").get(f"{EXECUTIONS}{new}/why/").json()["decisions"]
    assert any("Its workspace is taken over." in entry["message"] for entry in said)
    assert not machines.settings["server"].data_dir.exists()
    machines.play("south", new, "unit", lambda root: (root / "report").write_text("good"))
    assert machines.files("north", new) == {"app": "built", "report": "good"}
    assert machines.files("north", failed) == {"app": "built", "report": "bad"}, "the old one never changes"


def test_two_machines_that_begin_a_continued_workspace_at_once_begin_with_the_same(
    house: House, machines: Machines, failed: int
) -> None:
    new = retried(house, failed)
    assert machines.files("north", new) == machines.files("south", new) == {"app": "built", "report": "bad"}
    assert list(WorkspaceChange.objects.filter(execution=new).values_list("number", "worker")) == [(0, "")]


def test_where_the_old_workspace_is_gone_its_artifacts_come_back_everywhere(
    house: House, machines: Machines, failed: int, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "app").write_text("kept")
    machines.storage.artifacts.keep(
        failed, "build", tmp_path / "made", ["app"], lambda path, why: None, refusal=lambda path: ""
    )
    machines.workspaces["server"].remove(failed)
    new = retried(house, failed)
    said = house.api("guest").get(f"{EXECUTIONS}{new}/why/").json()["decisions"]
    assert any("Its workspace has been removed" in entry["message"] for entry in said)
    assert machines.files("north", new) == {"app": "kept"}
    assert machines.files("south", new) == {"app": "kept"}
    assert not list(machines.settings["north"].data_dir.rglob("taking-over"))


def test_what_was_continued_is_continued_again(house: House, machines: Machines, failed: int) -> None:
    second = retried(house, failed)
    machines.play("south", second, "unit", lambda root: (root / "report").unlink(), BAD)
    third = retried(house, second)
    assert machines.files("north", third) == {"app": "built"}


def test_a_workspace_that_retention_removes_goes_from_every_machine(
    house: House, machines: Machines, failed: int, monkeypatch
) -> None:
    house.world.shop.keep_workspaces_hours = 1
    house.world.shop.save()
    long_ago = timezone.now() - timedelta(hours=2)
    PipelineExecution.objects.filter(id=failed).update(ended_at=long_ago)
    monkeypatch.setattr(chores, "YOUNG", timedelta(hours=-1))
    assert machines.collect() == 0, "changes name what is in them"
    counts = chores.cleanup_old_executions()
    assert counts["workspaces"] == 1
    assert not WorkspaceChange.objects.exists()
    for name in ("north", "south"):
        machines.use(name)
        assert [number for number, _ in machines.workspaces[name].executions()] == [failed]
        assert chores.cleanup_old_executions()["orphans"] == 1
        assert list(machines.workspaces[name].executions()) == []
        assert list((machines.settings[name].data_dir / "server" / "executions").iterdir()) == []
    os.remove(machines.settings["server"].storage_url.removeprefix("file://") + "/collected/last.json")
    assert machines.collect() == 2
    assert list(machines.storage.blobs.listed()) == []


def test_an_execution_that_goes_takes_its_changes_along(house: House, machines: Machines, failed: int) -> None:
    PipelineExecution.objects.filter(id=failed).update(ended_at=timezone.now())
    chores._remove_execution(failed)
    assert not WorkspaceChange.objects.exists() and not PipelineExecution.objects.filter(id=failed).exists()


def test_one_machine_alone_writes_no_changes(house: House, tmp_path: Path) -> None:
    settings = replace(Settings(data_dir=tmp_path / "alone"), storage_url="")
    workspaces = open_workspaces(settings, open_storage(settings), worker="w")
    (workspaces.open(1) / "made").write_text("here")
    workspaces.bring(1, alone=True)
    workspaces.keep(1, "step", 1)
    assert not WorkspaceChange.objects.exists()
