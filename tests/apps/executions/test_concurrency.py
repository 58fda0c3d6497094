"""Whole executions wait for each other, give way, and go on, also after a restart."""

from __future__ import annotations

import pytest

from ansflow.apps.executions import chores, concurrency
from ansflow.apps.executions.models import Sending
from tests.house import EXECUTIONS, House


def source(policy: str = "queue", limit: int = 1, group: str = "deploy") -> str:
    return f"concurrency: {{group: '{group}', limit: {limit}, policy: {policy}}}\nsteps: {{a: {{run: x}}}}\n"


def three(house: House, text: str) -> list[int]:
    pipeline = house.pipeline(text)
    return [house.trigger("developer", pipeline)["id"] for _ in range(3)]


def statuses(house: House, executions: list[int]) -> list[str]:
    return [house.row(execution).status for execution in executions]


def test_executions_of_a_group_go_one_after_the_other_and_say_what_they_wait_for(house: House):
    made = three(house, source())
    assert statuses(house, made) == ["running", "pending", "pending"]
    assert house.row(made[1]).message == "Waits for build #1: at most 1 at once in the concurrency group deploy."
    house.play(made[0], "a")
    assert statuses(house, made) == ["success", "running", "pending"]
    assert house.row(made[2]).message == "Waits for build #2: at most 1 at once in the concurrency group deploy."
    house.post("developer", f"{EXECUTIONS}{made[1]}/cancel/")
    assert statuses(house, made) == ["success", "cancelled", "running"]


def test_as_many_run_at_once_as_the_limit_says(house: House):
    assert statuses(house, three(house, source(limit=2))) == ["running", "running", "pending"]


def test_groups_whose_names_come_to_something_else_do_not_wait(house: House):
    pipeline = house.pipeline(source(group="on-${{ git.branch }}"))
    made = [house.trigger("developer", pipeline, branch=branch)["id"] for branch in ("a", "b", "a")]
    assert statuses(house, made) == ["running", "running", "pending"]


def test_a_newer_one_may_take_the_place_of_those_that_wait(house: House):
    made = three(house, source("replace_pending"))
    assert statuses(house, made) == ["running", "cancelled", "pending"]
    assert house.row(made[1]).reason == "superseded"
    assert house.row(made[1]).message == "Cancelled: build #3 came after it in the concurrency group deploy."


def test_a_newer_one_may_stop_those_that_run(house: House):
    assert statuses(house, three(house, source("cancel_running"))) == ["cancelled", "cancelled", "running"]


def test_one_that_waits_can_be_cancelled(house: House):
    made = three(house, source())
    house.post("developer", f"{EXECUTIONS}{made[1]}/cancel/")
    house.play(made[0], "a")
    assert statuses(house, made) == ["success", "cancelled", "running"]


def test_who_is_held_survives_a_restart_and_no_repair_begins_it(house: House):
    made = three(house, source())
    assert not Sending.objects.filter(execution__in=made[1:]).exists()
    assert chores.settle_concurrency_groups() == {"groups": 1}
    assert statuses(house, made) == ["running", "pending", "pending"]
    house.engine.scheduler.on_ended = lambda execution: None  # the process dies before anybody hears of the end
    house.play(made[0], "a")
    assert statuses(house, made) == ["success", "pending", "pending"]
    concurrency.settle_all()
    assert statuses(house, made) == ["success", "running", "pending"]
    assert not house.engine.recovery.repairs


@pytest.mark.parametrize("group", ["${{ steps.a.status }}", "${{ inputs.name }}"])
def test_a_group_without_a_name_before_the_run_is_refused(house: House, group: str):
    text = "inputs: {name: {type: string}}\n" + source(group=group)
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": house.pipeline(text).id})
    assert answer.status_code == 400


def test_the_same_name_in_another_project_is_another_group(house: House):
    first = house.trigger("developer", house.pipeline(source()))["id"]
    with house.committed():
        theirs = house.pipeline(source(), project=house.world.theirs)
        answer = house.api("rival").post(EXECUTIONS, {"pipeline_id": theirs.id})
    assert statuses(house, [first, answer.json()["id"]]) == ["running", "running"]
