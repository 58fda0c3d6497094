from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ansflow.apps.accounts.models import User
from ansflow.apps.audit.models import Entry
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import StepExecution, Worker
from tests.house import House
from tests.world import World

WORKERS = "/api/v1/workers/"
QUEUES = f"{WORKERS}queues/"
UNIT = "steps: {unit: {run: pytest}}"
NUMBERS = iter(range(1, 10_000))


def worker(name: str, *, silent: float = 1.0, boot: str = "", **known: Any) -> Worker:
    """One that was heard of so many seconds ago."""
    seen = database_time() - timedelta(seconds=silent)
    known = {"started_at": seen, "slots": 4, **known}
    return Worker.objects.create(boot=boot or f"{name}-{next(NUMBERS)}", name=name, seen_at=seen, **known)


def hold(house: House, on: Worker, project: Any = None, queue: str = "default") -> StepExecution:
    """A step of a new execution that this worker runs."""
    row = offered(house, project, queue)
    StepExecution.objects.filter(id=row.id).update(
        status="running", worker=on.boot, offered_at=None, started_at=timezone.now()
    )
    row.refresh_from_db()
    return row


def offered(house: House, project: Any = None, queue: str = "default", seconds: float = 0.0) -> StepExecution:
    project = project or house.world.shop
    pipeline = house.pipeline(UNIT, name=f"build-{next(NUMBERS)}", project=project)
    owner = "rival" if project == house.world.theirs else "owner"
    with house.committed():
        house.api(owner).post("/api/v1/cicd/executions/", {"pipeline_id": pipeline.id})
    row = StepExecution.objects.get(execution__pipeline=pipeline)
    assert row.offered_at is not None
    StepExecution.objects.filter(id=row.id).update(queue=queue, offered_at=database_time() - timedelta(seconds=seconds))
    row.refresh_from_db()
    return row


@pytest.fixture
def operator(world: World) -> str:
    User.objects.filter(username="admin").update(is_superuser=True)
    world.users["admin"].refresh_from_db()
    return "admin"


def listed(world: World, who: str = "guest", **query: Any) -> list[dict[str, Any]]:
    answer = world.api(who).get(WORKERS, **query)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def states(world: World) -> dict[str, str]:
    return {one["name"]: one["state"] for one in listed(world)}


def entries() -> list[Entry]:
    return list(Entry.objects.filter(action__startswith="worker.").order_by("number"))


def test_a_worker_says_what_it_is_and_how_it_does(world: World, operator: str):
    made = worker(
        "w1", silent=3, host="box-7", queues="default,gpu", executor="sandbox", version="0.1.0", load=0.25, slots=8
    )
    (found,) = listed(world, operator)
    assert 3 <= found.pop("silent_seconds") < 30
    assert found.pop("seen_at") and found.pop("started_at")
    assert found == {
        "id": made.id,
        "name": "w1",
        "host": "box-7",
        "state": "online",
        "queues": ["default", "gpu"],
        "slots": 8,
        "running": 0,
        "steps": [],
        "executor": "sandbox",
        "version": "0.1.0",
        "load": 0.25,
        "commands": ["drain", "stop"],
    }


def test_who_is_no_operator_learns_no_host_and_may_command_nothing(world: World):
    worker("w1", host="box-7")
    for name in ("admin", "owner", "guest", "rival"):
        (found,) = listed(world, name)
        assert (found["host"], found["commands"]) == (None, [])


def test_the_state_follows_from_lease_wish_and_what_runs(house: House):
    worker("online")
    worker("drained", wish="drain", heeds="drain")
    worker("told to drain", wish="drain")
    hold(house, worker("draining", wish="drain"))
    worker("stopping", wish="stop")
    worker("lost", silent=16)
    hold(house, worker("lost, holding", silent=7200))
    assert states(house.world) == {
        "online": "online",
        "drained": "drained",
        "told to drain": "draining",
        "draining": "draining",
        "stopping": "stopping",
        "lost": "lost",
        "lost, holding": "lost",
    }


def test_former_lives_that_hold_nothing_are_not_shown(house: House):
    worker("again", boot="first")
    worker("again", boot="second")
    worker("ended as told", silent=16, wish="stop")
    worker("long gone", silent=601)
    former = worker("taken over", boot="before")
    worker("taken over", boot="after")
    hold(house, former)
    found = [(one["name"], one["state"], one["running"]) for one in listed(house.world)]
    assert found == [("again", "online", 0), ("taken over", "online", 0), ("taken over", "lost", 1)]


def test_workers_that_live_come_first(world: World):
    worker("a", silent=20)
    worker("b")
    worker("c", silent=20)
    worker("d", wish="drain")
    assert [one["name"] for one in listed(world)] == ["b", "d", "a", "c"]


