"""Pipelines whose text stands in a repository: made from it, read from it again, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ansflow.api import pipelines, refs
from ansflow.api.base.turns import Turns
from ansflow.apps.audit.models import Entry
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.models import Project
from ansflow.plugins.outbound import ALLOW_SETTING
from tests.git_hosts import HttpHost, Repository, new_repository, serve_http
from tests.house import House

__all__ = ["new_repository", "serve_http"]

FILE = "version: 1\nname: shop\nsteps:\n  one:\n    run: echo one\n"
PIPELINES = "/api/v1/pipelines/"


@dataclass(frozen=True)
class Shop:
    """The project `shop`, and the repository that it names."""

    house: House
    repository: Repository
    host: HttpHost

    def commit(self, text: str, **files: str) -> str:
        return self.repository.commit("next", _dot_ansflow_dot_yml=text, **files)

    @property
    def head(self) -> str:
        return self.repository.git("rev-parse", "HEAD")

    def name(self, address: str) -> None:
        Project.objects.filter(id=self.house.world.shop.id).update(repository=address)

    def make(self, **body: Any) -> Any:
        body = {"project": self.house.world.shop.id, "repository_path": ".ansflow.yml", **body}
        return self.house.post("developer", PIPELINES, body)

    def made(self, **body: Any) -> dict[str, Any]:
        answer = self.make(**body)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def sync(self, pipeline: int, **body: Any) -> Any:
        return self.house.post("developer", f"{PIPELINES}{pipeline}/sync/", body)

    def synced(self, pipeline: int, **body: Any) -> dict[str, Any]:
        answer = self.sync(pipeline, **body)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def get(self, pipeline: int) -> dict[str, Any]:
        return dict(self.house.api("developer").get(f"{PIPELINES}{pipeline}/").json())

    def versions(self, pipeline: int) -> list[tuple[int, str, str]]:
        found = self.house.api("developer").get(f"{PIPELINES}{pipeline}/versions/").json()["results"]
        return [(one["number"], one["message"], one["created_by"]) for one in found]

    def trigger(self, pipeline: int) -> set[str]:
        """The steps of an execution that begins now."""
        made = self.house.trigger("developer", Pipeline.objects.get(id=pipeline))
        return set(self.house.statuses(made["id"]))


@pytest.fixture
def shop(
    house: House,
    new_repository: Callable[[str], Repository],
    serve_http: Callable[..., HttpHost],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    found = Shop(house, new_repository("shop"), serve_http())
    monkeypatch.setenv(ALLOW_SETTING, f"127.0.0.1:{found.host.port}")
    found.name(found.host.url("shop"))
    found.repository.git("config", "uploadpack.allowReachableSHA1InWant", "true")
    found.commit(FILE)
    return found


def test_who_may_run_sees_what_the_repository_has_now(shop: Shop):
    path = f"/api/v1/projects/{shop.house.world.shop.id}/refs/"
    shop.repository.git("branch", "feature/prices")
    shop.repository.git("tag", "--annotate", "--message", "The first", "v1")
    answer = shop.house.api("developer").get(path)
    assert answer.json() == {"branches": ["feature/prices", "main"], "tags": ["v1"]}
    shop.repository.git("branch", "--delete", "feature/prices")
    assert shop.house.api("developer").get(path).json()["branches"] == ["main"]
    assert shop.house.api("reporter").get(path).status_code == 403
    shop.name("")
    assert shop.house.api("developer").get(path).status_code == 409
    shop.name(shop.host.url("gone"))
    assert shop.house.api("developer").get(path).status_code == 502


def test_a_git_host_that_is_slow_leaves_the_api_to_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(at_once=3, of_one_person=2, seconds_to_wait=0.0)
    monkeypatch.setattr(refs, "GIT_HOSTS", turns)
    monkeypatch.setattr(pipelines, "GIT_HOSTS", turns)
    path = f"/api/v1/projects/{shop.house.world.shop.id}/refs/"
    made = shop.made()["id"]
    with turns.take("one"), turns.take("two"), turns.take("three"):
        refused = shop.house.api("developer").get(path)
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
        assert shop.house.api("developer").post(f"/api/v1/pipelines/{made}/sync/", {}).status_code == 429
        body = {"project": shop.house.world.shop.id, "repository_path": ".ansflow.yml"}
        assert shop.house.api("developer").post("/api/v1/pipelines/", body).status_code == 429
        assert shop.house.api("developer").get("/api/v1/projects/").status_code == 200
    assert shop.house.api("developer").get(path).status_code == 200


def shown(pipeline: dict[str, Any]) -> tuple[int, str, str]:
    return pipeline["version"], pipeline["commit"], pipeline["source"]


def test_a_pipeline_is_made_of_the_file_at_the_default_branch(shop: Shop) -> None:
    made = shop.made()
    assert (made["name"], made["repository_path"]) == ("shop", ".ansflow.yml")
    assert shown(made) == (1, shop.head, FILE)
    assert Entry.objects.latest("number").action == "pipeline.create"
    assert shop.trigger(made["id"]) == {"one"}


def test_a_pipeline_is_made_of_another_file_at_a_branch_a_tag_or_a_commit(shop: Shop) -> None:
    first = shop.head
    shop.repository.git("tag", "v1")
    shop.repository.git("checkout", "--quiet", "-b", "feature/cart")
    other = shop.commit(FILE, ci__release_dot_yml=FILE.replace("one", "two"))
    shop.repository.git("checkout", "--quiet", "main")
    made = shop.made(repository_path="ci/release.yml", ref="feature/cart", name="release")
    assert shown(made) == (1, other, FILE.replace("one", "two"))
    for ref in ("v1", first):
        assert shown(shop.made(ref=ref, name=ref)) == (1, first, FILE)


def test_the_same_text_is_no_new_version_and_another_one_is(shop: Shop) -> None:
    made = shop.made()
    recorded = Entry.objects.count()
    shop.commit(FILE, readme="another file\n")
    assert shown(shop.synced(made["id"])) == shown(made)
    assert Entry.objects.count() == recorded, "nothing has changed, so there is nothing to record"
    next_text = FILE.replace("echo one", "echo two")
    commit = shop.commit(next_text)
    assert shown(shop.synced(made["id"], message="Says two")) == (2, commit, next_text)
    entry = Entry.objects.latest("number")
    assert (entry.action, entry.actor, entry.after) == ("pipeline.update", "developer", {"version": 2})
    assert shop.versions(made["id"]) == [(2, "Says two", "developer"), (1, "", "developer")]


def test_an_older_commit_is_the_next_version_too(shop: Shop) -> None:
    first, made = shop.head, shop.made()
    shop.commit(FILE.replace("echo one", "echo two"))
    shop.synced(made["id"])
    assert shown(shop.synced(made["id"], ref=first)) == (3, first, FILE)


def test_a_template_that_changed_is_a_new_version_of_the_same_text(shop: Shop) -> None:
    text = "name: built\nsteps:\n  check: {uses: ./ci/python.yml}\n"
    shop.commit(text, ci__python_dot_yml="steps: {unit: {run: pytest}}\n")
    made = shop.made()
    commit = shop.commit(text, ci__python_dot_yml="steps: {unit: {run: pytest}, style: {run: ruff}}\n")
    assert shown(shop.synced(made["id"])) == (2, commit, text)
    assert shop.trigger(made["id"]) == {"check.unit", "check.style"}


def test_a_text_with_a_fault_is_refused_and_the_last_good_one_stays(shop: Shop) -> None:
    made = shop.made()
    shop.commit("steps:\n  one: {rnu: x}\n")
    answer = shop.sync(made["id"])
    assert answer.status_code == 400
    assert "Unknown key 'rnu' in a step." in str(answer.json()["details"])
    assert shop.make(name="another").status_code == 400
    assert shown(shop.get(made["id"])) == shown(made)


WRONG = [
    ({"ref": "nope"}, "ref", "has no branch, tag or commit 'nope'"),
    ({"ref": "mian"}, "ref", "main"),
    ({"ref": "f" * 40}, "ref", "does not give the commit"),
    ({"ref": "--upload-pack=id"}, "ref", "Git allows no such name"),
]


@pytest.mark.parametrize(("body", "field", "told"), WRONG)
def test_what_a_sync_names_wrongly_is_told_at_its_field(
    shop: Shop, body: dict[str, str], field: str, told: str
) -> None:
    made = shop.made()
    answer = shop.sync(made["id"], **body)
    details = answer.json()["details"]
    assert (answer.status_code, list(details)) == (400, [field])
    assert told in str(details)
    assert shown(shop.get(made["id"])) == shown(made)


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        *WRONG,
        ({"repository_path": "ci/none.yml"}, "repository_path", "has no file ci/none.yml"),
        ({"repository_path": "../.ansflow.yml"}, "repository_path", "is no path of a file"),
    ],
)
def test_what_a_new_pipeline_names_wrongly_is_told_at_its_field(
    shop: Shop, body: dict[str, str], field: str, told: str
) -> None:
    answer = shop.make(**body)
    details = answer.json()["details"]
    assert (answer.status_code, list(details)) == (400, [field])
    assert told in str(details)
    assert not Pipeline.objects.exists()


def test_a_file_that_is_gone_is_told_at_its_path(shop: Shop) -> None:
    made = shop.made()
    shop.repository.git("rm", "--quiet", ".ansflow.yml")
    shop.repository.commit("gone")
    answer = shop.sync(made["id"])
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["repository_path"])


def test_the_text_is_changed_in_the_repository_alone(shop: Shop) -> None:
    made = shop.made()
    path = f"{PIPELINES}{made['id']}/"
    with_source = shop.house.api("developer").patch(path, {"source": FILE + "# more\n", "base_version": 1})
    restored = shop.house.post("developer", f"{path}versions/1/restore/")
    for answer in (with_source, restored):
        assert answer.status_code == 409
        assert answer.json()["message"] == (
            "The text of this pipeline comes from .ansflow.yml of the repository: change it there."
        )


@pytest.mark.parametrize("address", ["git://git.example/shop", "ssh://git@git.example/shop"])
def test_a_repository_that_the_server_cannot_read_so_is_no_fault_of_the_request(shop: Shop, address: str) -> None:
    made = shop.made()
    shop.name(address)
    for answer in (shop.make(name="another"), shop.sync(made["id"])):
        assert (answer.status_code, answer.json()["details"]) == (409, {})


def test_a_host_that_fails_is_told_as_such_and_changes_nothing(shop: Shop) -> None:
    made = shop.made()
    shop.host.status = 503
    answer = shop.sync(made["id"])
    assert (answer.status_code, answer.json()["code"]) == (502, "unreachable")
    assert shown(shop.get(made["id"])) == shown(made)
