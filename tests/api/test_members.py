from __future__ import annotations

import pytest

from ansflow.apps.audit.models import Entry
from ansflow.apps.projects.models import Member, Role
from tests.world import ROLES, World


def members(world: World) -> str:
    return f"/api/v1/projects/{world.shop.id}/members/"


def member(world: World, name: str) -> Member:
    return Member.objects.get(project=world.shop, user=world.users[name])


def test_every_member_sees_who_belongs_to_the_project(world: World):
    answer = world.api("guest").get(members(world))
    assert {one["username"]: one["role"] for one in answer.json()["results"]} == {role: role for role in ROLES}
    assert [one["username"] for one in world.api("guest").get(members(world), role="owner").json()["results"]] == [
        "owner"
    ]


def test_addresses_are_for_those_who_add_people_by_them(world: World):
    def seen(who: str, **query: str) -> set[str | None]:
        return {one["email"] for one in world.api(who).get(members(world), **query).json()["results"]}

    for who in ("owner", "admin"):
        assert seen(who) == {f"{role}@acme.example" for role in ROLES}
        assert seen(who, search="guest@acme") == {"guest@acme.example"}
    for who in ("guest", "maintainer"):
        assert seen(who) == {None}
        assert seen(who, search="guest@acme") == set()
    one = f"{members(world)}{member(world, 'owner').id}/"
    assert [world.api(who).get(one).json()["email"] for who in ("owner", "guest")] == ["owner@acme.example", None]


def test_an_owner_adds_somebody_of_the_tenant_by_name_or_address(world: World):
    for written in ("outsider", "OUTSIDER@acme.example"):
        answer = world.api("owner").post(members(world), {"user": written, "role": "developer"})
        assert (answer.status_code, answer.json()["username"]) == (201, "outsider")
        assert world.api("outsider").get(f"/api/v1/projects/{world.shop.id}/").status_code == 200
        assert world.api("owner").delete(f"{members(world)}{answer.json()['id']}/").status_code == 204
    assert Entry.objects.filter(action="member.create").count() == 2


def test_somebody_of_another_tenant_is_refused_as_one_who_is_not_there(world: World):
    foreign = world.api("owner").post(members(world), {"user": "rival", "role": "guest"})
    missing = world.api("owner").post(members(world), {"user": "nobody", "role": "guest"})
    assert foreign.status_code == missing.status_code == 400
    assert foreign.content == missing.content
    assert "user" in foreign.json()["details"]


def test_who_cannot_sign_in_is_not_added(world: World):
    world.users["outsider"].is_active = False
    world.users["outsider"].save()
    assert world.api("owner").post(members(world), {"user": "outsider", "role": "guest"}).status_code == 400


@pytest.mark.parametrize("name", [role for role in ROLES if role != "owner"])
def test_nobody_below_the_owner_changes_who_belongs_to_a_project(world: World, name: str):
    api, own = world.api(name), member(world, name)
    assert api.patch(f"{members(world)}{own.id}/", {"role": "owner"}).status_code == 403
    assert api.post(members(world), {"user": "outsider", "role": "guest"}).status_code == 403
    assert api.delete(f"{members(world)}{member(world, 'owner').id}/").status_code == 403
    own.refresh_from_db()
    assert own.role == name
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("name", ["outsider", "rival"])
def test_who_is_not_in_the_project_finds_no_members(world: World, name: str):
    one = f"{members(world)}{member(world, 'guest').id}/"
    missing = world.api(name).get(f"/api/v1/projects/999999/members/{member(world, 'guest').id}/").content
    api = world.api(name)
    for answer in (
        api.get(members(world)),
        api.get(one),
        api.patch(one, {"role": "owner"}),
        api.delete(one),
        api.post(members(world), {"user": name, "role": "owner"}),
    ):
        assert (answer.status_code, answer.content) == (404, missing)


def test_a_member_of_another_project_is_not_reached_through_ones_own(world: World):
    foreign = Member.objects.get(project=world.theirs)
    assert world.api("owner").patch(f"{members(world)}{foreign.id}/", {"role": "guest"}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.role == Role.OWNER


def test_the_last_owner_stays(world: World):
    own = f"{members(world)}{member(world, 'owner').id}/"
    for answer in (
        world.api("owner").patch(own, {"role": "guest"}),
        world.api("owner").delete(own),
        world.api("admin").delete(own),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    world.api("owner").patch(f"{members(world)}{member(world, 'maintainer').id}/", {"role": "owner"})
    assert world.api("owner").patch(own, {"role": "guest"}).status_code == 200


def test_an_owner_who_cannot_sign_in_does_not_count_as_one(world: World):
    world.api("owner").patch(f"{members(world)}{member(world, 'maintainer').id}/", {"role": "owner"})
    world.users["maintainer"].is_active = False
    world.users["maintainer"].save()
    assert world.api("owner").delete(f"{members(world)}{member(world, 'owner').id}/").status_code == 409


def test_nobody_is_a_member_twice(world: World):
    assert world.api("owner").post(members(world), {"user": "guest", "role": "owner"}).status_code == 409
    assert member(world, "guest").role == Role.GUEST


@pytest.mark.parametrize("field", ["user", "project", "id", "is_admin", "tenant"])
def test_a_change_of_role_changes_nothing_else(world: World, field: str):
    one = f"{members(world)}{member(world, 'guest').id}/"
    answer = world.api("owner").patch(one, {"role": "reporter", field: world.users["rival"].id})
    assert answer.status_code == 400
    assert field in answer.json()["details"]
    assert member(world, "guest").role == Role.GUEST
