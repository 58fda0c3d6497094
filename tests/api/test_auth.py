from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from ansflow.apps.accounts.models import ApiToken, SignInAttempt, User
from ansflow.apps.accounts.sessions import SessionStore
from ansflow.apps.audit.models import Entry
from tests.world import PASSWORD, World

ME = "/api/v1/auth/users/me/"


class Bearer:
    """A program with a token, from an address."""

    def __init__(self, token: str = "", address: str = "192.0.2.1", **kwargs: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(headers=headers, REMOTE_ADDR=address, **kwargs)

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1/{path}", {} if body is None else body, content_type="application/json")

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(f"/api/v1/{path}", body, content_type="application/json")

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1/{path}")


def sign_in(name: str = "developer", password: str = PASSWORD) -> dict[str, str]:
    answer = Bearer().post("auth/token/", {"username": name, "password": password})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_username_or_an_address_and_the_password_give_a_pair(world: World):
    for name in ("developer", "Developer", "developer@acme.example"):
        pair = sign_in(name)
        assert set(pair) == {"access", "refresh"}
        assert Bearer(pair["access"]).get(ME).json()["username"] == "developer"
        assert Bearer().post("auth/token/verify/", {"token": pair["access"]}).status_code == 200
        assert Bearer().post("auth/token/verify/", {"token": pair["refresh"]}).status_code == 200


def test_every_wrong_sign_in_gets_the_same_answer(world: World):
    world.users["guest"].is_active = False
    world.users["guest"].save()
    bodies = [("nobody", PASSWORD), ("nobody@acme.example", "x"), ("developer", "wrong"), ("guest", PASSWORD)]
    answers = [Bearer().post("auth/token/", {"username": name, "password": word}) for name, word in bodies]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}


def test_every_wrong_sign_in_costs_one_hash(world: World, monkeypatch: pytest.MonkeyPatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, word, salt: hashed.append(word) or encode(self, word, salt)
    )
    world.users["guest"].set_unusable_password()
    world.users["guest"].save()
    world.users["reporter"].is_active = False
    world.users["reporter"].save()
    for name in ("nobody", "developer", "guest", "reporter"):
        hashed.clear()
        Bearer().post("auth/token/", {"username": name, "password": "wrong"})
        assert hashed == ["wrong"], name


@pytest.mark.parametrize(
    "body",
    [[], "text", {"username": ["a"], "password": "b"}, {"username": {"a": 1}, "password": "b"}, {"username": "a"},
     {"username": "a", "password": "b", "is_admin": True}, {"username": "a", "password": "b" * 201}, {}],
)  # fmt: skip
def test_bodies_of_another_form_are_refused(world: World, body: Any):
    assert Bearer().post("auth/token/", body).status_code == 400


class TestRefreshing:
    def test_a_refresh_token_gives_the_next_pair_and_is_spent(self, world: World):
        first = sign_in()
        second = Bearer().post("auth/token/refresh/", {"refresh": first["refresh"]}).json()
        assert second["refresh"] != first["refresh"]
        assert Bearer(second["access"]).get(ME).status_code == 200
        third = Bearer().post("auth/token/refresh/", {"refresh": second["refresh"]})
        assert third.status_code == 200

    def test_who_comes_with_a_spent_one_ends_the_whole_session(self, world: World):
        first, other = sign_in(), sign_in()
        second = Bearer().post("auth/token/refresh/", {"refresh": first["refresh"]}).json()
        assert Bearer().post("auth/token/refresh/", {"refresh": first["refresh"]}).status_code == 401
        assert Bearer(second["access"]).get(ME).status_code == 401
        assert Bearer().post("auth/token/refresh/", {"refresh": second["refresh"]}).status_code == 401
        assert Bearer(other["access"]).get(ME).status_code == 200
        assert Entry.objects.filter(action="user.token_reuse", actor="developer").count() == 1


