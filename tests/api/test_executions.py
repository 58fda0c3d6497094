"""Executions over the API: who may do what, and that each answer is what the contract says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from ansflow.api.executions import ExecutionBody, WholeExecutionBody
from ansflow.apps.actor import system
from ansflow.apps.executions import actions, rendering
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.planning import Wish
from ansflow.apps.tools.models import CicdTool
from ansflow.core.commands import Claim
from ansflow.engine.ports import About
from tests.house import BAD, EXECUTIONS, House

TWO = "steps:\n  build: {run: make}\n  unit: {run: pytest, needs: [build]}\n"
INPUTS = "inputs:\n  level: {type: number, default: 1}\n  place: {type: choice, options: [here, there]}\n" + TWO

EXECUTION_KEYS = {
    *("id", "number", "project", "project_name", "pipeline", "pipeline_name", "version", "status"),
    *("reason", "message", "trigger_type", "trigger_message", "execution_mode", "cicd_tool", "triggered_by"),
    *(
        "parameters",
        "event",
        "branch",
        "commit",
        "rerun_of",
        "created_at",
        "started_at",
        "ended_at",
        "duration_seconds",
        "seq",
    ),
    "counts",
}
STEP_KEYS = {
    *("id", "key", "name", "step_type", "status", "reason", "message", "attempt"),
    *("group", "needs", "matrix", "worker", "allowed_failure", "gate", "due_at", "started_at"),
    *("ended_at", "duration_seconds", "exit_code", "tests", "artifacts_count", "log_bytes"),
}


def test_the_call_of_the_contract_gives_the_whole_execution_with_its_steps(house: House):
    pipeline = house.pipeline(TWO)
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id, "trigger_type": "manual"})
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == EXECUTION_KEYS | {"step_executions", "notes"}
    assert (made["number"], made["pipeline_name"], made["triggered_by"], made["version"]) == (
        1,
        "build",
        "developer",
        1,
    )
    assert [step["key"] for step in made["step_executions"]] == ["build", "unit"]
    assert all(set(step) == STEP_KEYS for step in made["step_executions"])
    assert made["step_executions"][1]["needs"] == ["build"]
    assert house.get(made["id"])["status"] == "running"


def test_pipelines_run_is_the_same_call(house: House):
    pipeline = house.pipeline(TWO)
    answer = house.post("developer", f"/api/v1/pipelines/{pipeline.id}/run/", {"branch": "topic"})
    assert (answer.status_code, answer.json()["branch"]) == (201, "topic")


def test_what_it_is_for_stands_beside_it_in_lists_too(house: House):
    pipeline = house.pipeline(TWO)
    said = "Mends the price" + "!" * 385
    made = house.trigger("developer", pipeline, message=said)
    (listed,) = house.api("guest").get(EXECUTIONS).json()["results"]
    assert (made["trigger_message"], listed["trigger_message"]) == (said, said)
    assert house.trigger("developer", pipeline)["trigger_message"] == ""


def test_of_a_long_message_of_a_commit_the_beginning_stands_beside_the_execution(house: House):
    pipeline = house.pipeline(TWO)
    with house.committed():
        made = actions.trigger(system(house.world.tenant.id, "hooks"), pipeline.id, Wish(message="é" * 500))
    assert house.get(made)["trigger_message"] == "é" * 400


def test_what_is_known_is_not_asked_for_again_to_begin_an_execution(house: House):
    pipeline = house.pipeline(TWO)
    with CaptureQueriesContext(connection) as asked:
        house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id})
    tables = Counter(query["sql"].partition(" FROM ")[2].split()[0] for query in asked if " FROM " in query["sql"])
    assert (tables['"executions_worker"'], tables['"projects_project"'], tables['"pipelines_version"']) == (1, 0, 1)
    assert tables['"pipelines_pipeline"'] == 2  # who may run it, then its row, held


def test_json_by_hand_is_what_the_serializers_write(house: House):
    pipeline = house.pipeline(
        "groups: {tests: {}}\nsteps:\n  unit: {run: pytest, matrix: {python: ['3.12', '3.13']}, group: tests}\n"
    )
    one = house.trigger("developer", pipeline)["id"]
    house.play(one, "unit (python=3.12)", BAD)
    row = rendering.execution(one)
    whole = json.loads(JSONRenderer().render(WholeExecutionBody(row).data))
    assert json.loads(rendering.encode(row)) == whole
    listed = rendering.executions(PipelineExecution.objects.values_list(*rendering.COLUMNS))
    short = json.loads(JSONRenderer().render(ExecutionBody(listed, many=True).data))
    assert json.loads(rendering.encode(listed)) == short
    assert listed[0]["counts"] == row["counts"]


def test_the_files_that_were_kept_come_in_pages_and_by_step(house: House, tmp_path: Path):
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    for step, names in {"build": "abc", "unit": "d"}.items():
        for name in names:
            (tmp_path / name).write_text(name)
        house.engine.artifacts.keep(one, step, tmp_path, list(names), lambda path, why: None)
    path, api = f"{EXECUTIONS}{one}/artifacts/", house.api("reporter")
    first = api.get(path, page_size=3).json()
    assert (first["count"], [file["path"] for file in first["results"]]) == (4, ["a", "b", "c"])
    assert [file["path"] for file in api.get(path, page_size=3, page=2).json()["results"]] == ["d"]
    assert [file["path"] for file in api.get(path, step="unit").json()["results"]] == ["d"]


@pytest.mark.parametrize(
    ("who", "run", "see", "log"),
    [
        ("guest", 403, 200, 403),
        ("reporter", 403, 200, 200),
        ("developer", 201, 200, 200),
        ("maintainer", 201, 200, 200),
        ("owner", 201, 200, 200),
        ("admin", 201, 200, 200),
        ("outsider", 404, 404, 404),
        ("rival", 404, 404, 404),
    ],
)
def test_each_role_may_what_it_may_and_no_more(house: House, who: str, run: int, see: int, log: int):
    pipeline = house.pipeline(TWO)
    one = house.trigger("admin", pipeline)["id"]
    api, path = house.api(who), f"{EXECUTIONS}{one}/"
    assert house.post(who, EXECUTIONS, {"pipeline_id": pipeline.id}).status_code == run
    assert house.post(who, f"/api/v1/pipelines/{pipeline.id}/run/").status_code == run
    for part in ("", "events/", "why/"):
        assert api.get(path + part).status_code == see, part
    for part in ("logs/", "artifacts/", "steps/build/"):
        assert api.get(path + part).status_code == log, part
    changed = {201: 200}.get(run, run)
    assert house.post(who, f"{path}cancel/").status_code == changed
    for part in ("retry/", "rerun/"):
        assert house.post(who, path + part).status_code == run, part
    listed = api.get(EXECUTIONS).json()["results"]
    assert (one in [found["id"] for found in listed]) is (see == 200)


def test_what_is_not_there_and_what_may_not_be_known_look_the_same(house: House):
    one = house.trigger("admin", house.pipeline(TWO))["id"]
    api = house.api("outsider")
    for part in ("", "logs/", "events/", "why/", "artifacts/", "steps/build/"):
        assert api.get(f"{EXECUTIONS}{one}/{part}").content == api.get(f"{EXECUTIONS}999999/{part}").content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pipeline": 1}, "pipeline"),
        ({"trigger_type": "wish"}, "trigger_type"),
        ({"trigger_type": "webhook"}, "trigger_type"),
        ({"trigger_type": "schedule", "event": "schedule"}, "trigger_type"),
        ({"trigger_type": "pipeline"}, "trigger_type"),
        ({"parameters": {"levle": 2}}, "parameters.levle"),
        ({"parameters": {"level": "high"}}, "parameters.level"),
        ({"parameters": {"place": "nowhere"}}, "parameters.place"),
        ({"parameters": {"level": [1]}}, "parameters.level"),
        ({"branch": "a..b"}, "branch"),
        ({"branch": "-x"}, "branch"),
        ({"tag": "a b"}, "tag"),
        ({"commit": "HEAD"}, "commit"),
        ({"commit": "--upload-pack=x"}, "commit"),
        ({"version": 7}, "version"),
        ({"version": 0}, "version"),
        ({"event": "wind"}, "event"),
        ({"steps": ["untit"]}, "steps"),
        ({"cicd_tool_id": 99}, "cicd_tool_id"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field_and_leaves_nothing(house: House, body: dict, field: str):
    pipeline = house.pipeline(INPUTS)
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id, **body})
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["details"], answer.json()
    assert not PipelineExecution.objects.exists()


def test_what_began_an_execution_is_true(house: House):
    """Callers may ask for what an event would run; that the event has happened only the installation says."""
    pipeline = house.pipeline(TWO)
    asked = house.trigger("developer", pipeline, trigger_type="api", event="schedule")
    assert (asked["trigger_type"], asked["event"], asked["triggered_by"]) == ("api", "schedule", "developer")
    by_itself = actions.trigger(system(pipeline.project.tenant_id), pipeline.id, Wish(trigger_type="schedule"))
    seen = house.api("developer").get(f"{EXECUTIONS}{by_itself}/").json()
    assert (seen["trigger_type"], seen["event"]) == ("schedule", "schedule")


def test_inputs_are_typed_and_have_their_defaults(house: House):
    made = house.trigger("developer", house.pipeline(INPUTS), parameters={"level": "3", "place": "here"})
    assert made["parameters"] == {"level": 3, "place": "here"}


def test_numbers_count_within_the_pipeline_without_a_gap(house: House):
    pipeline, other = house.pipeline(TWO), house.pipeline(TWO, name="other")
    assert [house.trigger("developer", pipeline)["number"] for _ in range(3)] == [1, 2, 3]
    assert house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id, "commit": "x"}).status_code == 400
    assert house.trigger("developer", other)["number"] == 1
    assert house.trigger("developer", pipeline)["number"] == 4


def test_what_is_archived_or_switched_off_does_not_run(house: House):
    pipeline = house.pipeline(TWO)
    pipeline.is_active = False
    pipeline.save()
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id})
    assert (answer.status_code, answer.json()["message"]) == (409, "The pipeline build is switched off.")


def test_lists_are_filtered_ordered_and_paged(house: House):
    pipeline, other = house.pipeline(TWO), house.pipeline(TWO, name="other")
    made = [house.trigger("developer", pipeline)["id"] for _ in range(3)]
    topic = house.trigger("owner", other, branch="topic", trigger_type="api")["id"]
    house.post("developer", f"{EXECUTIONS}{made[0]}/cancel/")
    api = house.api("guest")

    def ids(**query: object) -> list[int]:
        answer = api.get(EXECUTIONS, **query)
        assert answer.status_code == 200, answer.content
        return [found["id"] for found in answer.json()["results"]]

    assert ids() == [topic, *reversed(made)]
    assert ids(ordering="id") == [*made, topic]
    assert ids(pipeline=other.id) == ids(branch="topic") == ids(trigger_type="api") == ids(triggered_by="owner")
    assert ids(status="cancelled") == [made[0]]
    assert ids(status="cancelled,running", pipeline=pipeline.id, page_size=2) == [made[2], made[1]]
    assert ids(pipeline=pipeline.id, page_size=2, page=2) == [made[0]]
    assert ids(created_after="2100-01-01T00:00:00Z") == []
    assert ids(project=house.world.theirs.id) == []
    assert len(api.get(EXECUTIONS, steps="true").json()["results"][0]["step_executions"]) == 2
    for wrong in ({"colour": "red"}, {"status": "happy"}, {"ordering": "by"}, {"created_after": "soon"}):
        assert api.get(EXECUTIONS, **wrong).status_code == 400


def test_cancelling_ends_the_whole_or_one_step(house: House):
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    path = f"{EXECUTIONS}{one}/cancel/"
    assert house.post("developer", path, {"step": "nothing"}).status_code == 404
    assert house.post("developer", path, {"step": "build", "message": "Not now."}).status_code == 200
    assert house.statuses(one) == {"build": "cancelled", "unit": "skipped"}
    assert house.step(one, "build").message == "Cancelled by developer: Not now."
    assert house.post("developer", path).status_code == 409


def test_what_cannot_be_recorded_is_not_done(house: House, monkeypatch: pytest.MonkeyPatch):
    gated = house.pipeline("steps: {ship: {run: make, approval: Sure?}}", name="gated")
    one, other = house.trigger("developer", house.pipeline(TWO))["id"], house.trigger("developer", gated)["id"]
    approval = house.api("owner").get("/api/v1/approvals/").json()["results"][0]["id"]

    def stumble(entry: object) -> str:
        raise OperationalError("disk full")

    monkeypatch.setattr("ansflow.apps.audit.actions.hash_of", stumble)
    for path, body in (
        (f"{EXECUTIONS}{one}/cancel/", {}),
        (f"/api/v1/approvals/{approval}/respond/", {"action": "approve"}),
        (f"/api/v1/approvals/{approval}/respond/", {"action": "reject"}),
    ):
        answer = house.api("owner").post(path, body)
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")
        assert "disk" not in answer.content.decode()
    assert house.statuses(one) == {"build": "pending", "unit": "pending"}
    assert house.statuses(other) == {"ship": "waiting"}


def test_events_come_in_order_and_go_on_after_any_number(house: House):
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    house.play(one, "build", BAD)
    api = house.api("guest")
    answer = api.get(f"{EXECUTIONS}{one}/events/").json()
    assert [event["seq"] for event in answer["events"]] == list(range(1, answer["seq"] + 1))
    assert answer["seq"] == house.get(one)["seq"]
    last = answer["events"][-1]
    assert (last["type"], last["data"]["status"], last["data"]["reason"]) == (
        "execution_update",
        "failed",
        "step_failed",
    )
    assert last["data"]["counts"] == {"failed": 1, "skipped": 1}
    ended = next(event["data"] for event in answer["events"] if event["data"].get("status") == "failed")
    assert (ended["key"], ended["exit_code"], ended["attempt"]) == ("build", 1, 1)
    for after in range(answer["seq"] + 1):
        assert api.get(f"{EXECUTIONS}{one}/events/", after=after).json()["events"] == answer["events"][after:]


def test_why_tells_every_decision_in_its_order(house: House):
    source = (
        "steps:\n  build: {run: make}\n  unit: {run: pytest, needs: [build]}\n"
        "  ship: {run: ship, needs: [unit], when: {branch: release}}\n"
    )
    one = house.trigger("developer", house.pipeline(source))["id"]
    found = house.api("guest").get(f"{EXECUTIONS}{one}/why/").json()["decisions"]
    assert found[0]["message"] == "build #1, version 1 was started by developer (manual) for the branch main."
    plan = [(entry["step"], entry["reason"]) for entry in found if entry["kind"] == "plan"][1:]
    assert plan == [("ship", "not_selected")]
    now = {entry["step"]: entry["message"] for entry in found if entry["kind"] == "now"}
    assert now == {
        "build": "No worker has been heard of: nothing runs before one is started.",
        "unit": "Waits for build.",
    }
    house.play(one, "build", BAD)
    sentences = [entry["message"] for entry in house.api("guest").get(f"{EXECUTIONS}{one}/why/").json()["decisions"]]
    assert "Skipped: needs build, which failed with exit code 1." in sentences
    assert any(sentence.startswith("Runs on the worker ") for sentence in sentences)
    assert sentences[-1] == "Failed: build failed."
    assert all(entry["message"] for entry in found if entry["status"] != "success")


def test_why_says_each_thing_once(house: House):
    house.store.register("w", "w/1", now=timezone.now(), about=About(slots=2, queues=("default",)))
    source = (
        "steps:\n  ask: {type: deploy, approval: {message: Go?}, run: x}\n  lost: {run: y, runs_on: gpu}\n"
        "  again: {run: z, retry: 3}\n  runs: {run: z}\n"
    )
    one = house.trigger("developer", house.pipeline(source))["id"]
    house.engine.scheduler.tell(one, Claim(step="runs", worker="w/1"))
    house.play(one, "again", BAD)
    found = house.api("guest").get(f"{EXECUTIONS}{one}/why/").json()["decisions"]
    told = [(entry["kind"], entry["step"], entry["message"]) for entry in found]
    lost = "No worker serves the queue gpu (served: default): start one that does."
    assert [one for one in told if lost in one] == [("now", "lost", lost)], "and not as a note of the plan too"
    assert {
        ("event", "ask", "Go?"),
        ("event", "runs", "Runs on the worker w."),
        ("event", "again", "Exited with code 1. Attempt 2 follows at once."),
    } < set(told)
    assert len(told) == len({(step, message) for _, step, message in told})


def test_the_store_of_logs_is_asked_only_for_what_no_outcome_says(house: House):
    """A long list would open every packed log; what is noted of another attempt is not taken for this one's."""
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    house.engine.logs.append(one, "build", 1, fence=1, offset=0, data=b"four")
    house.play(one, "build")

    def shown(outcome: str) -> int:
        StepExecution.objects.filter(execution=one, key="build").update(outcome=outcome)
        (row,) = house.api("reporter").client.get(EXECUTIONS, {"steps": "true"}).json()["results"]
        return next(step["log_bytes"] for step in row["step_executions"] if step["key"] == "build")

    assert shown('{"status": "success"}') == 4
    assert shown('{"status": "success", "log": {"attempt": 1, "bytes": 12345}}') == 12345
    assert shown('{"status": "failed", "log": {"attempt": 2, "bytes": 12345}}') == 4


def test_the_tool_of_this_installation_may_be_named_and_no_other(house: House):
    local = {of: CicdTool.objects.get(tenant=of, name="local").id for of in (house.world.tenant, house.world.rivals)}
    ours, theirs = local.values()
    pipeline = house.pipeline(TWO)
    assert house.trigger("developer", pipeline)["cicd_tool"] is None
    named = house.trigger("developer", pipeline, cicd_tool_id=ours)
    assert (named["cicd_tool"], named["execution_mode"]) == (ours, "local")
    answer = house.post("developer", EXECUTIONS, {"pipeline_id": pipeline.id, "cicd_tool_id": theirs})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["cicd_tool_id"])
