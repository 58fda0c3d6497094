"""What is done to tools: by whom, what is refused, and what the record says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansflow.apps.actor import Scope, system
from ansflow.apps.audit.models import Entry
from ansflow.apps.tools import actions, checks, queries
from ansflow.apps.tools.checks import Health
from ansflow.apps.tools.models import LOCAL, CicdTool
from ansflow.core.errors import AnsFlowError, Conflict, ExternalError, Forbidden, NotAvailable, NotFound
from tests.world import World

Status = CicdTool.Status


@pytest.fixture
def local(world: World) -> CicdTool:
    return CicdTool.objects.get(tenant=world.tenant)


@pytest.fixture
def jenkins(world: World) -> CicdTool:
    """One of the project `shop`, as a later release may have left it."""
    return CicdTool.objects.create(tenant=world.tenant, project=world.shop, name="builds", tool_type="jenkins")


def answers(monkeypatch: pytest.MonkeyPatch, check: Any) -> None:
    monkeypatch.setitem(checks._checks, LOCAL, check)


MAY_CHANGE = {"admin": NotAvailable, "owner": NotAvailable, "maintainer": NotAvailable, "developer": Forbidden,
              "reporter": Forbidden, "guest": Forbidden, "outsider": NotFound, "rival": NotFound}  # fmt: skip


@pytest.mark.parametrize(("who", "refusal"), MAY_CHANGE.items())
def test_whoever_may_add_one_to_a_project_is_told_that_this_release_cannot(
    world: World, who: str, refusal: type[AnsFlowError]
) -> None:
    with pytest.raises(refusal):
        actions.create(world.actor(who), tool_type="jenkins", project=world.shop.id)
    assert (CicdTool.objects.count(), Entry.objects.count()) == (2, 0)


@pytest.mark.parametrize("who", [who for who in MAY_CHANGE if who != "admin"])
def test_tools_of_everybody_are_for_administrators(world: World, local: CicdTool, who: str) -> None:
    with pytest.raises(Forbidden):
        actions.create(world.actor(who), tool_type="jenkins")
    with pytest.raises(NotFound if who == "rival" else Forbidden):
        actions.delete(world.actor(who), local.id)


def test_a_token_for_some_projects_does_not_reach_the_tools_of_everybody(world: World, local: CicdTool) -> None:
    limited = replace(world.actor("admin"), project_ids=frozenset({world.shop.id}))
    with pytest.raises(Forbidden):
        actions.create(limited, tool_type="jenkins")
    with pytest.raises(Forbidden):
        actions.delete(limited, local.id)
    with pytest.raises(NotAvailable):
        actions.create(limited, tool_type="jenkins", project=world.shop.id)


def test_a_token_that_only_reads_changes_no_tool_of_a_project(world: World) -> None:
    reading = replace(world.actor("owner"), scopes=frozenset({Scope.READ}))
    with pytest.raises(Forbidden):
        actions.create(reading, tool_type="jenkins", project=world.shop.id)


def test_a_second_local_is_refused_and_the_first_stays(world: World, local: CicdTool) -> None:
    with pytest.raises(Conflict) as refused:
        actions.create(world.actor("admin"), tool_type=LOCAL)
    assert refused.value.code == "exists"
    with pytest.raises(Conflict) as refused:
        actions.delete(world.actor("admin"), local.id)
    assert (refused.value.code, str(refused.value)) == ("in_use", "local is this installation itself: it stays.")
    assert CicdTool.objects.filter(id=local.id).exists()


def test_a_check_keeps_what_was_found_and_is_on_record(
    world: World, local: CicdTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, lambda: Health(Status.AUTHENTICATED, "All is well."))
    found = actions.check(world.actor("guest"), local.id)
    local.refresh_from_db()
    assert (local.status, local.message, local.checked_at) == ("authenticated", "All is well.", found.checked_at)
    deed = Entry.objects.get(tenant_id=world.tenant.id)
    assert (deed.action, deed.actor, deed.object_type, deed.object_id) == ("tool.check", "guest", "tool", local.id)
    assert (deed.before, deed.after) == ({"status": "unknown"}, {"status": "authenticated"})


def test_a_check_says_what_the_tool_could_not(world: World, local: CicdTool, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Health:
        raise ExternalError("Nobody answers.", permanent=False)

    answers(monkeypatch, away)
    assert actions.check(world.actor("developer"), local.id).message == "Nobody answers."
    assert Entry.objects.get().after == {"status": "error"}


def test_a_fault_of_ours_in_a_check_leaves_neither_a_status_nor_a_deed(
    world: World, local: CicdTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Health:
        raise ZeroDivisionError

    answers(monkeypatch, broken)
    with pytest.raises(ZeroDivisionError):
        actions.check(world.actor("admin"), local.id)
    local.refresh_from_db()
    assert (local.status, local.checked_at, Entry.objects.count()) == ("unknown", None, 0)


def test_a_type_that_nobody_can_check_stays_unknown_and_says_why(world: World, jenkins: CicdTool) -> None:
    found = actions.check(world.actor("developer"), jenkins.id)
    assert (found.status, found.message) == ("unknown", "Tools of type jenkins cannot be checked by this release.")
    assert Entry.objects.get().project_id == world.shop.id


@pytest.mark.parametrize("who", ["outsider", "rival"])
def test_tools_of_a_project_are_not_there_for_others(world: World, jenkins: CicdTool, who: str) -> None:
    actor = world.actor(who)
    for deed in (actions.check, actions.delete, queries.tool):
        with pytest.raises(NotFound):
            deed(actor, jenkins.id)
    assert jenkins not in queries.tools(actor)


def test_tools_are_found_by_name_type_and_status(world: World, local: CicdTool, jenkins: CicdTool) -> None:
    actor = world.actor("guest")
    assert list(queries.tools(actor)) == [jenkins, local]
    assert list(queries.tools(actor, search="UILD")) == [jenkins]
    assert list(queries.tools(actor, tool_type=LOCAL)) == [local]
    assert list(queries.tools(actor, status="error")) == []
    assert list(queries.tools(system(world.rivals.id), search="builds")) == []


@pytest.mark.parametrize("unknown", ["status", "tenant_id", "message", "name"])
def test_what_a_tool_does_not_take_is_no_argument(world: World, unknown: str) -> None:
    with pytest.raises(TypeError, match=unknown):
        actions.create(world.actor("admin"), tool_type="jenkins", **{unknown: "x"})
