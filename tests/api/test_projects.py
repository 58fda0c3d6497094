from __future__ import annotations

import pytest

from ansflow.apps.audit.models import Entry
from ansflow.apps.projects.models import Member, Project, Role
from tests.world import ROLES, World

PROJECTS = "/api/v1/projects/"


def test_nobody_lists_projects_without_signing_in(world: World):
    answer = world.api().get(PROJECTS)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message", "details"}


def test_everyone_sees_the_projects_they_are_in_and_no_other(world: World):
    for name, seen in {"guest": ["shop"], "outsider": [], "admin": ["shop"], "rival": ["theirs"]}.items():
        answer = world.api(name).get(PROJECTS)
        assert [project["name"] for project in answer.json()["results"]] == seen


def test_a_name_is_enough_and_its_maker_becomes_the_owner(world: World):
    answer = world.api("outsider").post(PROJECTS, {"name": "site"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["my_role"], made["members_count"], made["visibility"]) == ("site", "owner", 1, "private")
    assert made["created_by"] == "outsider"
    member = Member.objects.get(project_id=made["id"])
    assert (member.user, member.role) == (world.users["outsider"], Role.OWNER)
    entry = Entry.objects.get(action="project.create")
    assert (entry.object_id, entry.project_id, entry.actor) == (made["id"], made["id"], "outsider")


def test_how_many_steps_may_run_at_once_is_for_maintainers_to_say(world: World):
    path = f"{PROJECTS}{world.shop.id}/"
    assert world.api("guest").get(path).json()["max_parallel_steps"] is None
    assert world.api("developer").patch(path, {"max_parallel_steps": 2}).status_code == 403
    for wrong in (0, -1, "many", 100_001):
        assert world.api("maintainer").patch(path, {"max_parallel_steps": wrong}).status_code == 400
    assert world.api("maintainer").patch(path, {"max_parallel_steps": 2}).json()["max_parallel_steps"] == 2
    entry = Entry.objects.get(action="project.update")
    assert (entry.before["max_parallel_steps"], entry.after["max_parallel_steps"]) == (None, 2)
    assert world.api("maintainer").patch(path, {"max_parallel_steps": None}).json()["max_parallel_steps"] is None


def test_a_name_that_is_taken_is_refused_in_this_tenant_only(world: World):
    assert world.api("outsider").post(PROJECTS, {"name": "shop"}).status_code == 409
    assert world.api("rival").post(PROJECTS, {"name": "shop"}).status_code == 201


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a\nb"}, {"name": 7, "tenant": 2}, {"name": "x" * 101}])
def test_a_project_that_does_not_fit_is_refused_by_field(world: World, body: dict[str, object]):
    answer = world.api("developer").post(PROJECTS, body)
    assert answer.status_code == 400
    assert set(answer.json()["details"]) <= {"name", "tenant"}
    assert Project.objects.filter(tenant=world.tenant).count() == 1


@pytest.mark.parametrize("field", ["tenant", "created_by", "id", "archived_at", "my_role", "is_admin", "owner"])
def test_a_project_takes_no_field_that_is_not_its_makers_to_say(world: World, field: str):
    answer = world.api("owner").post(PROJECTS, {"name": "site", field: 1})
    assert answer.status_code == 400
    assert field in answer.json()["details"]
    assert not Project.objects.filter(name="site").exists()
    assert world.api("owner").patch(f"{PROJECTS}{world.shop.id}/", {field: 1}).status_code == 400


def test_each_person_is_told_their_own_role(world: World):
    for role in ROLES:
        assert world.api(role).get(f"{PROJECTS}{world.shop.id}/").json()["my_role"] == role
    assert world.api("admin").get(f"{PROJECTS}{world.shop.id}/").json()["my_role"] == "owner"


def test_an_internal_project_can_be_read_by_the_whole_tenant_as_by_a_guest(world: World):
    world.api("owner").patch(f"{PROJECTS}{world.shop.id}/", {"visibility": "internal"})
    assert world.api("outsider").get(f"{PROJECTS}{world.shop.id}/").json()["my_role"] == "guest"
    assert world.api("outsider").patch(f"{PROJECTS}{world.shop.id}/", {"name": "mine"}).status_code == 403
    assert world.api("rival").get(f"{PROJECTS}{world.shop.id}/").status_code == 404


def test_a_foreign_project_answers_as_one_that_is_not_there(world: World):
    missing = world.api("rival").get(f"{PROJECTS}999999/")
    for name in ("rival", "outsider"):
        for answer in (
            world.api(name).get(f"{PROJECTS}{world.shop.id}/"),
            world.api(name).patch(f"{PROJECTS}{world.shop.id}/", {"name": "mine"}),
            world.api(name).delete(f"{PROJECTS}{world.shop.id}/"),
            world.api(name).post(f"{PROJECTS}{world.shop.id}/archive/"),
        ):
            assert (answer.status_code, answer.content) == (404, missing.content)
    world.shop.refresh_from_db()
    assert (world.shop.name, world.shop.archived_at) == ("shop", None)


def test_a_change_names_what_was_and_what_is(world: World):
    answer = world.api("maintainer").patch(f"{PROJECTS}{world.shop.id}/", {"description": "Sells.", "name": "shop"})
    assert answer.json()["description"] == "Sells."
    entry = Entry.objects.get(action="project.update")
    assert (entry.before, entry.after) == ({"description": ""}, {"description": "Sells."})


@pytest.mark.parametrize("address", ["/etc", "./shop", "ext::sh -c id", "--upload-pack=id", "https://u:p@host/x.git"])
def test_a_repository_that_the_server_must_not_read_is_refused(world: World, address: str):
    answer = world.api("owner").patch(f"{PROJECTS}{world.shop.id}/", {"repository": address})
    assert answer.status_code == 400
    assert answer.json()["details"]["repository"]


@pytest.mark.parametrize("address", ["https://git.example/shop.git", "git@git.example:shop.git", ""])
def test_a_repository_has_an_address(world: World, address: str):
    assert world.api("owner").patch(f"{PROJECTS}{world.shop.id}/", {"repository": address}).status_code == 200


def test_an_archived_project_rests_until_it_is_taken_up_again(world: World):
    api, one = world.api("maintainer"), f"{PROJECTS}{world.shop.id}/"
    assert api.post(f"{one}archive/").json()["archived_at"]
    assert api.post(f"{one}archive/").status_code == 200
    assert api.patch(one, {"description": "x"}).status_code == 409
    assert api.post(f"{one}environments/", {"name": "live"}).json()["code"] == "archived"
    assert api.get(PROJECTS).json()["count"] == 0
    assert api.get(PROJECTS, archived="true").json()["count"] == 1
    assert api.post(f"{one}unarchive/").json()["archived_at"] is None
    assert api.post(f"{one}environments/", {"name": "live"}).status_code == 201
    assert Entry.objects.filter(action="project.archive").count() == 1


def test_a_project_without_history_can_be_deleted_by_its_owner_alone(world: World):
    one = f"{PROJECTS}{world.shop.id}/"
    assert world.api("maintainer").delete(one).status_code == 403
    assert world.api("owner").delete(one).status_code == 204
    assert not Project.objects.filter(id=world.shop.id).exists()
    assert Entry.objects.get(action="project.delete").before == {"name": "shop"}


def test_a_project_with_a_pipeline_is_archived_instead_of_deleted(world: World):
    world.shop.pipelines.create(name="build")
    answer = world.api("owner").delete(f"{PROJECTS}{world.shop.id}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert "archive" in answer.json()["message"]
    assert Project.objects.filter(id=world.shop.id).exists()


def test_projects_are_searched_filtered_ordered_and_paged(world: World):
    api = world.api("admin")
    for name in ("alpha", "beta", "gamma"):
        api.post(PROJECTS, {"name": name, "description": f"The {name} part", "visibility": "internal"})
    names = lambda **query: [one["name"] for one in api.get(PROJECTS, **query).json()["results"]]  # noqa: E731
    assert names(search="BETA") == ["beta"]
    assert names(visibility="internal", ordering="-name") == ["gamma", "beta", "alpha"]
    assert names(page_size=2, page=2) == ["gamma", "shop"]
    beyond = api.get(PROJECTS, page_size=2, page=3)
    assert (beyond.status_code, beyond.json()) == (
        404,
        {
            "code": "no_such_page",
            "message": "There is no page 3: the last one is page 2.",
            "details": {"last": 2},
        },
    )
    assert api.get(PROJECTS, search="nowhere", page=1).json()["count"] == 0
    assert api.get(PROJECTS, ordering="tenant").status_code == 400
    assert api.get(PROJECTS, nmae="x").status_code == 400


def test_the_list_costs_the_same_however_many_projects_there_are(world: World, django_assert_max_num_queries):
    api = world.api("admin")
    for number in range(20):
        Project.objects.create(tenant=world.tenant, name=f"p{number}")
    with django_assert_max_num_queries(6):
        assert api.get(PROJECTS).json()["count"] == 21
