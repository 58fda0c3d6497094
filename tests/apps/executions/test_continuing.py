"""Retry, resume and rerun make new executions; the old ones never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.apps.executions.models import ExecutionEvent, PipelineExecution, StepExecution
from ansflow.apps.tools.models import CicdTool
from tests.house import BAD, EXECUTIONS, House

LINE = """
steps:
  build: {run: make}
  lint: {run: lint}
  unit: {run: pytest, needs: [build]}
  pack: {run: pack, needs: [unit, lint]}
finally:
  tell: {run: tell}
"""


@pytest.fixture
def failed(house: House) -> int:
    """`unit` failed; everything else that could run is good."""
    one: int = house.trigger("developer", house.pipeline(LINE))["id"]
    for step, outcome in {"build": None, "lint": None, "unit": BAD, "tell": None}.items():
        house.play(one, step, *([outcome] if outcome else []))
    return one


def again(house: House, execution: int, how: str, body: object = None, *, status: int = 201) -> dict:
    answer = house.post("developer", f"{EXECUTIONS}{execution}/{how}/", body)
    assert answer.status_code == status, answer.content
    return house.get(answer.json()["id"]) if status == 201 else answer.json()


def rows(execution: int) -> list:
    return [
        list(model.objects.filter(**{field: execution}).order_by("id").values_list())
        for model, field in ((PipelineExecution, "id"), (StepExecution, "execution"), (ExecutionEvent, "execution"))
    ]


def test_a_retry_runs_what_failed_and_what_follows_and_keeps_the_rest(house: House, failed: int):
    before = rows(failed)
    made = again(house, failed, "retry")
    assert (made["rerun_of"], made["number"], made["parameters"]) == (failed, 2, {})
    kept = {step["key"] for step in made["step_executions"] if step["reason"] == "kept"}
    assert kept == {"build", "lint"}
    for step in ("unit", "pack", "tell"):
        house.play(made["id"], step)
    assert house.get(made["id"])["status"] == "success"
    assert rows(failed) == before


def test_a_retry_says_what_it_keeps_and_what_became_of_the_files(house: House, failed: int):
    first = again(house, failed, "retry")
    said = house.api("guest").get(f"{EXECUTIONS}{first['id']}/why/").json()["decisions"]
    assert any("Its workspace has been removed" in entry["message"] for entry in said)
    house.engine.workspaces.open(failed)
    second = again(house, failed, "retry")
    said = house.api("guest").get(f"{EXECUTIONS}{second['id']}/why/").json()["decisions"]
    wanted = "Continues build #1: 2 steps kept, 3 steps to run. Its workspace is taken over."
    assert wanted in [entry["message"] for entry in said]


def test_the_workspace_comes_along_with_its_links_and_without_what_is_no_file(house: House, failed: int):
    import os

    old = house.engine.workspaces.open(failed)
    (old / "out").mkdir()
    (old / "out" / "app").write_text("built")
    (old / "link").symlink_to("/etc/passwd")
    os.mkfifo(old / "pipe")
    new = house.engine.workspaces.open(again(house, failed, "retry")["id"])
    assert (new / "out" / "app").read_text() == "built"
    assert (new / "link").is_symlink()
    assert not (new / "pipe").exists()
    assert (old / "out" / "app").read_text() == "built"


def test_where_the_workspace_is_gone_the_artifacts_come_back(house: House, failed: int, tmp_path: Path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "app").write_text("built")
    house.engine.artifacts.keep(failed, "build", tmp_path / "made", ["app"], lambda path, why: None)
    first = again(house, failed, "retry")
    assert (house.engine.workspaces.open(first["id"]) / "app").read_text() == "built"
    listed = house.api("reporter").get(f"{EXECUTIONS}{first['id']}/artifacts/").json()["results"]
    assert [(file["step"], file["path"], file["execution"]) for file in listed] == [("build", "app", failed)]
    house.play(first["id"], "unit", BAD)
    house.play(first["id"], "tell")
    house.engine.workspaces.remove(first["id"])
    second = again(house, first["id"], "retry")
    assert (house.engine.workspaces.open(second["id"]) / "app").read_text() == "built"


def test_resuming_runs_a_good_step_and_what_follows_again(house: House, failed: int):
    made = again(house, failed, "resume", {"from_step": "build"})
    assert {step["key"] for step in made["step_executions"] if step["reason"] == "kept"} == {"lint"}
    wrong = again(house, failed, "resume", {"from_step": "biuld"}, status=400)
    assert wrong["details"]["from_step"] == ["There is no step 'biuld' in this execution. Did you mean 'build'?"]
    assert "from_step" in again(house, failed, "resume", {}, status=400)["details"]


@pytest.mark.parametrize(("deed", "body"), [("retry", None), ("resume", {"from_step": "build"}), ("rerun", None)])
def test_what_goes_on_has_the_tool_of_the_old_one_and_was_asked_for(house: House, deed: str, body: dict[str, str]):
    tool = CicdTool.objects.get(tenant=house.world.tenant, tool_type="local").id
    pipeline = house.pipeline("steps: {build: {run: make}, unit: {run: pytest, needs: [build]}}")
    old = house.trigger("developer", pipeline, trigger_type="api", event="push", cicd_tool_id=tool)["id"]
    house.play(old, "build")
    house.play(old, "unit", BAD)
    made = again(house, old, deed, body)
    assert (made["cicd_tool"], made["trigger_type"], made["event"]) == (tool, "manual", "push")


def test_what_continues_an_execution_is_for_the_same(house: House):
    first = house.trigger("developer", house.pipeline("steps: {only: {run: make}}"), message="Mends the price")["id"]
    house.play(first, "only", BAD)
    for how, body in (("retry", None), ("resume", {"from_step": "only"}), ("rerun", None)):
        assert again(house, first, how, body)["trigger_message"] == "Mends the price"


def test_a_rerun_runs_everything_of_the_same_version_or_the_latest(house: House, failed: int):
    pipeline = house.row(failed).pipeline
    house.save(pipeline, "inputs: {level: {type: number, default: 1}}\nsteps: {only: {run: one}}\n")
    same = again(house, failed, "rerun")
    assert (same["version"], same["rerun_of"]) == (1, failed)
    assert not [step for step in same["step_executions"] if step["reason"] == "kept"]
    latest = again(house, failed, "rerun", {"version": "latest", "parameters": {"level": 2}})
    assert (latest["version"], latest["parameters"]) == (2, {"level": 2})
    assert "parameters.level" in again(house, failed, "rerun", {"parameters": {"level": 2}}, status=400)["details"]


def test_what_runs_or_went_well_is_not_continued(house: House):
    one = house.trigger("developer", house.pipeline("steps: {a: {run: x}}"))["id"]
    assert again(house, one, "retry", status=409)["message"].startswith("build #1 is still running")
    house.play(one, "a")
    assert again(house, one, "retry", status=409)["message"].startswith("Nothing of it failed")
    assert again(house, one, "rerun")["number"] == 2


def test_a_group_that_did_without_a_step_does_without_it_again(house: House):
    source = """
groups: {mirrors: {join: wait_any}}
steps:
  one: {run: x, group: mirrors}
  two: {run: x, group: mirrors}
  use: {run: x, needs: [mirrors]}
  last: {run: x, needs: [use]}
"""
    first = house.trigger("developer", house.pipeline(source))["id"]
    house.play(first, "one")
    house.play(first, "use")
    house.play(first, "last", BAD)
    made = again(house, first, "retry")
    assert house.statuses(made["id"]) == {"one": "success", "two": "cancelled", "use": "success", "last": "pending"}
