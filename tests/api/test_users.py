from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from ansflow.apps.accounts.models import PasswordReset, User
from ansflow.apps.audit.models import Entry
from tests.world import PASSWORD, World

USERS = "/api/v1/auth/users/"
NEW = {"username": "Mei", "email": "Mei@Acme.example", "name": "梅", "password": "correct-horse-battery"}


def test_an_administrator_creates_people_and_no_answer_holds_a_password(world: World):
    made = world.api("admin").post(USERS, NEW)
    assert made.status_code == 201
    body = made.json()
    assert (body["username"], body["email"], body["is_admin"]) == ("mei", "mei@acme.example", False)
    assert NEW["password"] not in made.content.decode() and "md5" not in made.content.decode()
    user = User.objects.get(username="mei")
    assert user.tenant_id == world.tenant.id and not user.is_staff and not user.is_superuser
    told = json.dumps(list(Entry.objects.values("before", "after")))
    assert NEW["password"] not in told and user.password not in told


@pytest.mark.parametrize("name", ["owner", "developer", "guest", "outsider"])
def test_nobody_else_changes_people_or_groups(world: World, name: str):
    api, path = world.api(name), f"{USERS}{world.users['guest'].id}/"
    assert api.post(USERS, NEW).status_code == 403
    assert api.patch(path, {"is_admin": True}).status_code == 403
    assert api.post(f"{path}password_reset/").status_code == 403
    assert api.post("/api/v1/auth/groups/", {"name": "g"}).status_code == 403
    assert not User.objects.filter(username="mei").exists()


@pytest.mark.parametrize(
    "field", ["is_staff", "is_superuser", "tenant", "tenant_id", "id", "token_version", "groups", "role", "last_login"]
)
def test_nobody_gives_more_than_the_form_has(world: World, field: str):
    api = world.api("admin")
    assert field in api.post(USERS, {**NEW, field: 1}).json()["details"]
    assert field in api.patch(f"{USERS}{world.users['guest'].id}/", {field: 1}).json()["details"]
    assert field in world.api("guest").patch(f"{USERS}me/", {field: 1}).json()["details"]


def test_nobody_makes_himself_administrator(world: World):
    assert world.api("developer").patch(f"{USERS}me/", {"is_admin": True}).status_code == 400
    assert not User.objects.get(username="developer").is_admin


def test_the_last_administrator_stays(world: World):
    api, path = world.api("admin"), f"{USERS}{world.users['admin'].id}/"
    for change in ({"is_admin": False}, {"is_active": False}):
        assert api.patch(path, change).json()["code"] == "last_admin"
    assert api.patch(f"{USERS}{world.users['owner'].id}/", {"is_admin": True}).status_code == 200
    assert api.patch(path, {"is_admin": False}).status_code == 200


def test_another_tenants_people_do_not_exist(world: World):
    api, path = world.api("admin"), f"{USERS}{world.users['rival'].id}/"
    missing = api.get(f"{USERS}999999/")
    for answer in (api.get(path), api.patch(path, {"name": "x"}), api.post(f"{path}password_reset/")):
        assert answer.status_code == 404 and answer.content == missing.content
    assert "rival" not in api.get(USERS).content.decode()
    group = api.post("/api/v1/auth/groups/", {"name": "g", "members": [world.users["rival"].id]})
    assert group.status_code == 400


def test_an_administrator_has_no_power_over_operators(world: World):
    User.objects.filter(username="owner").update(is_superuser=True)
    path = f"{USERS}{world.users['owner'].id}/"
    api = world.api("admin")
    assert api.patch(path, {"is_active": False}).status_code == 403
    assert api.post(f"{path}password_reset/").status_code == 403


@pytest.mark.parametrize("name", ["developer", "a@b", "ansflow", " ", "-x", "a b", "a\u202eb", "x" * 151, "Developer"])
def test_names_that_cannot_be_are_refused(world: World, name: str):
    answer = world.api("admin").post(USERS, {**NEW, "username": name})
    assert answer.status_code == 400 and "username" in answer.json()["details"]


@pytest.mark.parametrize("word", ["short", "1234567890", "password123", "mei"])
def test_weak_passwords_are_refused(world: World, word: str):
    assert "password" in world.api("admin").post(USERS, {**NEW, "password": word}).json()["details"]


def test_only_administrators_see_addresses_in_the_list(world: World):
    assert "@" not in world.api("guest").get(USERS).content.decode()
    assert "guest@acme.example" in world.api("admin").get(USERS).content.decode()
    assert world.api("guest").get(USERS, search="@acme").json()["count"] == 0


class TestResets:
    def test_a_code_sets_a_password_once(self, world: World):
        path = f"{USERS}{world.users['guest'].id}/password_reset/"
        code = world.api("admin").post(path).json()["code"]
        assert code not in json.dumps([*PasswordReset.objects.values(), *Entry.objects.values()], default=str)
        browser, body = world.api("guest"), {"code": code, "password": "another-horse-battery"}
        assert world.api().post("/api/v1/auth/password/", {**body, "password": "short"}).status_code == 400
        assert world.api().post("/api/v1/auth/password/", body).status_code == 204
        assert browser.get(f"{USERS}me/").status_code == 401
        assert world.api().post("/api/v1/auth/password/", body).status_code == 400
        signed_in = world.api().post("/api/v1/auth/token/", {"username": "guest", "password": body["password"]})
        assert signed_in.status_code == 200

    def test_a_newer_code_replaces_it_and_a_quarter_of_an_hour_ends_it(self, world: World):
        path = f"{USERS}{world.users['guest'].id}/password_reset/"
        codes = [world.api("admin").post(path).json()["code"] for _ in range(2)]
        body = {"password": "another-horse-battery"}
        assert world.api().post("/api/v1/auth/password/", {"code": codes[0], **body}).status_code == 400
        assert PasswordReset.objects.get().expires_at <= timezone.now() + timedelta(minutes=15)
        PasswordReset.objects.update(expires_at=timezone.now())
        assert world.api().post("/api/v1/auth/password/", {"code": codes[1], **body}).status_code == 400

    @pytest.mark.parametrize("code", [[], {}, ["a", "b"], None, 1.5, ""])
    def test_a_code_of_another_form_is_refused(self, world: World, code: object):
        body = {"code": code, "password": "another-horse-battery"}
        assert world.api().post("/api/v1/auth/password/", body).status_code == 400


def test_groups_have_members(world: World):
    api, ids = world.api("admin"), [world.users["guest"].id, world.users["owner"].id]
    made = api.post("/api/v1/auth/groups/", {"name": "release", "members": ids}).json()
    assert {member["id"] for member in made["members"]} == set(ids)
    assert world.actor("guest").groups == ("release",)
    path = f"/api/v1/auth/groups/{made['id']}/"
    assert api.post("/api/v1/auth/groups/", {"name": "release"}).status_code == 400
    assert api.patch(path, {"members": ids[:1]}).json()["members"][0]["username"] == "guest"
    assert world.api("rival").get(path).status_code == 404
    assert world.api("guest").get("/api/v1/auth/groups/").json()["count"] == 1
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_me(world: World):
    api = world.api("guest")
    assert api.patch(f"{USERS}me/", {"name": "G", "language": "zh-hans"}).json()["language"] == "zh-hans"
    assert api.patch(f"{USERS}me/", {"password": "another-horse-battery"}).status_code == 400
    wrong = api.patch(f"{USERS}me/", {"password": "another-horse-battery", "old_password": "x"})
    assert "old_password" in wrong.json()["details"]
    assert User.objects.get(username="guest").check_password(PASSWORD)
