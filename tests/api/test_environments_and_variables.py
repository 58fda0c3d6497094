from __future__ import annotations

import pytest

from ansflow.apps.accounts.models import Group
from ansflow.apps.audit.models import Entry
from ansflow.apps.projects import queries
from ansflow.apps.projects.models import Environment, Variable
from tests.world import World


def below(world: World, what: str) -> str:
    return f"/api/v1/projects/{world.shop.id}/{what}/"


def test_an_environment_says_from_where_and_after_whose_word_one_deploys(world: World):
    Group.objects.create(tenant=world.tenant, name="release")
    rules = {
        "branches": ["main", "release/*"],
        "required_approvals": 2,
        "groups": ["release"],
        "url": "https://x.example",
    }
    answer = world.api("maintainer").post(below(world, "environments"), {"name": "live", **rules})
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in rules} == rules
    one = f"{below(world, 'environments')}{answer.json()['id']}/"
    assert world.api("maintainer").patch(one, {"required_approvals": 1}).json()["required_approvals"] == 1
    assert world.api("guest").get(one).json()["branches"] == ["main", "release/*"]
    assert Entry.objects.get(action="environment.update").before == {"required_approvals": 2}
    assert world.api("maintainer").delete(one).status_code == 204
    assert not Environment.objects.exists()


def test_a_group_of_another_tenant_is_not_known(world: World):
    Group.objects.create(tenant=world.rivals, name="release")
    answer = world.api("owner").post(below(world, "environments"), {"name": "live", "groups": ["release"]})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["groups"])


@pytest.mark.parametrize("name", ["", "a b", "-x", "x\ny", "../x", "x" * 101])
def test_an_environment_has_a_plain_name(world: World, name: str):
    assert world.api("owner").post(below(world, "environments"), {"name": name}).status_code == 400


def test_the_name_of_an_environment_stays(world: World):
    made = world.api("owner").post(below(world, "environments"), {"name": "live"}).json()
    answer = world.api("owner").patch(f"{below(world, 'environments')}{made['id']}/", {"name": "other"})
    assert (answer.status_code, "name" in answer.json()["details"]) == (400, True)


def test_an_environment_with_values_of_its_own_is_not_deleted_from_under_them(world: World):
    api = world.api("maintainer")
    made = api.post(below(world, "environments"), {"name": "live"}).json()
    api.post(below(world, "variables"), {"name": "REGION", "value": "eu", "environment": "live"})
    answer = api.delete(f"{below(world, 'environments')}{made['id']}/")
    assert (answer.status_code, "1 variables" in answer.json()["message"]) == (409, True)


def test_an_environments_own_variables_win_over_the_projects(world: World):
    api = world.api("maintainer")
    api.post(below(world, "environments"), {"name": "live"})
    for body in (
        {"name": "REGION", "value": "eu"},
        {"name": "REGION", "value": "us", "environment": "live"},
        {"name": "LEVEL", "value": " 1 "},
    ):
        assert api.post(below(world, "variables"), body).status_code == 201
    assert queries.variables(world.shop.id) == {"REGION": "eu", "LEVEL": " 1 "}
    assert queries.variables(world.shop.id, "live") == {"REGION": "us", "LEVEL": " 1 "}
    assert queries.variables(world.theirs.id) == {}
    listed = api.get(below(world, "variables"), environment="live").json()["results"]
    assert [one["value"] for one in listed] == ["us"]


def test_a_variable_is_changed_and_deleted_on_the_record(world: World):
    api = world.api("maintainer")
    made = api.post(below(world, "variables"), {"name": "REGION", "value": "eu"}).json()
    one = f"{below(world, 'variables')}{made['id']}/"
    assert api.post(below(world, "variables"), {"name": "REGION", "value": "us"}).status_code == 409
    assert api.patch(one, {"value": "us"}).json()["value"] == "us"
    assert api.patch(one, {"value": "us", "name": "X"}).status_code == 400
    assert api.delete(one).status_code == 204
    assert list(Entry.objects.order_by("id").values_list("action", flat=True)) == [
        "variable.create",
        "variable.update",
        "variable.delete",
    ]


@pytest.mark.parametrize("name", ["CI", "ansflow_x", "PATH", "LD_PRELOAD", "1X", "A-B", "A B", "Ä", ""])
def test_a_name_that_means_something_already_is_refused(world: World, name: str):
    answer = world.api("owner").post(below(world, "variables"), {"name": name, "value": "x"})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["name"])


def test_a_variable_for_an_environment_that_is_not_there_is_refused(world: World):
    world.api("owner").post(below(world, "environments"), {"name": "live"})
    answer = world.api("owner").post(below(world, "variables"), {"name": "A", "value": "x", "environment": "lvie"})
    assert answer.status_code == 400
    assert "live" in answer.json()["details"]["environment"][0]


@pytest.mark.parametrize(
    ("what", "body", "reads", "writes"),
    [
        ("environments", {"name": "live"}, "guest", "maintainer"),
        ("variables", {"name": "REGION", "value": "eu"}, "reporter", "maintainer"),
    ],
)
def test_each_role_does_what_it_may_and_no_more(world: World, what: str, body: dict, reads: str, writes: str):
    from tests.world import ROLES

    for role in ROLES:
        may_read, may_write = ROLES.index(role) >= ROLES.index(reads), ROLES.index(role) >= ROLES.index(writes)
        assert world.api(role).get(below(world, what)).status_code == (200 if may_read else 403)
        answer = world.api(role).post(below(world, what), {**body, "name": f"N{ROLES.index(role)}"})
        assert answer.status_code == (201 if may_write else 403)
    missing = world.api("rival").get(f"/api/v1/projects/999999/{what}/").content
    for name in ("outsider", "rival"):
        assert world.api(name).get(below(world, what)).content == missing
        assert world.api(name).post(below(world, what), body).content == missing
    assert Variable.objects.count() + Environment.objects.count() == 2
