"""How executions went, in numbers: each is one that was really measured, of those that are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansflow.apps.executions.models import PipelineExecution
from ansflow.apps.pipelines.models import Pipeline
from tests.house import BAD, GOOD, House

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYWHERE = "/api/v1/cicd/executions/statistics/"
SOURCE = "steps: {unit: {run: pytest}}"


def ended(house: House, pipeline: Pipeline, at: datetime, *, waited: float, took: float, well: bool = True) -> int:
    """One that was created then, waited for so many seconds, and took so many."""
    made = int(house.trigger("developer", pipeline)["id"])
    house.play(made, "unit", GOOD if well else BAD)
    began = at + timedelta(seconds=waited)
    PipelineExecution.objects.filter(id=made).update(
        created_at=at, started_at=began, ended_at=began + timedelta(seconds=took)
    )
    return made


def asked(house: House, path: str = EVERYWHERE, who: str = "reporter", **query: Any) -> dict[str, Any]:
    day = timedelta(days=1)
    window = {"since": (NOON - day).isoformat(), "until": (NOON + day).isoformat()}
    answer = house.api(who).get(path, **{**window, **query})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


@pytest.fixture
def twenty(house: House) -> Pipeline:
    """They took 1 to 20 seconds and waited for a tenth of that, the slowest ones first; two of them failed."""
    pipeline = house.pipeline(SOURCE)
    for number in range(20, 0, -1):
        at = NOON + timedelta(minutes=number)
        ended(house, pipeline, at, waited=number / 10, took=number, well=number > 2)
    return pipeline


def test_half_of_them_and_nearly_all_of_them_took_no_longer(house: House, twenty: Pipeline) -> None:
    for path in (EVERYWHERE, f"/api/v1/pipelines/{twenty.id}/statistics/"):
        told = asked(house, path)
        assert told["duration_seconds"] == {"p50": 10.0, "p95": 19.0}
        assert told["queue_seconds"] == {"p50": 1.0, "p95": 1.9}
        assert (told["total"], told["measured"], told["success_rate"]) == (20, 20, 0.9)
        assert {name: n for name, n in told["counts"].items() if n} == {"success": 18, "failed": 2}


def test_only_those_are_measured_that_were_created_in_the_time_that_is_asked_for(
    house: House, twenty: Pipeline
) -> None:
    """From `since` on, and before `until`."""
    since, until = (NOON + timedelta(minutes=number) for number in (5, 8))
    told = asked(house, since=since.isoformat(), until=until.isoformat())
    assert (datetime.fromisoformat(told["since"]), datetime.fromisoformat(told["until"])) == (since, until)
    assert told["total"] == 3
    assert told["duration_seconds"] == {"p50": 6.0, "p95": 7.0}
    assert asked(house, since=(NOON + timedelta(hours=1)).isoformat())["total"] == 0


def test_left_out_they_are_the_last_thirty_days(house: House, twenty: Pipeline) -> None:
    ended(house, twenty, NOON - timedelta(days=30, seconds=1), waited=0, took=500)
    ended(house, twenty, NOON - timedelta(days=30), waited=0, took=400)
    answer = house.api("reporter").get(EVERYWHERE, until=NOON.isoformat()).json()
    assert (answer["total"], answer["duration_seconds"]["p95"]) == (1, 400.0)
    assert datetime.fromisoformat(answer["since"]) == NOON - timedelta(days=30)


def test_a_time_that_ends_before_it_begins_is_refused(house: House) -> None:
    answer = house.api("reporter").get(EVERYWHERE, since=NOON.isoformat(), until=NOON.isoformat())
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["since"])


def test_other_pipelines_and_projects_are_not_counted_in(house: House, twenty: Pipeline) -> None:
    other = house.pipeline(SOURCE, name="other")
    ended(house, other, NOON, waited=100, took=1000)
    assert asked(house, f"/api/v1/pipelines/{twenty.id}/statistics/")["duration_seconds"]["p95"] == 19.0
    assert asked(house, pipeline=other.id)["duration_seconds"] == {"p50": 1000.0, "p95": 1000.0}
    assert asked(house, project=house.world.shop.id)["total"] == 21
    assert asked(house, project=house.world.theirs.id)["total"] == 0
    assert asked(house, who="outsider")["total"] == asked(house, who="rival")["total"] == 0


def test_what_still_runs_is_counted_and_not_measured(house: House, twenty: Pipeline) -> None:
    made = house.trigger("developer", twenty)["id"]
    PipelineExecution.objects.filter(id=made).update(created_at=NOON)
    told = asked(house)
    assert (told["total"], told["measured"], told["counts"]["running"]) == (21, 20, 1)
