from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from ansflow.apps.audit.models import Entry
from ansflow.apps.projects import queries
from ansflow.apps.projects.models import GitCredential
from ansflow.core.errors import NotAvailable, NotFound
from tests.world import ROLES, World

LOGINS = "/api/v1/cicd/git-credentials/"
CANARY = "canary-51d0c9b7e3"
KNOWN = "git.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA"


def wish(world: World, **more: object) -> dict[str, object]:
    return {"project": world.shop.id, "name": "shop", "host": "git.example", "password": CANARY, **more}


def key(form: PrivateFormat = PrivateFormat.OpenSSH, locked: KeySerializationEncryption | None = None) -> str:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, locked or NoEncryption()).decode()


def test_a_login_is_set_and_its_secret_never_given_out_again(world: World):
    api = world.api("maintainer")
    made = api.post(LOGINS, wish(world, username="bot"))
    assert made.status_code == 201
    assert (made.json()["kind"], made.json()["has_password"], made.json()["has_ssh_key"]) == ("password", True, False)
    one = f"{LOGINS}{made.json()['id']}/"
    said = [
        made,
        api.get(LOGINS),
        api.get(one),
        api.patch(one, {"password": f"{CANARY}-2"}),
        api.post(LOGINS, wish(world)),
    ]
    assert [answer.status_code for answer in said] == [201, 200, 200, 200, 409]
    assert not any(CANARY in answer.content.decode() for answer in said)
    login = queries.git_login(world.shop.id, "shop")
    assert (login.host, login.secret) == ("git.example", f"bot:{CANARY}-2")
    assert CANARY not in repr(login)
    assert api.delete(one).status_code == 204
    entries = list(Entry.objects.order_by("id"))
    assert [entry.action.partition(".")[2] for entry in entries] == ["create", "update", "delete"]
    assert CANARY not in json.dumps([[entry.before, entry.after] for entry in entries])
    with pytest.raises(NotFound):
        queries.git_login(world.shop.id, "shop")


def test_a_private_key_comes_with_the_keys_of_its_host(world: World):
    text = key()
    api, body = world.api("owner"), wish(world, ssh_key=text)
    del body["password"]
    refused = api.post(LOGINS, body)
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["known_hosts"])
    made = api.post(LOGINS, {**body, "known_hosts": KNOWN}).json()
    assert (made["kind"], made["has_ssh_key"], made["has_password"], made["known_hosts"]) == (
        "ssh_key",
        True,
        False,
        KNOWN,
    )
    assert queries.git_login(world.shop.id, "shop").secret == text
    assert api.patch(f"{LOGINS}{made['id']}/", {"password": CANARY}).status_code == 400
    assert api.patch(f"{LOGINS}{made['id']}/", {"known_hosts": ""}).status_code == 400


def test_a_key_that_ssh_could_not_use_is_refused_with_the_reason(world: World):
    body = wish(world, known_hosts=KNOWN)
    del body["password"]
    for text, word in (
        (key(PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "passphrase"),
        ("no key at all", "no private key"),
    ):
        answer = world.api("owner").post(LOGINS, {**body, "ssh_key": text})
        assert (answer.status_code, list(answer.json()["details"])) == (400, ["ssh_key"])
        assert word in answer.json()["details"]["ssh_key"][0]
    assert not GitCredential.objects.exists()


@pytest.mark.parametrize(
    "host", ["", "https://git.example", "a b", "git.example/x", "u@git.example", "-oProxyCommand=x"]
)
def test_a_host_is_a_host_and_nothing_else(world: World, host: str):
    answer = world.api("owner").post(LOGINS, wish(world, host=host))
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["host"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"username": "a:b"}, "username"),
        ({"username": "a\nb"}, "username"),
        ({"password": "two\nlines-of-it"}, "password"),
        ({"password": "short"}, "password"),
        ({"ssh_key": "also a key"}, "password"),
        ({"sealed": "x"}, "sealed"),
        ({"kind": "token"}, "kind"),
        ({"updated_by": "x"}, "updated_by"),
    ],
)
def test_a_login_that_does_not_fit_is_refused_by_field(world: World, more: dict[str, str], field: str):
    answer = world.api("owner").post(LOGINS, wish(world, **more))
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
    assert not GitCredential.objects.exists()


def test_a_password_that_is_here_is_never_turned_to_another_host(world: World):
    made = world.api("owner").post(LOGINS, wish(world)).json()
    for field, value in {"host": "evil.example", "project": world.theirs.id, "name": "x"}.items():
        answer = world.api("owner").patch(f"{LOGINS}{made['id']}/", {field: value})
        assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
    GitCredential.objects.update(host="evil.example")  # somebody who writes into the database
    with pytest.raises(NotAvailable, match="cannot be opened"):
        queries.git_login(world.shop.id, "shop")


def test_each_role_does_what_it_may_and_no_more(world: World):
    made = world.api("owner").post(LOGINS, wish(world)).json()
    one = f"{LOGINS}{made['id']}/"
    for role in ROLES:
        api = world.api(role)
        reads, writes = (ROLES.index(role) >= ROLES.index(least) for least in ("developer", "maintainer"))
        assert api.get(one).status_code == (200 if reads else 403)
        assert api.get(LOGINS).json()["count"] == int(reads)
        assert api.patch(one, {"username": "x"}).status_code == (200 if writes else 403)
    missing = world.api("rival").get(f"{LOGINS}999999/").content
    for name in ("outsider", "rival"):
        api = world.api(name)
        assert api.get(LOGINS).json()["count"] == 0
        for answer in (api.get(one), api.patch(one, {"username": "x"}), api.delete(one)):
            assert (answer.status_code, answer.content) == (404, missing)
        assert api.post(LOGINS, wish(world, name="mine")).status_code == 404
    assert GitCredential.objects.get().username == "x"


def test_a_project_names_one_of_its_own_credentials_only(world: World):
    foreign = GitCredential.objects.create(project=world.theirs, name="x", host="h", kind="token")
    own = world.api("owner").post(LOGINS, wish(world)).json()["id"]
    one = f"/api/v1/projects/{world.shop.id}/"
    assert world.api("owner").patch(one, {"git_credential": foreign.id}).status_code == 400
    assert world.api("owner").patch(one, {"git_credential": own}).json()["git_credential"] == own
    assert world.api("owner").patch(one, {"git_credential": None}).json()["git_credential"] is None