def test_running_steps_of_projects_that_one_may_not_see_are_counted_and_not_named(house: House):
    world = house.world
    shared = worker("shared")
    mine, foreign = hold(house, shared), hold(house, shared, world.theirs)
    for who, seen in {"guest": mine, "rival": foreign, "outsider": None}.items():
        (found,) = listed(world, who)
        assert found["running"] == 2
        assert [one["execution"] for one in found["steps"]] == ([seen.execution_id] if seen else [])
    (step,) = listed(world)[0]["steps"]
    assert (step["step"], step["number"], step["project_name"]) == ("unit", 1, "shop")
    assert step["pipeline_name"] == mine.execution.pipeline.name and step["started_at"]


def test_a_step_names_its_worker_and_not_the_life_of_it(house: House):
    step = hold(house, worker("vm-be33aa", boot="vm-be33aa/5f2a"))
    found = house.api("guest").get(f"/api/v1/cicd/executions/{step.execution_id}/").json()
    assert [one["worker"] for one in found["step_executions"]] == ["vm-be33aa"]


def test_the_list_has_pages_and_finds_one_by_its_name(world: World):
    for name in ("c", "a", "b"):
        worker(name)
    answer = world.api("guest").get(WORKERS, page_size=2).json()
    assert (answer["count"], [one["name"] for one in answer["results"]]) == (3, ["a", "b"])
    assert [one["name"] for one in listed(world, page_size=2, page=2)] == ["c"]
    assert [one["name"] for one in listed(world, name="b")] == ["b"]
    assert listed(world, name="nobody") == []
    assert world.api("guest").get(WORKERS, nme="b").status_code == 400


def test_a_page_asks_the_database_equally_often_for_one_worker_and_for_many(
    house: House, django_assert_max_num_queries: Any
):
    api = house.api("guest")
    for number in range(12):
        hold(house, worker(f"w{number}"))
    with django_assert_max_num_queries(9):
        assert len(api.get(WORKERS).json()["results"]) == 12


def test_an_operator_drains_resumes_and_stops_and_each_is_recorded(house: House, operator: str):
    world = house.world
    made = worker("w1")
    hold(house, made)
    told = []
    for command in ("drain", "resume", "stop"):
        answer = world.api(operator).post(f"{WORKERS}{made.id}/{command}/")
        assert answer.status_code == 200, answer.content
        made.refresh_from_db()
        told.append((answer.json()["state"], answer.json()["commands"], made.wish))
    assert told == [
        ("draining", ["resume", "stop"], "drain"),
        ("online", ["drain", "stop"], ""),
        ("stopping", ["resume"], "stop"),
    ]
    assert [(one.action, one.object_type, one.object_id, one.object_name) for one in entries()] == [
        (f"worker.{command}", "worker", made.id, "w1") for command in ("drain", "resume", "stop")
    ]
    assert [(one.before, one.after) for one in entries()] == [
        ({"wish": ""}, {"wish": "drain"}),
        ({"wish": "drain"}, {"wish": ""}),
        ({"wish": ""}, {"wish": "stop"}),
    ]


def test_what_a_worker_does_already_changes_and_records_nothing(world: World, operator: str):
    api, online, draining = world.api(operator), worker("w1"), worker("w2", wish="drain", heeds="drain")
    assert api.post(f"{WORKERS}{online.id}/resume/").json()["state"] == "online"
    assert api.post(f"{WORKERS}{draining.id}/drain/").json()["state"] == "drained"
    assert entries() == []


def test_a_worker_that_would_not_hear_it_is_told_nothing(world: World, operator: str):
    lost, stopping = worker("w1", silent=60), worker("w2", wish="stop", heeds="stop")
    answer = world.api(operator).post(f"{WORKERS}{lost.id}/drain/")
    assert (answer.status_code, answer.json()["code"]) == (409, "worker_lost")
    assert answer.json()["message"] == "w1 has not been heard of, so nothing can be said to it."
    answer = world.api(operator).post(f"{WORKERS}{stopping.id}/resume/")
    assert (answer.status_code, answer.json()["code"]) == (409, "worker_ends")
    assert set(Worker.objects.values_list("name", "wish")) == {("w1", ""), ("w2", "stop")}
    assert entries() == []


def test_a_stop_is_taken_back_while_something_runs(house: House, operator: str):
    stopping = worker("w1", wish="stop", heeds="stop")
    hold(house, stopping)
    api = house.world.api(operator)
    assert api.post(f"{WORKERS}{stopping.id}/drain/").json()["code"] == "worker_ends"
    assert api.post(f"{WORKERS}{stopping.id}/resume/").json()["state"] == "online"


