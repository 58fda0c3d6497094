"""What has been kept long enough goes with all that belongs to it, and nothing else does."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError
from django.utils import timezone

from ansflow.apps.analytics.models import Report
from ansflow.apps.analytics.reports import write_reports
from ansflow.apps.audit.models import Entry
from ansflow.apps.audit.queries import verify
from ansflow.apps.executions import chores
from ansflow.apps.executions.chores import cleanup_old_executions, tidy_workspaces
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.projects.models import Project
from ansflow.core.errors import ExternalError
from tests.house import BAD, EXECUTIONS, House

LINE = """
steps:
  build:
    run: make
    artifacts: [app]
  report:
    run: report
    artifacts: [page]
  unit: {run: pytest, needs: [build]}
"""
BRIEF = LINE.replace("[page]", "{paths: [page], expire_in: 1h}")
GATED = "steps:\n  ship:\n    run: ship\n    approval: {self_approval: false}\n"

TABLES = list(apps.get_app_config("executions").get_models())
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FOR_EVER = {"keep_executions_days": 0, "keep_artifacts_days": 0, "keep_workspaces_hours": 0}
NOTHING = {"executions": 0, "artifacts": 0, "workspaces": 0, "orphans": 0}
KINDS = {
    "executions": ({"keep_executions_days": 2}, timedelta(days=2)),
    "artifacts": ({"keep_artifacts_days": 2}, timedelta(days=2)),
    "workspaces": ({"keep_workspaces_hours": 2}, timedelta(hours=2)),
}
"""The setting of each kind, and how long things stay with it."""


@pytest.fixture(autouse=True)
def for_ever(house: House) -> None:
    """Nothing goes but for what a test says."""
    Project.objects.update(**FOR_EVER)


def keep(house: House, **settings: int) -> None:
    Project.objects.filter(id=house.world.shop.id).update(**settings)


def leave(house: House, execution: int, *steps: str) -> None:
    """As if these steps had run here: a log, an artifact and a file in the workspace of each."""
    workspace = house.engine.workspaces.open(execution)
    house.engine.workspaces.attempt(execution, steps[0], 1)
    for step in steps:
        (workspace / step).write_text(f"{step} of {execution}")
        house.engine.logs.append(execution, step, 1, fence=1, offset=0, data=f"log of {step}\n".encode())
        house.engine.logs.close(execution, step, 1)
        house.engine.artifacts.keep(execution, step, workspace, [step], lambda path, why: None, refusal=lambda path: "")


def ended(house: House, ago: timedelta, *, failed: bool = False, source: str = LINE, owner: str = "shop") -> int:
    """An execution that ended so long ago, with all that one leaves."""
    made: int = begun(house, source, owner)
    leave(house, made, "build", "report")
    for step in ("build", "report"):
        house.play(made, step)
    house.play(made, "unit", *([BAD] if failed else []))
    age(made, ago)
    return made


def begun(house: House, source: str = LINE, owner: str = "shop") -> int:
    project = house.world.shop if owner == "shop" else house.world.theirs
    pipeline = project.pipelines.filter(latest__source=source).first()
    pipeline = pipeline or house.pipeline(source, name=f"line {source.count(',')}", project=project)
    who = "developer" if owner == "shop" else "rival"
    answer = house.post(who, EXECUTIONS, {"pipeline_id": pipeline.id, "trigger_type": "manual"})
    assert answer.status_code == 201, answer.content
    made: int = answer.json()["id"]
    return made


def age(execution: int, ago: timedelta) -> None:
    at = timezone.now() - ago
    PipelineExecution.objects.filter(id=execution).update(ended_at=at)
    StepExecution.objects.filter(execution=execution).update(ended_at=at)


def retried(house: House, execution: int) -> int:
    answer = house.post("developer", f"{EXECUTIONS}{execution}/retry/")
    assert answer.status_code == 201, answer.content
    made: int = answer.json()["id"]
    return made


def on_disk(house: House) -> dict[str, bytes | None]:
    """Every file and folder, to the byte. Content of artifacts is collected by another chore."""
    found = sorted(house.data.rglob("*"))
    names = {str(path.relative_to(house.data)): path for path in found}
    return {name: path.read_bytes() if path.is_file() else None for name, path in names.items() if "blobs" not in name}


def of(execution: int, disk: Iterable[str]) -> set[str]:
    """What on the disk belongs to an execution."""
    return {name for name in disk if str(execution) in Path(name).parts}


def in_tables(*, without: int = 0) -> dict[str, list[Mapping[str, Any]]]:
    """Every row about executions, but for those of one of them."""
    found = {}
    for model in TABLES:
        number = "id" if model is PipelineExecution else "execution_id"
        rows = model._default_manager.order_by("pk").values()
        found[model._meta.label] = [row for row in rows if row.get(number) != without]
    return found


def applied() -> list[tuple[str, Mapping[str, int]]]:
    """What the audit trail says that retention did, by project."""
    return list(Entry.objects.filter(action="retention.apply").order_by("id").values_list("object_name", "after"))


class Refusing:
    """A store of the engine that refuses to remove what is of one execution; `stop` ends that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Any, execution: int, error: Exception) -> None:
        real, self.refuses = store.remove, True

        def remove(number: int, *step: str) -> None:
            if self.refuses and number == execution:
                raise error
            real(number, *step)

        monkeypatch.setattr(store, "remove", remove)


