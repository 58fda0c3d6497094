from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.audit.models import Entry
from ansflow.apps.executions.models import Worker
from ansflow.apps.tools import checks
from ansflow.apps.tools.chores import check_tools
from ansflow.apps.tools.models import CicdTool
from ansflow.core.errors import ExternalError
from tests.world import World

TOOLS = "/api/v1/cicd/tools/"


def local(world: World) -> str:
    return f"{TOOLS}{CicdTool.objects.get(tenant=world.tenant).id}/"


def worker(seconds_ago: float, **known: object) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        boot=f"b{seconds_ago}", name="w", started_at=now, seen_at=now - timedelta(seconds=seconds_ago), **known
    )


def test_every_tenant_has_the_tool_local_which_nothing_is_known_about_before_a_check(world: World):
    assert Tenant.objects.count() == CicdTool.objects.filter(tool_type="local").count() == 2
    (found,) = world.api("guest").get(TOOLS).json()["results"]
    assert (found["name"], found["status"], found["checked_at"]) == ("local", "unknown", None)


def test_local_is_offline_without_a_worker_that_holds_its_lease(world: World):
    worker(60, slots=4)
    answer = world.api("developer").post(f"{local(world)}health_check/")
    assert (answer.status_code, answer.json()["status"]) == (200, "offline")
    assert answer.json()["checked_at"]
    assert "No worker" in answer.json()["message"]


def test_local_says_which_workers_hold_their_lease_and_where_steps_run(world: World):
    worker(60, slots=9)
    worker(2, slots=9, executor="host")  # a former life of the same worker
    worker(1, slots=4, executor="sandbox")
    answer = world.api("developer").post(f"{local(world)}health_check/").json()
    assert answer["status"] == "authenticated"
    assert answer["message"] == "1 worker with room for 4 steps, steps run in: sandbox."
    assert world.api("guest").get(local(world)).json()["status"] == "authenticated"
    assert Entry.objects.get(action="tool.check").after == {"status": "authenticated"}


def test_the_chore_looks_at_every_tool_again(world: World):
    alive = worker(1, slots=1)
    assert check_tools() == {"authenticated": 2}
    assert check_tools() == {}, "nothing has changed: nothing to tell"
    alive.delete()
    assert check_tools() == {"offline": 2}


def test_a_check_that_fails_is_an_error_with_its_sentence(world: World, monkeypatch: pytest.MonkeyPatch):
    def refuse() -> checks.Health:
        raise ExternalError("It is out.", permanent=False)

    monkeypatch.setitem(checks._checks, "local", refuse)
    answer = world.api("developer").post(f"{local(world)}health_check/").json()
    assert (answer["status"], answer["message"]) == ("error", "It is out.")


@pytest.mark.parametrize("tool_type", ["jenkins", "gitlab_ci", "github_actions"])
def test_a_tool_that_cannot_be_used_yet_is_refused_with_a_sentence(world: World, tool_type: str):
    answer = world.api("admin").post(TOOLS, {"tool_type": tool_type})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_available")
    assert tool_type in answer.json()["message"]
    assert CicdTool.objects.count() == 2


def test_local_is_neither_made_again_nor_removed(world: World):
    assert world.api("admin").post(TOOLS, {"tool_type": "local"}).status_code == 409
    assert world.api("admin").delete(local(world)).status_code == 409
    assert world.api("owner").delete(local(world)).status_code == 403
    assert world.api("owner").post(TOOLS, {"tool_type": "jenkins"}).status_code == 403
    assert world.api("maintainer").post(TOOLS, {"tool_type": "jenkins", "project": world.shop.id}).status_code == 422
    assert world.api("developer").post(TOOLS, {"tool_type": "jenkins", "project": world.shop.id}).status_code == 403
    assert world.api("rival").post(TOOLS, {"tool_type": "jenkins", "project": world.shop.id}).status_code == 404


def test_a_tool_of_another_tenant_answers_as_one_that_is_not_there(world: World):
    api = world.api("rival")
    missing = api.get(f"{TOOLS}999999/").content
    for answer in (api.get(local(world)), api.delete(local(world)), api.post(f"{local(world)}health_check/")):
        assert (answer.status_code, answer.content) == (404, missing)


@pytest.mark.parametrize("field", ["status", "tenant", "token", "message", "checked_at", "base_url"])
def test_a_tool_takes_no_field_of_its_own_state(world: World, field: str):
    answer = world.api("admin").post(TOOLS, {"tool_type": "jenkins", field: "authenticated"})
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
