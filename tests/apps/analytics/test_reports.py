"""Reports say what has happened, once for each project and day, and only to those who may see the project."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from ansflow.apps.analytics.models import Report
from ansflow.apps.analytics.reports import write_reports
from ansflow.apps.audit.models import Entry
from ansflow.apps.executions import overdue as overdue_executions
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.overdue import ACTION, ENOUGH, note_overdue_executions, overdue
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.models import Project
from tests.world import World

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)
URL = "/api/v1/analytics/reports/"


def pipeline_of(project: Project, name: str = "build") -> Pipeline:
    found, _ = Pipeline.objects.get_or_create(project=project, name=name)
    return found


def execution(
    project: Project, status: str, *, seconds: float = 10.0, ended: datetime | None = TODAY, name: str = "build",
    steps: dict[str, tuple[str, float]] | None = None, started: datetime | None = None,
) -> PipelineExecution:  # fmt: skip
    pipeline = pipeline_of(project, name)
    begin = started or ((ended or timezone.now()) - timedelta(seconds=seconds))
    made = PipelineExecution.objects.create(
        project=project, pipeline=pipeline, number=PipelineExecution.objects.count() + 1, trigger_type="api",
        created_at=begin, started_at=begin, ended_at=ended, status=status,
    )  # fmt: skip
    for index, (key, (outcome, taken)) in enumerate((steps or {}).items()):
        StepExecution.objects.create(
            execution=made, key=key, index=index, step_type="custom", status=outcome,
            started_at=begin, ended_at=begin + timedelta(seconds=taken),
        )  # fmt: skip
    return made


def test_a_report_counts_and_measures_what_ended_on_its_day(world: World) -> None:
    execution(world.shop, "success", seconds=10, steps={"unit": ("success", 4), "deploy": ("success", 6)})
    execution(world.shop, "success", seconds=20, steps={"unit": ("success", 5)})
    execution(world.shop, "failed", seconds=30, steps={"unit": ("failed", 9)})
    execution(world.shop, "cancelled", seconds=1)
    execution(world.shop, "running", ended=None)
    assert write_reports() == {"reports": 1}
    report = Report.objects.get(project=world.shop, day=TODAY.date())
    assert (report.executions, report.succeeded, report.failed, report.cancelled) == (4, 2, 1, 1)
    assert report.success_rate == pytest.approx(0.6667)
    assert (report.p50_seconds, report.p95_seconds) == (10.0, 30.0)
    assert report.slowest[0] == {"pipeline": "build", "step": "unit", "runs": 3, "seconds": 9.0}
    assert report.failing == [{"pipeline": "build", "step": "unit", "failures": 1}]


def test_today_and_yesterday_are_written_anew_and_older_days_once(world: World) -> None:
    days = [TODAY - timedelta(days=age) for age in (0, 1, 3, 30)]
    for day in days:
        execution(world.shop, "success", ended=day)
    assert write_reports() == {"reports": 3}, "what is older than a week has no report any more"
    for day in days:
        execution(world.shop, "success", ended=day)
    assert write_reports() == {"reports": 2}
    found = dict(Report.objects.values_list("day", "executions"))
    assert found == {days[0].date(): 2, days[1].date(): 2, days[2].date(): 1}


def test_what_was_counted_stays_counted_when_executions_are_removed_after_a_day(world: World) -> None:
    yesterday = TODAY - timedelta(days=1)
    first = execution(world.shop, "success", ended=yesterday)
    execution(world.shop, "success", ended=yesterday + timedelta(hours=20))
    write_reports()
    first.delete()  # the project keeps its executions for a day
    assert write_reports() == {"reports": 0}
    assert Report.objects.get(day=yesterday.date()).executions == 2


def test_where_nothing_was_judged_nothing_is_claimed(world: World) -> None:
    execution(world.shop, "cancelled")
    write_reports()
    assert Report.objects.get().success_rate is None


def test_reports_are_shown_to_those_who_may_see_the_project(world: World) -> None:
    execution(world.shop, "success")
    execution(world.theirs, "failed")
    write_reports()
    (mine,) = world.api("reporter").get(URL).json()["results"]
    assert (mine["project_name"], mine["executions"], mine["success_rate"]) == (world.shop.name, 1, 1.0)
    assert world.api("outsider").get(URL).json()["count"] == 0
    (theirs,) = world.api("rival").get(URL).json()["results"]
    assert theirs["project"] == world.theirs.id
    assert world.api("rival").get(URL, project=world.shop.id).json()["count"] == 0


def test_reports_are_asked_for_by_project_and_day(world: World) -> None:
    for age in (0, 1, 2):
        execution(world.shop, "success", ended=TODAY - timedelta(days=age))
    write_reports()
    api = world.api("owner")
    day = str((TODAY - timedelta(days=1)).date())
    assert [one["day"] for one in api.get(URL, since=day, until=day).json()["results"]] == [day]
    assert api.get(URL, since="tomorrow").status_code == 400
    assert api.get(URL, colour="red").status_code == 400


# ── overdue ──────────────────────────────────────────────────────────────────────────────────────────────────────


def running(project: Project, **ago: float) -> PipelineExecution:
    return execution(project, "running", ended=None, started=timezone.now() - timedelta(**ago))


def noted() -> list[Any]:
    return list(Entry.objects.filter(action=ACTION).order_by("number").values_list("object_id", flat=True))


def test_an_execution_is_noted_once_when_it_takes_three_times_as_long_as_usual(world: World) -> None:
    for _ in range(ENOUGH):
        execution(world.shop, "success", seconds=600)
    late, fine = running(world.shop, minutes=31), running(world.shop, minutes=29)
    assert note_overdue_executions() == {"overdue": 1} and note_overdue_executions() == {"overdue": 0}
    assert noted() == [late.id] and overdue() == 1
    PipelineExecution.objects.filter(id=late.id).update(status="success", ended_at=timezone.now())
    assert overdue() == 0 and fine.id not in noted()


def test_two_that_look_at_once_note_an_execution_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    late = running(world.shop, hours=25)
    counted, real = [], overdue_executions.longest

    def meanwhile(pipeline_id: int) -> timedelta:
        monkeypatch.setattr(overdue_executions, "longest", real)
        counted.append(note_overdue_executions())
        return real(pipeline_id)

    monkeypatch.setattr(overdue_executions, "longest", meanwhile)
    counted.append(note_overdue_executions())
    assert counted == [{"overdue": 1}, {"overdue": 0}]
    assert noted() == [late.id]


def test_without_a_past_an_execution_is_noted_after_a_day(world: World) -> None:
    running(world.shop, hours=23)
    late = running(world.shop, hours=25)
    note_overdue_executions()
    assert noted() == [late.id]


def test_quick_pipelines_are_not_noted_for_a_minute(world: World) -> None:
    for _ in range(ENOUGH):
        execution(world.shop, "success", seconds=2)
    running(world.shop, minutes=4)
    late = running(world.shop, minutes=6)
    note_overdue_executions()
    assert noted() == [late.id]