# ── what goes, and what stays ────────────────────────────────────────────────────────────────────────────────────


def test_an_execution_goes_with_all_that_belongs_to_it_and_nothing_else_does(house: House) -> None:
    keep(house, keep_executions_days=2)
    old, young = ended(house, 3 * DAY), ended(house, 1 * DAY)
    elsewhere = ended(house, 300 * DAY, owner="theirs")
    disk, rows = on_disk(house), in_tables(without=old)
    assert all(of(one, disk) for one in (old, young, elsewhere)) and rows != in_tables()
    assert cleanup_old_executions() == NOTHING | {"executions": 1}
    assert on_disk(house) == {name: content for name, content in disk.items() if name not in of(old, disk)}
    assert in_tables() == rows
    assert house.api("developer").get(f"{EXECUTIONS}{old}/").status_code == 404


def test_how_old_something_is_the_database_says_and_not_a_machine(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, keep_executions_days=2, keep_artifacts_days=2, keep_workspaces_hours=2)
    monkeypatch.setattr(chores, "YOUNG", -MINUTE)
    ended(house, MINUTE)
    disk, rows, years_ahead = on_disk(house), in_tables(), timezone.now() + 3000 * DAY
    monkeypatch.setattr("django.utils.timezone.now", lambda: years_ahead)
    assert (cleanup_old_executions(), tidy_workspaces()) == (NOTHING, {"workspaces": 0})
    assert (on_disk(house), in_tables()) == (disk, rows)
    monkeypatch.setattr(chores, "database_time", lambda: years_ahead)
    assert cleanup_old_executions()["executions"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_minute_decides(house: House, kind: str) -> None:
    setting, span = KINDS[kind]
    keep(house, **setting)
    older, younger = ended(house, span + MINUTE), ended(house, span - MINUTE)
    before = of(younger, on_disk(house))
    counts = cleanup_old_executions()
    assert counts[kind] == (2 if kind == "artifacts" else 1), "artifacts are counted by step"
    assert of(younger, on_disk(house)) == before
    left = {Path(name).parts[0] for name in of(older, on_disk(house))}
    stays = {"executions": set(), "artifacts": {"logs", "workspaces"}, "workspaces": {"logs", "artifacts"}}
    assert left == stays[kind]
    assert PipelineExecution.objects.filter(id=older).exists() is (kind != "executions")


def test_what_runs_or_waits_never_goes(house: House) -> None:
    keep(house, **{name: 1 for name in FOR_EVER})
    running = begun(house)
    leave(house, running, "build", "report")
    house.play(running, "build")
    waiting = begun(house, GATED)
    leave(house, waiting, "ship")
    PipelineExecution.objects.update(created_at=timezone.now() - 300 * DAY, started_at=timezone.now() - 300 * DAY)
    StepExecution.objects.filter(ended_at__isnull=False).update(ended_at=timezone.now() - timedelta(minutes=50))
    assert house.step(waiting, "ship").status == "waiting" and house.row(running).status == "running"
    disk, rows = on_disk(house), in_tables()
    assert cleanup_old_executions() == NOTHING
    assert (on_disk(house), in_tables()) == (disk, rows)


def test_a_step_says_itself_how_long_its_artifacts_stay(house: House) -> None:
    one = ended(house, timedelta(hours=2), source=BRIEF)
    younger = ended(house, timedelta(minutes=59), source=BRIEF)
    before = on_disk(house)
    assert cleanup_old_executions() == NOTHING | {"artifacts": 1}
    assert set(house.engine.artifacts.files(one)) == {"build"}
    assert set(house.engine.artifacts.files(younger)) == {"build", "report"}
    (gone,) = set(before) - set(on_disk(house))
    assert gone.startswith(f"artifacts/{one}/report")


def test_workspaces_that_belong_to_nothing_go_unless_they_are_young(house: House) -> None:
    known, long_ago = ended(house, 300 * DAY), (timezone.now() - DAY).timestamp()
    workspaces, in_years = house.engine.workspaces, (timezone.now() + 3000 * DAY).timestamp()
    lost, fresh, ahead = known + 1000, known + 1001, known + 1002
    for number in (known, lost, fresh, ahead):
        (workspaces.open(number) / "file").write_text("here")
    (house.data / "workspaces" / "notes").mkdir()
    for number, at in ((known, long_ago), (lost, long_ago), (ahead, in_years)):
        os.utime(house.data / "workspaces" / str(number), (at, at))
    assert cleanup_old_executions() == NOTHING | {"orphans": 2}
    left = {path.name for path in (house.data / "workspaces").iterdir()}
    assert left == {str(known), str(fresh), "notes"}


# ── what others still need ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_open_retry_begins_with_stays_until_it_has_ended(house: House, kind: str) -> None:
    old = ended(house, 300 * DAY, failed=True)
    retry = retried(house, old)
    keep(house, **KINDS[kind][0])
    disk = of(old, on_disk(house))
    assert cleanup_old_executions() == NOTHING
    assert of(old, on_disk(house)) == disk
    assert (house.engine.workspaces.open(retry) / "build").read_text() == f"build of {old}"
    house.play(retry, "unit")
    assert cleanup_old_executions()[kind] > 0
    assert of(old, on_disk(house)) != disk


def test_a_retry_of_a_retry_still_finds_the_artifacts_of_the_first(house: House) -> None:
    first = ended(house, 300 * DAY, failed=True)
    second = retried(house, first)
    house.play(second, "unit", BAD)
    third = retried(house, second)
    for workspace in (first, second):
        house.engine.workspaces.remove(workspace)
    keep(house, keep_executions_days=1, keep_artifacts_days=1, keep_workspaces_hours=1)
    age(second, 30 * DAY)
    assert cleanup_old_executions() == NOTHING
    assert (house.engine.workspaces.open(third) / "build").read_text() == f"build of {first}"
    house.play(third, "unit")
    assert cleanup_old_executions()["executions"] == 2
    assert house.row(third).rerun_of_id is None and house.get(third)["status"] == "success"


def test_a_retry_that_begins_while_others_are_removed_keeps_its_files(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, keep_executions_days=1)
    first, second = (ended(house, 30 * DAY, failed=True) for _ in range(2))
    real, retries = house.engine.logs.remove, []

    def remove(execution: int) -> None:
        real(execution)
        retries.append(retried(house, second))

    monkeypatch.setattr(house.engine.logs, "remove", remove)
    assert cleanup_old_executions() == NOTHING | {"executions": 1}
    assert not PipelineExecution.objects.filter(id=first).exists()
    assert (house.engine.workspaces.open(retries[0]) / "build").read_text() == f"build of {second}"


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "error", [OSError(16, "Device or resource busy"), ExternalError("The store is away.", permanent=False)]
)
@pytest.mark.parametrize(("store", "kind"), [
    ("logs", "executions"), ("artifacts", "executions"), ("workspaces", "executions"),
    ("artifacts", "artifacts"), ("workspaces", "workspaces"),
])  # fmt: skip
def test_one_that_cannot_be_removed_keeps_none_of_the_others_and_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, store: str, kind: str,
    error: Exception,
) -> None:  # fmt: skip
    keep(house, **KINDS[kind][0])
    first, stuck, last = (ended(house, 30 * DAY) for _ in range(3))
    refusing = Refusing(monkeypatch, getattr(house.engine, store), stuck, error)
    with caplog.at_level(logging.WARNING, "ansflow.executions"):
        one = cleanup_old_executions()
    assert f"Execution {stuck} could not be tidied: {error}." in caplog.text
    assert of(stuck, {name for name in on_disk(house) if name.startswith(store)}), "what is refused is still there"
    assert not any(of(gone, {name for name in on_disk(house) if name.startswith(store)}) for gone in (first, last))
    assert PipelineExecution.objects.filter(id=stuck).exists()
    refusing.refuses = False
    again = cleanup_old_executions()
    assert (one[kind], again[kind]) == ((4, 2) if kind == "artifacts" else (2, 1))
    assert cleanup_old_executions() == NOTHING
    assert [entry[kind] for _, entry in applied()] == [one[kind], again[kind]]