class TestEnding:
    def test_signing_out_ends_the_session_with_all_its_tokens_and_no_other(self, world: World):
        mine, other = sign_in(), sign_in()
        assert Bearer(mine["access"]).post("auth/logout/").status_code == 204
        assert Bearer(mine["access"]).get(ME).status_code == 401
        assert Bearer().post("auth/token/refresh/", {"refresh": mine["refresh"]}).status_code == 401
        assert Bearer().post("auth/token/verify/", {"token": mine["access"]}).status_code == 401
        assert Bearer(other["access"]).get(ME).status_code == 200

    def test_a_new_password_ends_every_session(self, world: World):
        pair = sign_in()
        browser = world.api("developer")
        change = {"password": "another-horse-battery", "old_password": PASSWORD}
        assert Bearer(sign_in()["access"]).patch("auth/users/me/", change).status_code == 200
        assert Bearer(pair["access"]).get(ME).status_code == 401
        assert Bearer().post("auth/token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
        assert browser.get(ME).status_code == 401
        sign_in(password="another-horse-battery")

    def test_the_browser_that_changes_the_password_stays_signed_in(self, world: World):
        browser, other = world.api("developer"), world.api("developer")
        change = {"password": "another-horse-battery", "old_password": PASSWORD}
        assert browser.patch(ME, change).status_code == 200
        assert browser.get(ME).status_code == 200
        assert other.get(ME).status_code == 401

    def test_who_is_deactivated_is_out_at_once_and_does_not_come_back_with_the_old_tokens(self, world: World):
        pair, browser = sign_in(), world.api("developer")
        token = browser.post("/api/v1/auth/tokens/", {"name": "ci", "scopes": ["read"]}).json()["token"]
        path = f"/api/v1/auth/users/{world.users['developer'].id}/"
        assert world.api("admin").patch(path, {"is_active": False}).status_code == 200
        for _ in range(2):
            assert Bearer(pair["access"]).get(ME).status_code == 401
            assert Bearer().post("auth/token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
            assert browser.get(ME).status_code == 401
            assert Bearer(token).get(ME).status_code == 401
            world.api("admin").patch(path, {"is_active": True})

    def test_who_is_deleted_is_out(self, world: World):
        pair = sign_in("outsider")
        world.users["outsider"].delete()
        assert Bearer(pair["access"]).get(ME).status_code == 401
        assert Bearer().post("auth/token/refresh/", {"refresh": pair["refresh"]}).status_code == 401

    def test_a_raised_version_ends_tokens(self, world: World):
        pair = sign_in()
        User.objects.filter(username="developer").update(token_version=2)
        assert Bearer(pair["access"]).get(ME).status_code == 401

    def test_an_access_token_lives_ten_minutes_at_most(self, world: World):
        claims = read(sign_in()["access"])
        assert 0 < claims["exp"] - claims["iat"] <= 600
        assert claims["iss"] == "ansflow" and isinstance(claims["sub"], str)


def read(token: str) -> dict[str, Any]:
    import jwt

    return jwt.decode(token, options={"verify_signature": False})


class TestGuessing:
    def test_ten_wrong_passwords_a_minute_and_no_more(self, world: World):
        wrong = {"username": "developer", "password": "wrong"}
        for _ in range(10):
            assert Bearer().post("auth/token/", wrong).status_code == 401
        refused = Bearer().post("auth/token/", wrong)
        assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["code"] and "wait" not in refused.json()["details"]
        right = {"username": "developer@acme.example", "password": PASSWORD}
        assert Bearer().post("auth/token/", right).status_code == 429  # the address is no second chance
        assert Bearer().post("auth/session/", right).status_code == 429

    def test_nobody_locks_another_out_from_elsewhere(self, world: World):
        for _ in range(12):
            Bearer(address="203.0.113.9").post("auth/token/", {"username": "developer", "password": "wrong"})
        sign_in("developer")

    def test_an_unknown_name_is_limited_the_same(self, world: World):
        wrong = {"username": "nobody", "password": "wrong"}
        assert [Bearer().post("auth/token/", wrong).status_code for _ in range(11)] == [401] * 10 + [429]

    def test_a_minute_later_one_may_try_again_and_success_clears_the_count(self, world: World):
        wrong = {"username": "developer", "password": "wrong"}
        for _ in range(11):
            Bearer().post("auth/token/", wrong)
        SignInAttempt.objects.update(at=timezone.now() - timedelta(seconds=61))
        for _ in range(3):
            for _ in range(9):
                assert Bearer().post("auth/token/", wrong).status_code == 401
            sign_in()

    def test_one_address_tries_a_hundred_names_and_no_more(self, world: World):
        codes = [Bearer().post("auth/token/", {"username": f"n{i}", "password": "x"}).status_code for i in range(101)]
        assert codes == [401] * 100 + [429]

    def test_the_old_password_is_guessed_as_slowly(self, world: World):
        browser = world.api("developer")
        change = {"password": "another-horse-battery", "old_password": "wrong"}
        assert [browser.patch(ME, change).status_code for _ in range(11)] == [400] * 10 + [429]

    def test_what_was_typed_is_not_kept(self, world: World):
        Bearer().post("auth/token/", {"username": "my-secret-typed-as-name", "password": "wrong"})
        assert "secret" not in json.dumps(list(SignInAttempt.objects.values("key")))


class TestBrowsers:
    def test_a_browser_signs_in_with_its_csrf_token_and_out_again(self, world: World):
        client = Client(enforce_csrf_checks=True)
        nobody = client.get("/api/v1/auth/session/").json()
        assert nobody["user"] is None
        body = {"username": "developer", "password": PASSWORD}
        path, kind = "/api/v1/auth/session/", "application/json"
        assert client.post(path, body, content_type=kind).status_code == 403
        headers = {"X-CSRFToken": nobody["csrf_token"]}
        signed_in = client.post(path, body, content_type=kind, headers=headers)
        assert signed_in.status_code == 200 and signed_in.json()["user"]["username"] == "developer"
        cookie = signed_in.cookies["sessionid"]
        assert cookie["httponly"] and cookie["samesite"] == "Lax"
        assert client.get(path).json()["user"]["username"] == "developer"
        assert client.delete(path).status_code == 403
        headers = {"X-CSRFToken": client.get(path).json()["csrf_token"]}
        assert client.delete(path, headers=headers).status_code == 204
        assert client.get(ME).status_code == 401

    def test_signing_in_gives_the_session_a_new_key(self, world: World):
        client = Client()
        client.force_login(world.users["guest"])
        before = client.session.session_key
        client.post("/api/v1/auth/session/", {"username": "developer", "password": PASSWORD}, "application/json")
        assert client.session.session_key != before
        assert not SessionStore().exists(before)

    def test_the_table_of_sessions_holds_nothing_that_lets_anybody_in(self, world: World):
        client = world.api("developer").client
        assert SessionStore().exists(client.session.session_key)
        (row,) = Session.objects.values()
        assert client.session.session_key not in json.dumps(row, default=str)
        thief = Client()
        thief.cookies["sessionid"] = row["session_key"]
        assert thief.get(ME).status_code == 401
        assert client.get(ME).status_code == 200

    def test_a_bad_token_is_not_saved_by_a_good_cookie(self, world: World):
        client = Client(headers={"Authorization": "Bearer nonsense"})
        client.force_login(world.users["developer"])
        assert client.get(ME).status_code == 401


def test_sign_ins_and_outs_are_on_record(world: World):
    Bearer(sign_in()["access"]).post("auth/logout/")
    told = Entry.objects.filter(actor="developer").order_by("number").values_list("action", "address")
    assert list(told) == [("user.sign_in", "192.0.2.1"), ("user.sign_out", "192.0.2.1")]


# ── API tokens ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def make(world: World) -> Iterator[Any]:
    def made(name: str = "developer", **body: Any) -> dict[str, Any]:
        answer = world.api(name).post("/api/v1/auth/tokens/", {"name": "ci", "scopes": ["read"], **body})
        assert answer.status_code == 201, answer.content
        return answer.json()

    yield made


class TestApiTokens:
    def test_a_token_is_shown_once_and_stored_as_a_hash(self, world: World, make: Any):
        token = make()
        assert token["token"].startswith("ansf_") and len(token["token"]) == 45
        listed = world.api("developer").get("/api/v1/auth/tokens/").json()["results"]
        assert listed[0]["prefix"] == token["token"][:9] and token["token"] not in json.dumps(listed)
        row = ApiToken.objects.values().get(id=token["id"])
        assert token["token"] not in json.dumps(row, default=str)
        assert token["token"] not in json.dumps(list(Entry.objects.values()), default=str)

    def test_it_may_what_its_scopes_say(self, world: World, make: Any):
        bearer = Bearer(make(scopes=["read", "write"])["token"])
        assert bearer.get(ME).status_code == 200
        assert bearer.patch("auth/users/me/", {"name": "x"}).status_code == 403
        assert bearer.post("auth/tokens/", {"name": "x", "scopes": ["read"]}).status_code == 403
        assert Bearer(make(scopes=["run"])["token"]).get(ME).status_code == 403
        assert Bearer(make("admin", scopes=["read"])["token"]).post("auth/groups/", {"name": "g"}).status_code == 403
        assert Bearer(make("admin", scopes=["admin"])["token"]).post("auth/groups/", {"name": "g"}).status_code == 201

    def test_it_makes_tokens_that_may_no_more_than_itself(self, world: World, make: Any):
        parent = Bearer(make(scopes=["read", "admin"], expires_in_days=3)["token"])
        beyond = parent.post("auth/tokens/", {"name": "x", "scopes": ["read", "run"]})
        assert beyond.status_code == 400 and "run" in beyond.json()["details"]["scopes"][0]
        child = parent.post("auth/tokens/", {"name": "x", "scopes": ["read"], "expires_in_days": 90}).json()
        assert child["expires_at"] <= (timezone.now() + timedelta(days=3)).isoformat()
        bound = Bearer(make(scopes=["read", "admin"], project_ids=[world.shop.id])["token"])
        assert bound.post("auth/tokens/", {"name": "x", "scopes": ["read"]}).status_code == 400
        body = {"name": "x", "scopes": ["read"], "project_ids": [world.shop.id]}
        assert bound.post("auth/tokens/", body).status_code == 201

    def test_it_stays_in_its_projects(self, world: World, make: Any):
        world.api("developer").post("/api/v1/projects/", {"name": "second"})
        bound = Bearer(make(project_ids=[world.shop.id])["token"])
        assert [one["name"] for one in bound.get("/api/v1/projects/").json()["results"]] == ["shop"]
        for project in (world.theirs.id, 999_999):
            body = {"name": "x", "scopes": ["read"], "project_ids": [project]}
            assert world.api("developer").post("/api/v1/auth/tokens/", body).status_code == 404
        whole = Bearer(make("admin", scopes=["read", "admin"], project_ids=[world.shop.id])["token"])
        assert whole.post("auth/groups/", {"name": "g"}).status_code == 403

    def test_one_that_is_expired_revoked_or_unknown_counts_no_more(self, world: World, make: Any):
        token = make(expires_in_days=1)
        assert Bearer(token["token"]).get(ME).status_code == 200
        ApiToken.objects.filter(id=token["id"]).update(expires_at=timezone.now())
        assert Bearer(token["token"]).get(ME).status_code == 401
        token = make()
        assert world.api("developer").delete(f"/api/v1/auth/tokens/{token['id']}/").status_code == 204
        assert Bearer(token["token"]).get(ME).status_code == 401
        assert Bearer("ansf_" + "a" * 40).get(ME).status_code == 401

    def test_its_use_is_written_once_a_minute(self, world: World, make: Any):
        token = make()
        row = ApiToken.objects.filter(id=token["id"])
        Bearer(token["token"]).get(ME)
        first = row.get().last_used_at
        Bearer(token["token"]).get(ME)
        assert first is not None and row.get().last_used_at == first
        row.update(last_used_at=timezone.now() - timedelta(seconds=61))
        Bearer(token["token"]).get(ME)
        assert row.get().last_used_at > first

    def test_administrators_revoke_anybodys_and_others_only_their_own(self, world: World, make: Any):
        token = make()
        path, listed = f"/api/v1/auth/tokens/{token['id']}/", f"/api/v1/auth/tokens/?user={world.users['developer'].id}"
        assert world.api("owner").delete(path).status_code == 404
        assert world.api("rival").delete(path).status_code == 404
        assert world.api("owner").get(listed).json()["count"] == 0
        assert world.api("admin").get(listed).json()["count"] == 1
        assert world.api("admin").delete(path).status_code == 204
        assert Bearer(token["token"]).get(ME).status_code == 401

    def test_it_cannot_sign_out_and_may_end_itself_only(self, world: World, make: Any):
        token, other = make(), make()
        bearer = Bearer(token["token"])
        assert bearer.post("auth/logout/").status_code == 409
        assert bearer.delete(f"auth/tokens/{other['id']}/").status_code == 403
        assert bearer.delete(f"auth/tokens/{token['id']}/").status_code == 204
        assert bearer.get(ME).status_code == 401
