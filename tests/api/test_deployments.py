"""What a step brings to an environment, beside what was brought there last."""

from __future__ import annotations

from typing import Any

import pytest

from ansflow.apps.executions.models import Deployment, PipelineExecution
from ansflow.apps.projects.models import Project
from tests.house import BAD, EXECUTIONS, House

SOURCE = """
steps:
  build: {run: make}
  ship:
    needs: build
    run: ship
    environment: production
    approval: {required: 1}
"""
COMMITS = [f"{number}" * 40 for number in range(10)]


def asked(house: House, pipeline: Any, *, commit: str = COMMITS[0], by: str = "developer") -> int:
    """The number of an execution whose deployment waits for an answer."""
    execution = int(house.trigger(by, pipeline, commit=commit, branch="main")["id"])
    house.play(execution, "build")
    return execution


def shipped(house: House, pipeline: Any, *, commit: str = COMMITS[0], by: str = "developer") -> int:
    execution = asked(house, pipeline, commit=commit, by=by)
    answer(house, execution)
    house.play(execution, "ship")
    assert house.get(execution)["status"] == "success"
    return execution


def answer(house: House, execution: int) -> None:
    path = f"/api/v1/approvals/{house.step(execution, 'ship').id}/respond/"
    assert house.post("admin", path, {"action": "approve"}).status_code == 200


def told(house: House, execution: int, step: str = "ship") -> Any:
    """What the execution's page is told; the inbox is told the same."""
    found = house.api("developer").get(f"{EXECUTIONS}{execution}/steps/{step}/").json()["deployment"]
    row = house.step(execution, step)
    if row.gate:
        assert house.api("developer").get(f"/api/v1/approvals/{row.id}/").json()["deployment"] == found
    return found


def test_the_first_deployment_has_none_before_it(house: House):
    execution = asked(house, house.pipeline(SOURCE), commit=COMMITS[1])
    own = {"environment": "production", "commit": COMMITS[1], "branch": "main", "version": 1}
    assert told(house, execution) == {**own, "last": None}
    assert told(house, execution, "build") is None


def test_the_last_good_one_is_named_with_what_it_brought(house: House):
    pipeline = house.pipeline(SOURCE)
    last = shipped(house, pipeline, commit=COMMITS[1], by="maintainer")
    house.save(pipeline, SOURCE + "    timeout: 5m\n")
    found = told(house, asked(house, pipeline, commit=COMMITS[2]))
    assert (found["commit"], found["version"]) == (COMMITS[2], 2)
    at = found["last"].pop("at")
    assert found["last"] == {
        "execution": last, "number": 1, "commit": COMMITS[1], "branch": "main", "version": 1, "by": "maintainer",
    }  # fmt: skip
    ended = house.api("developer").get(f"{EXECUTIONS}{last}/steps/ship/").json()["ended_at"]
    assert at == ended


def test_what_is_where_is_told_of_each_environment_and_pipeline(house: House):
    one, other = house.pipeline(SOURCE), house.pipeline(SOURCE, name="other")
    shipped(house, one, commit=COMMITS[1])
    newest = shipped(house, one, commit=COMMITS[2], by="maintainer")
    beside = shipped(house, other, commit=COMMITS[3])
    failed = asked(house, one, commit=COMMITS[4])
    answer(house, failed)
    house.play(failed, "ship", BAD)
    path = f"/api/v1/projects/{one.project_id}/deployments/"
    board = house.api("guest").get(path).json()["results"]
    assert [(row["environment"], row["pipeline_name"], row["execution"], row["commit"]) for row in board] == [
        ("production", "other", beside, COMMITS[3]),
        ("production", "build", newest, COMMITS[2]),
    ]
    assert board[1]["by"] == "maintainer"
    assert house.api("rival").get(path).status_code == 404


def test_what_failed_or_was_turned_away_or_still_runs_deployed_nothing(house: House):
    pipeline = house.pipeline(SOURCE)
    last = shipped(house, pipeline)
    failed = asked(house, pipeline)
    answer(house, failed)
    house.play(failed, "ship", BAD)
    rejected = asked(house, pipeline)
    path = f"/api/v1/approvals/{house.step(rejected, 'ship').id}/respond/"
    assert house.post("admin", path, {"action": "reject"}).status_code == 200
    asked(house, pipeline)
    assert told(house, asked(house, pipeline))["last"]["execution"] == last


def test_an_execution_that_went_well_without_the_step_deployed_nothing(house: House):
    pipeline = house.pipeline(SOURCE.replace("approval: {required: 1}", "if: git.branch == 'main'"))
    first = house.trigger("developer", pipeline, branch="topic")["id"]
    house.play(first, "build")
    assert house.get(first)["status"] == "success"
    second = house.trigger("developer", pipeline, branch="main")["id"]
    assert told(house, second)["last"] is None


def test_one_that_waits_sees_the_newest_and_one_that_has_ended_the_one_before_it(house: House):
    pipeline = house.pipeline(SOURCE)
    first = shipped(house, pipeline)
    waits, newest = asked(house, pipeline), shipped(house, pipeline)
    assert told(house, waits)["last"]["execution"] == newest  # it would go back behind that one
    assert told(house, newest)["last"]["execution"] == first
    assert told(house, first)["last"] is None


@pytest.mark.parametrize("other", ["pipeline", "environment", "project"])
def test_only_the_same_pipeline_and_environment_count(house: House, other: str):
    mine = house.pipeline(SOURCE)
    if other == "pipeline":
        shipped(house, house.pipeline(SOURCE, "another"))
    elif other == "environment":
        shipped(house, mine)
        house.save(mine, SOURCE.replace("production", "staging"))
    else:
        execution = shipped(house, mine)
        # its pipeline has come here from a project that few may see
        vault = Project.objects.create(tenant=house.world.tenant, name="vault")
        PipelineExecution.objects.filter(id=execution).update(project=vault)
    assert told(house, asked(house, mine))["last"] is None


def test_where_only_the_run_can_tell_nothing_is_said(house: House):
    source = """
steps:
  build: {run: make}
  ship: {needs: build, run: ship, environment: "${{ steps.build.status }}"}
"""
    execution = house.trigger("developer", house.pipeline(source))["id"]
    assert told(house, execution) is None
    assert not Deployment.objects.exists()


def test_legs_of_a_matrix_deploy_each_to_its_own(house: House):
    source = """
steps:
  ship: {run: ship, matrix: {place: [eu, us]}, environment: "${{ matrix.place }}"}
"""
    execution = house.trigger("developer", house.pipeline(source))["id"]
    assert sorted(Deployment.objects.filter(execution=execution).values_list("environment", flat=True)) == ["eu", "us"]


def test_the_inbox_asks_the_same_of_the_database_however_long_it_is(house: House, django_assert_max_num_queries: Any):
    pipeline = house.pipeline(SOURCE)
    shipped(house, pipeline)
    inbox = "/api/v1/approvals/"
    costs = []
    for _ in range(2):
        asked(house, pipeline)
        with django_assert_max_num_queries(100) as queries:
            found = house.api("guest").get(inbox).json()["results"]
        assert all(one["deployment"]["last"]["number"] == 1 for one in found)
        costs.append(sum("deployment" in query["sql"] for query in queries.captured_queries))
    assert costs == [2, 2]