def test_the_worker_inside_the_server_is_drained_and_not_stopped(house: House, operator: str):
    api, inside = house.world.api(operator), worker("w1", boot=house.engine.boot)
    (found,) = listed(house.world, operator)
    assert found["commands"] == ["drain"]
    answer = api.post(f"{WORKERS}{inside.id}/stop/")
    assert (answer.status_code, answer.json()["code"]) == (409, "worker_is_server")
    assert answer.json()["message"] == "w1 is this server itself: drain it, or stop the server."
    assert api.post(f"{WORKERS}{inside.id}/drain/").json()["commands"] == ["resume"]
    assert [one.action for one in entries()] == ["worker.drain"]


def test_nobody_but_an_operator_commands(world: World):
    made = worker("w1")
    for name in ("admin", "owner", "rival"):
        for command in ("drain", "resume", "stop"):
            answer = world.api(name).post(f"{WORKERS}{made.id}/{command}/")
            assert (answer.status_code, answer.json()["message"]) == (
                403,
                "Only an operator of the installation may do this.",
            )
    made.refresh_from_db()
    assert made.wish == ""


def test_a_command_that_cannot_be_recorded_is_not_given(
    world: World, operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = worker("w1")
    api = world.api(operator)
    api.client.raise_request_exception = False
    monkeypatch.setattr("ansflow.apps.workers.actions.record", lambda *_, **__: 1 / 0)
    assert api.post(f"{WORKERS}{made.id}/drain/").status_code == 500
    made.refresh_from_db()
    assert made.wish == ""


# ── queues ───────────────────────────────────────────────────────────────────────────────────────────────────────


def queues(world: World, who: str = "guest") -> dict[str, dict[str, Any]]:
    answer = world.api(who).get(QUEUES)
    assert answer.status_code == 200, answer.content
    return {one.pop("name"): one for one in answer.json()["results"]}


def test_a_queue_says_what_waits_and_runs_and_who_serves_it(house: House):
    first = worker("w1", queues="default,gpu", slots=3)
    worker("w2", queues="gpu", slots=2)
    offered(house, seconds=90)
    offered(house, seconds=5)
    hold(house, first)
    found = queues(house.world)
    assert 90 <= found["default"].pop("oldest_seconds") < 120
    assert found["default"].pop("oldest_at")
    assert found["default"] == {
        "waiting": 2,
        "running": 1,
        "slots": 3,
        "workers": ["w1"],
        "reason": "",
        "message": "",
    }
    assert (found["gpu"]["waiting"], found["gpu"]["oldest_at"], found["gpu"]["oldest_seconds"]) == (0, None, None)
    assert (found["gpu"]["slots"], found["gpu"]["workers"]) == (5, ["w1", "w2"])


def test_a_queue_with_steps_that_nobody_takes_says_so_in_a_sentence(house: House):
    worker("w1", queues="drained", wish="drain", slots=3)
    worker("w2", queues="gpu", silent=60)
    offered(house, queue="gpu")
    offered(house, queue="drained")
    found = queues(house.world)
    assert (found["gpu"]["reason"], found["gpu"]["workers"], found["gpu"]["slots"]) == ("no_worker", [], 0)
    assert found["gpu"]["message"] == "No worker serves the queue gpu (served: drained): start one that does."
    assert (found["drained"]["reason"], found["drained"]["workers"], found["drained"]["slots"]) == (
        "draining",
        ["w1"],
        3,
    )
    assert found["drained"]["message"] == (
        "Every worker that serves the queue drained is draining: resume one, or start another."
    )


def test_a_worker_that_names_no_queue_serves_every_one(house: House):
    worker("w1", queues="", slots=3)
    offered(house, queue="gpu")
    found = queues(house.world)
    assert (found["gpu"]["workers"], found["gpu"]["slots"], found["gpu"]["reason"]) == (["w1"], 3, "")
    assert listed(house.world)[0]["queues"] == []


def test_a_queue_that_nobody_serves_and_nothing_waits_in_is_not_told_of(house: House):
    hold(house, worker("w1", queues="gpu", silent=60), queue="gpu")
    assert queues(house.world)["gpu"]["reason"] == ""
    StepExecution.objects.update(status="success")
    assert queues(house.world) == {}


def test_names_of_queues_that_others_have_written_are_not_told(house: House, operator: str):
    offered(house, house.world.theirs, queue="secret-plan")
    assert "secret-plan" not in queues(house.world, "guest")
    assert "secret-plan" in queues(house.world, "rival")
    assert "secret-plan" in queues(house.world, operator)
