"""Why a step on offer waits: what people are told of queues, workers, limits, and of whoever holds the slots."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ansflow.apps.executions.models import StepExecution, Worker
from ansflow.apps.executions.waiting import MOST
from ansflow.apps.executions.workers import forget_former
from ansflow.apps.projects.models import Project
from ansflow.core.commands import Cancel, Claim, Finish
from ansflow.engine.ports import About
from tests.house import EXECUTIONS, GOOD, House

GPU = "steps: {a: {run: x, runs_on: gpu}, b: {run: y, runs_on: arm}}"
BODIES = {"validate": {"source": GPU}, "plan": {}}
ONE = "steps: {a: {run: 'true'}}"


def worker(house: House, name: str = "w", *queues: str, slots: int = 2) -> None:
    about = About(slots=slots, queues=queues or ("default",))
    house.store.register(name, f"{name}/1", now=timezone.now(), about=about)


def why(house: House, execution: int, step: str = "a", person: str = "guest") -> str:
    found = house.api(person).get(f"{EXECUTIONS}{execution}/why/").json()["decisions"]
    return next(entry["message"] for entry in found if entry["kind"] == "now" and entry["step"] == step)


def claim(house: House, execution: int, step: str = "a", by: str = "w") -> None:
    assert not house.engine.scheduler.tell(execution, Claim(step=step, worker=f"{by}/1")).refused


def test_without_a_worker_nothing_runs(house: House):
    one = house.trigger("developer", house.pipeline(ONE))["id"]
    assert why(house, one) == "No worker has been heard of: nothing runs before one is started."
    worker(house)
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert why(house, one) == "No worker has been heard of: nothing runs before one is started."


def test_a_queue_that_nobody_serves_is_named_at_once(house: House):
    worker(house, "w", "default", "arm")
    pipeline = house.pipeline(GPU)
    said = "No worker serves the queue gpu (served: arm, default): start one that does."
    for path in ("validate", "plan"):
        notes = house.api("guest").post(f"/api/v1/pipelines/{pipeline.id}/{path}/", BODIES[path]).json()["notes"]
        assert [(note["code"], note["message"], note["path"], note["line"]) for note in notes] == [
            ("no_worker", said, ["steps", "a", "runs_on"], 1)
        ]
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id, "trigger_type": "manual"}).json()
    assert [note["message"] for note in answer["notes"]] == [said]
    assert why(house, answer["id"]) == said
    worker(house, "any", "")
    assert house.api("guest").post(f"/api/v1/pipelines/{pipeline.id}/validate/", {"source": GPU}).json()["notes"] == []


def test_of_what_is_ready_alone_the_waits_are_told(house: House):
    worker(house)
    one = house.trigger("developer", house.pipeline("steps: {a: {run: x}, b: {run: y}, c: {run: z, needs: [b]}}"))["id"]
    claim(house, one, "a")
    found = house.api("guest").get(f"{EXECUTIONS}{one}/why/", offered="true").json()["decisions"]
    assert [(entry["kind"], entry["step"], entry["message"]) for entry in found] == [("now", "b", why(house, one, "b"))]
    for step, told in (("a", 0), ("b", 1), ("c", 0)):
        asked = {"offered": "true", "step": step}
        assert len(house.api("guest").get(f"{EXECUTIONS}{one}/why/", **asked).json()["decisions"]) == told


def test_that_nobody_would_run_it_is_noted_whenever_an_execution_begins(house: House):
    said = "No worker has been heard of: nothing runs before one is started."
    pipeline = house.pipeline("steps: {a: {run: x}, b: {run: y, runs_on: gpu}}")
    first = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id}).json()
    assert [(note["code"], note["message"]) for note in first["notes"]] == [("no_worker", said)]
    worker(house)
    claim(house, first["id"])
    house.engine.scheduler.tell(first["id"], Finish(step="a", fence=1, outcome=GOOD))
    house.engine.scheduler.tell(first["id"], Cancel(by="developer"))
    gpu = "No worker serves the queue gpu (served: default): start one that does."
    for verb, body in (("rerun", {}), ("retry", {}), ("resume", {"from_step": "b"})):
        answer = house.post("developer", f"{EXECUTIONS}{first['id']}/{verb}/", body)
        assert answer.status_code == 201, answer.content
        assert [note["message"] for note in answer.json()["notes"]] == [gpu], "as it is now, and once"
    worker(house, "big", "gpu")
    assert house.post("developer", f"{EXECUTIONS}{first['id']}/retry/", {}).json()["notes"] == []


def test_the_place_in_the_order_and_who_holds_the_slots_are_told(house: House):
    worker(house)
    pipeline = house.pipeline("max_parallel: 9\nsteps: {a: {run: x}, b: {run: y}, c: {run: z}}")
    first, second = (house.trigger("developer", pipeline)["id"] for _ in range(2))
    assert why(house, second) == (
        "It is number 2 in the order of the queue default. Workers that serve it: w (2 slots). Their slots are free."
    )
    claim(house, first, "a")
    claim(house, first, "b")
    assert why(house, second) == (
        "It is number 1 in the order of the queue default. Workers that serve it: w (2 slots). "
        "Their slots are held by a of build #1, b of build #1."
    )
    assert "number 2 " in why(house, second, "b") and "number 3 " in why(house, first, "c")


def test_that_every_worker_drains_is_told_as_the_list_of_queues_tells_it(house: House):
    worker(house)
    worker(house, "other")
    one = house.trigger("developer", house.pipeline(ONE))["id"]
    Worker.objects.filter(name="w").update(wish="drain")
    assert "w (2 slots, draining)" in why(house, one)
    Worker.objects.update(wish="drain")
    (queue,) = house.api("guest").get("/api/v1/workers/queues/").json()["results"]
    assert why(house, one) == queue["message"] != ""


def test_of_executions_that_a_person_may_not_see_he_learns_only_how_many_steps_run(house: House):
    hidden = Project.objects.create(tenant=house.world.shop.tenant, name="hidden")
    other = house.trigger("admin", house.pipeline(ONE, "secret-plans", hidden))["id"]
    one = house.trigger("developer", house.pipeline(ONE))["id"]
    worker(house)
    claim(house, other)
    assert "held by 1 of projects that you may not see." in why(house, one)
    assert "a of secret-plans #1" in why(house, one, person="admin")


def test_a_limit_of_the_project_is_the_reason_where_it_is(house: House):
    worker(house)
    Project.objects.filter(id=house.world.shop.id).update(max_parallel_steps=1)
    pipeline = house.pipeline(ONE)
    first, second = (house.trigger("developer", pipeline)["id"] for _ in range(2))
    claim(house, first)
    assert why(house, second) == "Its project may run 1 steps at once, and does: a of build #1."


@pytest.mark.parametrize("of", ["outsider", "rival"])
def test_who_may_not_see_the_execution_is_told_nothing(house: House, of: str):
    one = house.trigger("developer", house.pipeline(ONE))["id"]
    assert house.api(of).get(f"{EXECUTIONS}{one}/why/").status_code == 404


def test_so_many_places_are_counted_that_asking_costs_little(house: House):
    worker(house)
    one, before = house.trigger("developer", house.pipeline(ONE))["id"], timezone.now() - timedelta(hours=1)
    StepExecution.objects.bulk_create(
        StepExecution(execution_id=one, key=f"x{n}", index=n, step_type="custom", status="pending", offered_at=before)
        for n in range(1, MOST + 1)
    )
    assert "It is behind more than 200 others in the order of the queue default." in why(house, one)


def test_former_lives_of_workers_are_forgotten_once_they_hold_nothing(house: House):
    one = house.trigger("developer", house.pipeline(ONE))["id"]
    for name in ("idle", "holds", "lives"):
        worker(house, name)
    claim(house, one, by="holds")
    Worker.objects.exclude(name="lives").update(seen_at=timezone.now() - timedelta(hours=2))
    assert forget_former() == 1
    assert sorted(Worker.objects.values_list("name", flat=True)) == ["holds", "lives"]
    StepExecution.objects.update(status="success")
    assert forget_former() == 1