def test_expired_artifacts_that_cannot_be_removed_keep_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, keep_workspaces_hours=1)
    stuck, other = (ended(house, 2 * DAY, source=BRIEF) for _ in range(2))
    refusing = Refusing(monkeypatch, house.engine.artifacts, stuck, OSError(5, "Input/output error"))
    assert cleanup_old_executions() == NOTHING | {"workspaces": 2, "artifacts": 1}
    assert set(house.engine.artifacts.files(other)) == {"build"}
    refusing.refuses = False
    assert cleanup_old_executions() == NOTHING | {"artifacts": 1}


@pytest.mark.parametrize("chore", [cleanup_old_executions, tidy_workspaces])
def test_a_lost_workspace_that_cannot_be_removed_keeps_none_of_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch, chore: Callable[[], Mapping[str, int]]
) -> None:
    monkeypatch.setattr(chores, "YOUNG", -MINUTE)
    for number in (10_001, 10_002, 10_003):
        house.engine.workspaces.open(number)
    refusing = Refusing(monkeypatch, house.engine.workspaces, 10_002, OSError(16, "Device or resource busy"))
    assert sum(chore().values()) == 2
    assert [number for number, _ in house.engine.workspaces.executions()] == [10_002]
    refusing.refuses = False
    assert sum(chore().values()) == 1


