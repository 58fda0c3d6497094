from __future__ import annotations

from tests.world import World


def test_nobody_lists_projects_without_signing_in(world: World):
    answer = world.api().get("/api/v1/projects/")
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message", "details"}


def test_everyone_sees_the_projects_they_are_in_and_no_other(world: World):
    for name, seen in {"guest": ["shop"], "outsider": [], "admin": ["shop"], "rival": ["theirs"]}.items():
        answer = world.api(name).get("/api/v1/projects/")
        assert [project["name"] for project in answer.json()["results"]] == seen
