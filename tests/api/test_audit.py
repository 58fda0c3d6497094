from __future__ import annotations

from ansflow.apps.audit.actions import record
from ansflow.apps.audit.models import Entry
from tests.world import World

AUDIT = "/api/v1/audit/"


def write(world: World) -> None:
    record(world.actor("owner"), "project.update", object_type="project", object_id=1, project_id=world.shop.id)
    record(world.actor("admin"), "user.create", object_type="user", object_id=5, object_name="mei")
    record(
        world.actor("rival"), "project.update", object_type="project", object_name="canary", project_id=world.theirs.id
    )


def test_maintainers_see_their_projects_administrators_everything_and_others_nothing(world: World):
    write(world)
    for name, seen in {"admin": 2, "owner": 1, "maintainer": 1, "developer": 0, "guest": 0, "outsider": 0}.items():
        assert world.api(name).get(AUDIT).json()["count"] == seen, name
    for name in ("admin", "owner"):
        assert "canary" not in world.api(name).get(AUDIT).content.decode()
    assert world.api().get(AUDIT).status_code == 401


def test_one_filters_by_who_what_and_when(world: World):
    write(world)
    api = world.api("admin")
    when = Entry.objects.get(action="user.create").at.isoformat()
    for query, seen in [
        ({"actor": "owner"}, 1), ({"action": "user.create"}, 1), ({"action": "user."}, 1), ({"action": "user"}, 0),
        ({"object_type": "user", "object_id": 5}, 1), ({"project": world.shop.id}, 1), ({"since": when}, 1),
        ({"until": when}, 1), ({"project": world.theirs.id}, 0),
    ]:  # fmt: skip
        assert api.get(AUDIT, **query).json()["count"] == seen, query
    assert api.get(AUDIT, nobody="x").status_code == 400
    assert world.api("developer").get(AUDIT, project=world.shop.id).status_code == 403
    assert world.api("owner").get(AUDIT, project=world.theirs.id).status_code == 404


def test_administrators_verify_the_chain(world: World):
    write(world)
    api = world.api("admin")
    whole = api.get(f"{AUDIT}verify/").json()
    assert whole["whole"] and whole["broken"] is None and whole["length"] == 2
    noted = {"length": whole["length"], "hash": whole["hash"]}
    assert api.get(f"{AUDIT}verify/", **noted).json()["whole"]
    assert not api.get(f"{AUDIT}verify/", length=2, hash="0" * 64).json()["whole"]
    assert api.get(f"{AUDIT}verify/", length=2).status_code == 400
    Entry.objects.filter(tenant_id=world.tenant.id, number=1).update(actor="nobody")
    assert api.get(f"{AUDIT}verify/").json()["broken"]["number"] == 1
    assert world.api("owner").get(f"{AUDIT}verify/").status_code == 403
