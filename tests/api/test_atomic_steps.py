"""The library of steps: types, and steps that were saved."""

from __future__ import annotations

from typing import Any

import pytest

from ansflow.apps.atomic_steps.definitions import step_of
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.atomic_steps.types import types
from ansflow.plugins import registry
from tests.world import World

PATH = "/api/v1/cicd/atomic-steps/"
LINT = "type: test\nwith: {tool: pytest}\n"


def saved(world: World, name: str = "Lint", definition: str = LINT, who: str = "developer", **more: Any) -> Any:
    return world.api(who).post(PATH, {"project": world.shop.id, "name": name, "definition": definition, **more})


def test_the_library_lists_types_and_behind_them_saved_steps(world: World):
    saved(world)
    api = world.api("guest")
    entries = api.get(PATH).json()["results"]
    assert [entry["name"] for entry in entries] == [*registry.OWN["steps"], "Lint"]
    assert [entry["name"] for entry in api.get(PATH, page_size=7, page=2).json()["results"]] == ["Lint"]
    assert [entry["name"] for entry in api.get(PATH, kind="saved").json()["results"]] == ["Lint"]
    assert [entry["kind"] for entry in api.get(PATH, step_type="test").json()["results"]] == ["type", "saved"]
    assert api.get(PATH, kind="type", search="scans").json()["results"][0]["name"] == "security_scan"


def test_each_type_has_a_schema_a_text_and_an_example_that_is_valid(world: World):
    for kind in types():
        body = world.api("guest").get(f"{PATH}types/{kind.name}/").json()
        assert body["parameters"]["type"] == "object"
        assert body["docs"] and body["summary"]
        assert step_of(body["example"]).type == kind.name
    assert world.api("guest").get(f"{PATH}types/nothing/").status_code == 404


@pytest.mark.parametrize(
    "definition, line, column",
    [("run: x\nrum: y\n", 2, 1), ("type: test\nwith:\n  tol: x\n", 3, 3), ("run: x\nneeds: y\n", 2, 8),
     ("type: bild\n", 1, 7)],
)  # fmt: skip
def test_a_definition_is_checked_in_its_own_lines(world: World, definition: str, line: int, column: int):
    answer = saved(world, definition=definition)
    assert answer.status_code == 400
    problem = answer.json()["details"]["problems"][0]
    assert (problem["line"], problem["column"]) == (line, column)
    assert not AtomicStep.objects.exists()


def test_a_step_for_everyone_is_saved_by_an_administrator(world: World):
    body = {"name": "Lint", "definition": LINT}
    assert world.api("owner").post(PATH, body).status_code == 403
    made = world.api("admin").post(PATH, body)
    assert (made.status_code, made.json()["scope"]) == (201, "tenant")
    assert world.api("admin").post(PATH, body).status_code == 409
    assert world.api("outsider").get(f"{PATH}{made.json()['id']}/").status_code == 200
    assert world.api("owner").delete(f"{PATH}{made.json()['id']}/").status_code == 403
    assert world.api("rival").get(f"{PATH}{made.json()['id']}/").status_code == 404


@pytest.mark.parametrize(
    "who, see, change, delete",
    [("guest", 200, 403, 403), ("reporter", 200, 403, 403), ("developer", 200, 200, 204), ("owner", 200, 200, 204),
     ("admin", 200, 200, 204), ("outsider", 404, 404, 404), ("rival", 404, 404, 404), ("", 401, 401, 401)],
)  # fmt: skip
def test_developers_change_the_steps_of_their_project(world: World, who: str, see: int, change: int, delete: int):
    path = f"{PATH}{saved(world).json()['id']}/"
    api = world.api(who)
    assert api.get(path).status_code == see
    assert api.patch(path, {"definition": "run: make\n"}).status_code == change
    assert api.delete(path).status_code == delete
    assert AtomicStep.objects.exists() == (delete != 204)


def test_the_type_follows_the_definition(world: World):
    made = saved(world).json()
    assert made["step_type"] == "test"
    changed = world.api("developer").patch(f"{PATH}{made['id']}/", {"definition": "run: make\n"}).json()
    assert (changed["step_type"], changed["definition"]) == ("custom", "run: make\n")
