"""Pipelines over the API: made, read, changed, archived."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from ansflow.apps.executions.models import PipelineExecution
from ansflow.apps.pipelines.models import Pipeline, Version
from tests.world import World

PATH = "/api/v1/pipelines/"
SOURCE = "name: shop-api\nsteps:\n  unit:\n    run: make test\n"


def made(world: World, name: str = "api", source: str = SOURCE) -> Any:
    answer = world.api("developer").post(PATH, {"project": world.shop.id, "name": name, "source": source})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def executed(pipeline_id: int, status: str, number: int = 1) -> PipelineExecution:
    pipeline = Pipeline.objects.get(id=pipeline_id)
    pipeline.executions_count = number
    pipeline.save()
    return PipelineExecution.objects.create(
        project_id=pipeline.project_id, pipeline=pipeline, number=number, trigger_type="manual", status=status,
        created_at=timezone.now(),
    )  # fmt: skip


def test_a_pipeline_is_made_from_the_text_of_its_file(world: World):
    body = made(world)
    assert body["source"] == SOURCE
    assert (body["name"], body["version"], body["last_execution"]) == ("api", 1, None)
    assert body["project_name"] == "shop"
    assert world.api("guest").get(f"{PATH}{body['id']}/").json() == body


def test_the_name_comes_from_the_file_where_none_is_given(world: World):
    answer = world.api("developer").post(PATH, {"project": world.shop.id, "source": SOURCE})
    assert answer.json()["name"] == "shop-api"
    nameless = {"project": world.shop.id, "source": "steps: {a: {run: x}}"}
    refused = world.api("developer").post(PATH, nameless)
    assert refused.status_code == 400
    assert list(refused.json()["details"]) == ["name"]


def test_what_is_wrong_with_the_text_is_told_with_line_and_column(world: World):
    source = "steps:\n  unit:\n    rum: make test\n"
    answer = world.api("developer").post(PATH, {"project": world.shop.id, "name": "x", "source": source})
    assert answer.status_code == 400
    problems = answer.json()["details"]["problems"]
    assert [(problem["line"], problem["column"], problem["code"]) for problem in problems] == [(3, 5, "unknown_key")]
    assert "Did you mean 'run'?" in problems[0]["hint"]
    assert not Pipeline.objects.exists()


def test_the_host_is_refused_unless_the_administrator_allows_it(world: World, settings: Any):
    body = {"project": world.shop.id, "name": "x", "source": "steps: {a: {run: x, executor: host}}"}
    settings.ANSFLOW_ALLOW_HOST_EXECUTOR = False
    answer = world.api("developer").post(PATH, body)
    assert answer.status_code == 400
    assert "ANSFLOW_ALLOW_HOST_EXECUTOR" in answer.json()["details"]["problems"][0]["message"]
    settings.ANSFLOW_ALLOW_HOST_EXECUTOR = True
    assert world.api("developer").post(PATH, body).status_code == 201


def test_what_only_tests_run_on_is_no_executor_of_a_server(world: World):
    body = {"project": world.shop.id, "name": "x", "source": "steps: {a: {run: x, executor: fake}}"}
    assert world.api("developer").post(PATH, body).status_code == 400


@pytest.mark.parametrize(
    "who, status",
    [("guest", 403), ("reporter", 403), ("developer", 201), ("maintainer", 201), ("owner", 201), ("admin", 201),
     ("outsider", 404), ("rival", 404), ("", 401)],
)  # fmt: skip
def test_developers_make_pipelines(world: World, who: str, status: int):
    body = {"project": world.shop.id, "name": "x", "source": SOURCE}
    assert world.api(who).post(PATH, body).status_code == status


@pytest.mark.parametrize(
    "who, change, archive",
    [("guest", 403, 403), ("reporter", 403, 403), ("developer", 200, 403), ("maintainer", 200, 204),
     ("owner", 200, 204), ("outsider", 404, 404), ("rival", 404, 404), ("", 401, 401)],
)  # fmt: skip
def test_developers_change_and_maintainers_archive(world: World, who: str, change: int, archive: int):
    path = f"{PATH}{made(world)['id']}/"
    assert world.api(who).patch(path, {"description": "new"}).status_code == change
    assert world.api(who).patch(path, {"archived": False}).status_code == (200 if archive == 204 else archive)
    assert world.api(who).delete(path).status_code == archive


def test_a_foreign_pipeline_looks_like_a_missing_one(world: World):
    foreign = world.api("rival").get(f"{PATH}{made(world)['id']}/")
    missing = world.api("rival").get(f"{PATH}999999/")
    assert (foreign.status_code, foreign.json()) == (missing.status_code, missing.json())


def test_a_new_text_becomes_the_next_version(world: World):
    body = made(world)
    source = SOURCE + "  lint: {run: make lint}\n"
    path = f"{PATH}{body['id']}/"
    answer = world.api("developer").patch(path, {"source": source, "base_version": 1, "message": "lint too"})
    assert (answer.json()["version"], answer.json()["source"]) == (2, source)
    same = world.api("developer").patch(path, {"source": source, "base_version": 2})
    assert same.json()["version"] == 2
    assert Version.objects.get(pipeline_id=body["id"], number=2).message == "lint too"
    assert Version.objects.get(pipeline_id=body["id"], number=1).source == SOURCE


def test_who_edited_an_older_version_is_told_instead_of_overwriting(world: World):
    path = f"{PATH}{made(world)['id']}/"
    world.api("maintainer").patch(path, {"source": SOURCE + "  lint: {run: x}\n", "base_version": 1})
    late = world.api("developer").patch(path, {"source": SOURCE + "  docs: {run: x}\n", "base_version": 1})
    assert late.status_code == 409
    assert "maintainer" in late.json()["message"]
    blind = world.api("developer").patch(path, {"source": SOURCE})
    assert blind.status_code == 400
    assert list(blind.json()["details"]) == ["base_version"]


def test_names_are_unique_in_a_project(world: World):
    made(world)
    again = world.api("developer").post(PATH, {"project": world.shop.id, "name": "api", "source": SOURCE})
    assert again.status_code == 409
    other = made(world, "other")
    assert world.api("developer").patch(f"{PATH}{other['id']}/", {"name": "api"}).status_code == 409


def test_an_archived_pipeline_keeps_its_history_and_comes_back(world: World):
    body = made(world)
    execution = executed(body["id"], "success")
    api = world.api("maintainer")
    assert api.delete(f"{PATH}{body['id']}/").status_code == 204
    assert api.get(PATH).json()["count"] == 0
    assert [one["name"] for one in api.get(PATH, archived="true").json()["results"]] == ["api"]
    assert PipelineExecution.objects.filter(id=execution.id).exists()
    assert Version.objects.filter(pipeline_id=body["id"]).exists()
    assert api.patch(f"{PATH}{body['id']}/", {"archived": False}).json()["archived_at"] is None
    assert api.get(PATH).json()["count"] == 1


def test_the_list_is_filtered_and_ordered(world: World):
    green, red, new = (made(world, name)["id"] for name in ("green", "red", "new"))
    executed(green, "failed", 1)
    executed(green, "success", 2)
    executed(red, "failed")
    api = world.api("guest")

    def found(**query: Any) -> list[int]:
        return [one["id"] for one in api.get(PATH, **query).json()["results"]]

    assert found() == [green, new, red]
    assert found(ordering="-created_at") == [new, red, green]
    assert found(status="failed") == [red]
    assert found(status="success") == [green]
    assert found(status="never") == [new]
    assert found(search="re") == [green, red]
    assert found(project=world.theirs.id) == []
    assert found(ordering="-executed_at")[:2] == [red, green]
    last = api.get(PATH, search="green").json()["results"][0]["last_execution"]
    assert (last["number"], last["status"]) == (2, "success")


@pytest.mark.parametrize(
    ("steps", "waits"),
    [
        (["success", "waiting", "pending"], True),
        (["waiting", "running"], False),
        (["pending"], False),
        (["waiting", "waiting"], True),
    ],
)
def test_a_pipeline_says_whether_its_last_execution_waits_for_people(world: World, steps: list[str], waits: bool):
    pipeline = made(world)["id"]
    for number, statuses in ((1, ["waiting"]), (2, steps)):
        execution = executed(pipeline, "running", number)
        for index, status in enumerate(statuses):
            execution.step_executions.create(key=f"s{index}", index=index, step_type="custom", status=status)
    last = world.api("guest").get(f"{PATH}{pipeline}/").json()["last_execution"]
    assert (last["number"], last["status"], last["waits"]) == (2, "running", waits)


def test_a_page_of_pipelines_costs_the_same_whatever_its_length(world: World, django_assert_max_num_queries: Any):
    for number in range(12):
        executed(made(world, f"p{number}")["id"], "success")
    api = world.api("developer")
    with django_assert_max_num_queries(8):
        assert len(api.get(PATH).json()["results"]) == 12


@pytest.mark.parametrize(
    "body, field",
    [
        ({"sourse": SOURCE}, "sourse"),
        ({"source": SOURCE, "version": 7}, "version"),
        ({"source": 7.5}, "source"),
        ({"source": "a\u0000b"}, "source"),
        ({"source": "\ud800"}, "source"),
        ({"source": "x" * (2**20 + 1)}, "source"),
    ],
)
def test_what_does_not_fit_is_named(world: World, body: dict[str, Any], field: str):
    answer = world.api("developer").post(PATH, {"project": world.shop.id, "name": "x", **body})
    assert answer.status_code == 400
    assert field in answer.json()["details"]
