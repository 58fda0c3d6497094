from __future__ import annotations

import json

import pytest

from ansflow.apps.audit.models import Entry
from ansflow.apps.projects import queries
from ansflow.apps.projects.models import Secret
from ansflow.core.errors import NotFound
from tests.world import ROLES, World

CANARY = "canary-7f3a91c2d5"


def secrets(world: World) -> str:
    return f"/api/v1/projects/{world.shop.id}/secrets/"


def test_a_secret_is_set_and_never_given_out_again(world: World):
    api = world.api("maintainer")
    said = [api.post(secrets(world), {"name": "TOKEN", "value": CANARY})]
    assert said[0].status_code == 201
    assert set(said[0].json()) == {"id", "name", "environment", "updated_at", "updated_by"}
    one = f"{secrets(world)}{said[0].json()['id']}/"
    said += [api.get(secrets(world)), api.get(one), api.put(one, {"value": f"{CANARY}-2"}), api.get(one)]
    said += [api.post(secrets(world), {"name": "TOKEN", "value": CANARY}), api.put(one, {"value": CANARY, "x": 1})]
    assert [answer.status_code for answer in said] == [201, 200, 200, 200, 200, 409, 400]
    assert not any(CANARY in answer.content.decode() for answer in said)
    assert queries.secret_values(world.shop.id, ["TOKEN"]) == {"TOKEN": f"{CANARY}-2"}
    assert api.delete(one).status_code == 204
    entries = Entry.objects.order_by("id")
    assert [entry.action for entry in entries] == ["secret.create", "secret.update", "secret.delete"]
    assert CANARY not in json.dumps([[entry.before, entry.after, entry.object_name] for entry in entries])


def test_a_value_is_kept_byte_for_byte(world: World):
    for number, value in enumerate(("  spaces around  ", "two\nlines\n", "\tключ 🔑 \r\n", "x" * 65_536)):
        assert world.api("owner").post(secrets(world), {"name": f"S{number}", "value": value}).status_code == 201
        assert queries.secret_values(world.shop.id, [f"S{number}"]) == {f"S{number}": value}


@pytest.mark.parametrize("name", ["token", "1A", "A-B", "A.B", "CI", "ANSFLOW_X", "PATH", "LD_PRELOAD", "A" * 101, ""])
def test_a_name_that_cannot_be_a_secrets_is_refused(world: World, name: str):
    answer = world.api("owner").post(secrets(world), {"name": name, "value": CANARY})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["name"])
    assert not Secret.objects.exists()


@pytest.mark.parametrize("value", ["", "short", "   abc   ", "a\u0000bcdefgh"])
def test_a_value_that_could_not_be_masked_is_refused_without_being_repeated(world: World, value: str):
    answer = world.api("owner").post(secrets(world), {"name": "TOKEN", "value": value})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["value"])
    assert not value.strip() or value.strip() not in answer.json()["details"]["value"][0].split()
    assert not Secret.objects.exists()


def test_an_environments_own_secret_wins_over_the_projects(world: World):
    api = world.api("maintainer")
    api.post(f"/api/v1/projects/{world.shop.id}/environments/", {"name": "live"})
    api.post(secrets(world), {"name": "TOKEN", "value": "for-everywhere"})
    api.post(secrets(world), {"name": "TOKEN", "value": "for-live-only", "environment": "live"})
    api.post(secrets(world), {"name": "LIVE_KEY", "value": "only-in-live", "environment": "live"})
    assert queries.secret_values(world.shop.id, ["TOKEN"]) == {"TOKEN": "for-everywhere"}
    assert queries.secret_values(world.shop.id, ["TOKEN"], "test") == {"TOKEN": "for-everywhere"}
    assert queries.secret_values(world.shop.id, ["TOKEN", "LIVE_KEY"], "live") == {
        "TOKEN": "for-live-only",
        "LIVE_KEY": "only-in-live",
    }
    with pytest.raises(NotFound, match="LIVE_KEY"):
        queries.secret_values(world.shop.id, ["TOKEN", "LIVE_KEY"])
    with pytest.raises(NotFound, match="TOKEN"):
        queries.secret_values(world.theirs.id, ["TOKEN"])


def test_a_name_is_a_secret_or_a_variable_and_never_both(world: World):
    api, variables = world.api("maintainer"), f"/api/v1/projects/{world.shop.id}/variables/"
    api.post(secrets(world), {"name": "TOKEN", "value": CANARY})
    assert api.post(variables, {"name": "TOKEN", "value": "x"}).status_code == 409
    api.post(variables, {"name": "REGION", "value": "x"})
    assert api.post(secrets(world), {"name": "REGION", "value": CANARY}).status_code == 409


def test_each_role_does_what_it_may_and_no_more(world: World):
    made = world.api("owner").post(secrets(world), {"name": "TOKEN", "value": CANARY}).json()
    one = f"{secrets(world)}{made['id']}/"
    for role in ROLES:
        api = world.api(role)
        reads = 200 if ROLES.index(role) >= ROLES.index("developer") else 403
        writes = ROLES.index(role) >= ROLES.index("maintainer")
        assert [api.get(secrets(world)).status_code, api.get(one).status_code] == [reads, reads]
        assert api.put(one, {"value": CANARY}).status_code == (200 if writes else 403)
        name = f"N{ROLES.index(role)}"
        assert api.post(secrets(world), {"name": name, "value": CANARY}).status_code == (201 if writes else 403)
    missing = world.api("rival").get("/api/v1/projects/999999/secrets/").content
    for name in ("outsider", "rival"):
        api = world.api(name)
        for answer in (api.get(one), api.put(one, {"value": "stolen-it"}), api.delete(one), api.get(secrets(world))):
            assert (answer.status_code, answer.content) == (404, missing)
    assert queries.secret_values(world.shop.id, ["TOKEN"]) == {"TOKEN": CANARY}


@pytest.mark.parametrize("field", ["sealed", "key_version", "updated_by", "project", "id"])
def test_a_secret_takes_no_field_but_name_value_and_environment(world: World, field: str):
    answer = world.api("owner").post(secrets(world), {"name": "TOKEN", "value": CANARY, field: 1})
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
    assert not Secret.objects.exists()
