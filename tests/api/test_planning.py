"""Validating, planning and editing over the API: nothing is started, and nothing is saved unasked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansflow.apps.pipelines.models import Pipeline, Version
from tests.world import World

PATH = "/api/v1/pipelines/"
SOURCE = """\
name: shop
on: {push: {}, manual: {}}
inputs: {who: {default: x}}
steps:
  unit:
    run: make test
    when: [{branch: main}]
  pack: {needs: unit, run: make, matrix: {v: [1, 2]}}
"""
CORPUS = Path(os.environ.get("ANSFLOW_CORPUS", "/nowhere"))


@pytest.fixture
def shop(world: World) -> str:
    body = {"project": world.shop.id, "source": SOURCE}
    return f"{PATH}{world.api('developer').post(PATH, body).json()['id']}/"


def test_a_text_is_judged_with_or_without_a_pipeline(world: World, shop: str):
    for path in (PATH, shop):
        good = world.api("guest").post(f"{path}validate/", {"source": SOURCE}).json()
        assert (good["valid"], good["steps"], good["problems"]) == (True, 2, [])
        bad = world.api("guest").post(f"{path}validate/", {"source": SOURCE + "  x: {rum: y}\n"}).json()
        assert (bad["valid"], bad["problems"][0]["line"], bad["problems"][0]["column"]) == (False, 9, 7)
    assert world.api().post(f"{PATH}validate/", {"source": SOURCE}).status_code == 401
    assert world.api("rival").post(f"{shop}validate/", {"source": SOURCE}).status_code == 404


def test_triggers_that_start_nothing_yet_are_noted(world: World):
    source = (
        "on: {push: {}, schedule: [{cron: '0 2 * * *'}], webhook: {}, manual: {}}\nsteps: {a: {run: x, runs_on: big}}"
    )
    found = world.api("guest").post(f"{PATH}validate/", {"source": source}).json()
    assert found["valid"]
    assert [note["path"] for note in found["notes"]] == [
        ["on", "push"], ["on", "schedule"], ["on", "webhook"], ["steps", "a", "runs_on"]
    ]  # fmt: skip
    assert all("yet" in note["message"] or "No worker" in note["message"] for note in found["notes"])


def test_the_form_asks_also_for_what_has_no_value_yet(world: World, shop: str):
    """A plan would refuse: the input is required. The form is how one learns of it."""
    source = SOURCE.replace("{default: x}", "{type: choice, options: [a, b], required: true, description: For whom}")
    assert (
        world.api("developer").patch(shop, {"source": source.replace("push: {}, ", ""), "base_version": 1}).status_code
        == 200
    )
    assert world.api("guest").post(f"{shop}plan/", {}).status_code == 400
    asked = world.api("guest").get(f"{shop}form/").json()
    assert (asked["version"], asked["steps"]) == (2, ["unit", "pack"])
    assert asked["inputs"] == [
        {"name": "who", "type": "choice", "description": "For whom", "default": None, "required": True,
         "options": ["a", "b"], "pattern": ""}
    ]  # fmt: skip
    assert world.api("guest").get(f"{shop}form/?version=1").json()["inputs"][0]["default"] == "x"
    assert world.api("rival").get(f"{shop}form/").status_code == 404


def test_the_plan_says_what_runs_and_why_the_rest_does_not(world: World, shop: str):
    plan = world.api("guest").post(f"{shop}plan/", {"event": "push", "branch": "dev", "inputs": {"who": "me"}}).json()
    skips = {step["key"]: step["skip"]["message"] for step in plan["steps"] if step["skip"]}
    assert set(skips) == {"unit", "pack (v=1)", "pack (v=2)"}
    assert "the branch is dev" in skips["unit"]
    assert plan["inputs"][0]["value"] == "me"
    assert any(note["code"] == "not_yet_here" for note in plan["notes"])
    runs = world.api("guest").post(f"{shop}plan/", {"branch": "main"}).json()
    assert [step["key"] for step in runs["steps"] if not step["skip"]] == ["unit", "pack (v=1)", "pack (v=2)"]
    assert runs["steps"][1]["needs"] == [{"key": "unit", "statuses": ["success"], "optional": False, "group": ""}]


def test_a_text_that_is_no_pipeline_yet_has_a_plan(world: World, shop: str):
    wish = {"source": SOURCE, "event": "push", "branch": "dev"}
    plan = world.api("guest").post(f"{PATH}plan/", wish).json()
    assert plan == world.api("guest").post(f"{shop}plan/", wish).json()
    assert {step["key"] for step in plan["steps"] if step["skip"]} == {"unit", "pack (v=1)", "pack (v=2)"}
    wrong = world.api("guest").post(f"{PATH}plan/", {"source": SOURCE + "  x: {rum: y}\n"})
    assert (wrong.status_code, "steps.x.rum" in wrong.json()["details"]) == (400, True)
    assert list(world.api("guest").post(f"{PATH}plan/", {"event": "push"}).json()["details"]) == ["source"]
    assert world.api().post(f"{PATH}plan/", wish).status_code == 401


@pytest.mark.parametrize(
    "body, field",
    [({"inputs": {"whom": 1}}, "inputs.whom"), ({"event": "pusch"}, "event"), ({"event": "push", "tag": "v1"}, "tag"),
     ({"source": "steps: {}", "version": 1}, "version"), ({"brunch": "x"}, "brunch")],
)  # fmt: skip
def test_a_wrong_wish_is_named(world: World, shop: str, body: dict[str, Any], field: str):
    answer = world.api("guest").post(f"{shop}plan/", body)
    assert answer.status_code == 400
    assert field in answer.json()["details"]


def test_two_plans_are_compared(world: World, shop: str):
    body = {"before": {"branch": "main"}, "after": {"branch": "dev"}}
    found = world.api("guest").post(f"{shop}plan/diff/", body).json()
    assert [(one["kind"], one["step"]) for one in found] == [
        ("skipped", "unit"), ("skipped", "pack (v=1)"), ("skipped", "pack (v=2)")
    ]  # fmt: skip


def test_edits_are_tried_and_saved_only_where_that_is_asked(world: World, shop: str):
    edits = [["set", "steps.unit.timeout", "5m"], ["add-step", "lint", "--run", "make lint"]]
    tried = world.api("guest").post(f"{shop}edits/", {"edits": edits}).json()
    assert tried["source"].startswith(SOURCE.split("  pack", maxsplit=1)[0] + "    timeout: 5m\n")
    assert (tried["version"], tried["problems"]) == (None, [])
    assert {change["sentence"] for change in tried["changes"]} >= {"The step 'lint' was added."}
    assert Version.objects.count() == 1
    body = {"edits": edits, "save": True, "base_version": 1}
    assert world.api("guest").post(f"{shop}edits/", body).status_code == 403
    assert world.api("developer").post(f"{shop}edits/", body).json()["version"] == 2
    assert world.api("developer").post(f"{shop}edits/", body).status_code == 409
    wrong = world.api("guest").post(f"{shop}edits/", {"edits": [edits[0], ["sett", "x"]]})
    assert list(wrong.json()["details"]) == ["edits.1"]


def test_versions_are_listed_compared_and_restored(world: World, shop: str):
    api = world.api("developer")
    api.patch(shop, {"source": SOURCE.replace("make test", "make tests"), "base_version": 1})
    assert [one["number"] for one in api.get(f"{shop}versions/").json()["results"]] == [2, 1]
    assert api.get(f"{shop}versions/1/").json()["source"] == SOURCE
    found = api.get(f"{shop}versions/1/diff/").json()
    assert [change["sentence"] for change in found["changes"]] == ["unit: run was make test, and is make tests."]
    assert "+    run: make tests" in found["text"]
    assert api.get(f"{shop}versions/2/diff/", to=2).json() == {"changes": [], "text": ""}
    assert world.api("guest").post(f"{shop}versions/1/restore/").status_code == 403
    assert api.post(f"{shop}versions/1/restore/", {"base_version": 1}).status_code == 409
    restored = api.post(f"{shop}versions/1/restore/", {"base_version": 2}).json()
    assert (restored["version"], restored["source"]) == (3, SOURCE)
    assert api.get(f"{shop}versions/9/").status_code == 404


def test_a_list_of_steps_becomes_a_pipeline(world: World):
    api = world.api("developer")
    steps = [{"name": "Pack", "step_type": "build", "run": "make"},
             {"name": "Try", "parameters": {"command": "x"}, "dependencies": ["Pack"]}]  # fmt: skip
    made = api.post(PATH, {"project": world.shop.id, "name": "l", "steps": steps}).json()
    assert made["source"].endswith("  try:\n    name: Try\n    needs: pack\n    run: x\n")
    steps[0]["step_type"], steps[1]["timeout"] = "bild", "x"
    refused = api.post(PATH, {"project": world.shop.id, "name": "m", "steps": steps}).json()
    assert set(refused["details"]) == {"steps.0.step_type", "steps.1.timeout"}
    both = api.post(PATH, {"project": world.shop.id, "name": "m", "steps": steps, "source": SOURCE})
    assert (both.status_code, list(both.json()["details"])) == (400, ["steps"])
    assert Pipeline.objects.count() == 1


def test_no_file_of_the_corpus_breaks_the_server(world: World, count: Callable[[str, int], None]):
    files = sorted(path for path in CORPUS.rglob("*") if path.suffix in {".yml", ".yaml"} and path.is_file())
    if not files:
        pytest.skip("ANSFLOW_CORPUS names no folder with pipeline files")
    api = world.api("guest")
    chosen = files[:: max(len(files) // 300, 1)]
    for file in chosen:
        text = file.read_text(errors="replace")
        assert api.post(f"{PATH}validate/", {"source": text}).status_code in (200, 400), file
    count("files of the corpus validated over the API", len(chosen))