def test_a_log_that_the_disk_refuses_to_remove_keeps_its_execution(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not forgotten: with its row gone, nobody would ever look for it again."""
    keep(house, keep_executions_days=1)
    one = ended(house, 30 * DAY)
    with monkeypatch.context() as broken:
        real = os.unlink

        def unlink(path: Any, **where: Any) -> None:
            if str(path).endswith(".log"):
                raise PermissionError(1, "Operation not permitted")
            real(path, **where)

        broken.setattr(os, "unlink", unlink)
        assert cleanup_old_executions() == NOTHING
    assert house.row(one).status == "success"
    assert cleanup_old_executions() == NOTHING | {"executions": 1}
    assert of(one, on_disk(house)) == set()


def test_what_went_is_recorded_also_where_the_database_goes_away_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, keep_executions_days=1)
    for _ in range(2):
        ended(house, 30 * DAY)
    real, removed = house.engine.logs.remove, []

    def remove(execution: int) -> None:
        if removed:
            raise OperationalError("server closed the connection unexpectedly")
        removed.append(execution)
        real(execution)

    monkeypatch.setattr(house.engine.logs, "remove", remove)
    with pytest.raises(OperationalError):
        cleanup_old_executions()
    assert applied() == [("shop", {"executions": 1})]


# ── what is told of it ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_turn_changes_nothing(house: House) -> None:
    keep(house, keep_executions_days=3, keep_artifacts_days=2, keep_workspaces_hours=1)
    for days in (1, 2.5, 4):
        ended(house, timedelta(days=days))
    assert cleanup_old_executions() == {"executions": 1, "artifacts": 2, "workspaces": 2, "orphans": 0}
    disk, rows, entries = on_disk(house), in_tables(), Entry.objects.count()
    for _ in range(2):
        assert cleanup_old_executions() == NOTHING
    assert (on_disk(house), in_tables(), Entry.objects.count()) == (disk, rows, entries)


def test_the_trail_counts_what_went_of_each_project_in_the_chain_of_its_tenant(house: House) -> None:
    Project.objects.update(keep_executions_days=1)
    for project in ("shop", "shop", "theirs"):
        ended(house, 30 * DAY, owner=project)
    assert cleanup_old_executions()["executions"] == 3
    assert applied() == [("shop", {"executions": 2}), ("theirs", {"executions": 1})]
    assert [verify(tenant.id) for tenant in (house.world.tenant, house.world.rivals)] == [None, None]


def test_of_two_turns_at_once_each_counts_what_it_has_removed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches the broker may call for a second one."""
    keep(house, keep_executions_days=1)
    for _ in range(3):
        ended(house, 30 * DAY)
    real, other = house.engine.artifacts.remove, []

    def remove(execution: int) -> None:
        if not other:
            other.append({})
            other[0] = cleanup_old_executions()
        real(execution)

    monkeypatch.setattr(house.engine.artifacts, "remove", remove)
    own = cleanup_old_executions()
    assert own["executions"] + other[0]["executions"] == 3
    assert sum(entry["executions"] for _, entry in applied()) == 3


def test_numbers_lists_and_statistics_are_those_of_what_is_left(house: House) -> None:
    keep(house, keep_executions_days=1)
    ended(house, 30 * DAY)
    left = ended(house, MINUTE, failed=True)
    totals = [house.api("developer").get(EXECUTIONS).json()["count"]]
    cleanup_old_executions()
    totals.append(house.api("developer").get(EXECUTIONS).json()["count"])
    assert totals == [2, 1]
    said = house.api("developer").get("/api/v1/cicd/executions/statistics/").json()
    assert (said["total"], said["counts"]["failed"], said["success_rate"]) == (1, 1, 0.0)
    assert house.get(left)["number"] == 2
    assert house.get(begun(house))["number"] == 3, "a number is given once"


def test_reports_keep_what_they_counted(house: House) -> None:
    keep(house, keep_executions_days=1)
    ended(house, DAY + MINUTE)
    write_reports()
    before = list(Report.objects.values("day", "executions", "succeeded", "failed", "slowest"))
    assert [report["executions"] for report in before] == [1]
    assert cleanup_old_executions()["executions"] == 1
    write_reports()
    assert list(Report.objects.values("day", "executions", "succeeded", "failed", "slowest")) == before


# ── a worker among several ───────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_tidies_what_is_old_and_leaves_what_is_needed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "YOUNG", -MINUTE)
    keep(house, keep_workspaces_hours=2)
    old, young = ended(house, 3 * DAY), ended(house, timedelta(hours=1))
    lent = ended(house, 3 * DAY, failed=True)
    retried(house, lent)
    running = begun(house)
    house.engine.workspaces.open(running)
    gone = {name for name in on_disk(house) if name.startswith(f"workspaces/{old}")}
    left = {name: content for name, content in on_disk(house).items() if name not in gone}
    assert tidy_workspaces() == {"workspaces": 1}
    assert on_disk(house) == left and gone
    assert tidy_workspaces() == {"workspaces": 0}
    assert {number for number, _ in house.engine.workspaces.executions()} == {young, lent, running}
