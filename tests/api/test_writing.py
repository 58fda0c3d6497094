"""What writing operations change: only what they declare, never without a record, and nothing of another tenant's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from ansflow.apps.accounts.models import User
from ansflow.apps.analytics.models import Report
from ansflow.apps.audit.models import Entry
from ansflow.apps.executions.models import Deployment, PipelineExecution, StepExecution
from ansflow.apps.projects.models import Project
from ansflow.apps.tools.models import CicdTool
from tests.api import making
from tests.api.routes import Route, routes
from tests.house import House
from tests.world import World

ROUTES = [route for route in routes() if route.path.startswith("/api/v1/")]
WRITING = [route for route in ROUTES if route.writes]
TAKING = [route for route in WRITING if route.operation is not None and route.operation.body is not None]
READING = [route for route in ROUTES if not route.writes]
TEMPTING = ["is_staff", "is_superuser", "is_admin", "role", "owner", "project", "tenant", "id", "state", "created_by"]
OURS = {
    "analytics",
    "audit",
    "accounts",
    "projects",
    "cicd_tools",
    "atomic_steps",
    "pipelines",
    "executions",
    "approvals",
}
UNTOLD = {"audit.Chain", "audit.Entry", "accounts.SignInAttempt"}  # the record itself; failed sign-ins are counted
CHANGING_NOTHING = {
    "POST auth/token/refresh/": "a session goes on as it was recorded; one that was stolen: tests/api/test_auth.py",
    "POST auth/token/verify/": "it only says whether a token stands",
    "POST pipelines/validate/": "it only judges a text",
    "POST pipelines/plan/": "it only says what would run",
    "POST pipelines/{id}/validate/": "it only judges a text",
    "POST pipelines/{id}/plan/": "it only says what would run",
    "POST pipelines/{id}/plan/diff/": "it only says what would run",
    "POST pipelines/{id}/sync/": "it wants a Git host: tests/apps/pipelines/test_repositories.py",
    "POST cicd/tools/": "there is no other tool in this release",
    "DELETE cicd/tools/{tool}/": "the one tool is the installation itself, and stays",
}
SAVING = {"POST pipelines/{id}/edits/": {"save": True, "base_version": 1}}
"""What has to be said, too, for a route that otherwise only shows what would be."""
CANARY = "canary-rival"  # as long as the shortest field
WRITTEN = {
    *("name", "username", "email", "description", "message", "trigger_message", "definition", "source", "value"),
    *("repository", "repository_path", "default_branch", "branch", "commit", "concurrency_group", "host", "url"),
    *("prefix", "created_by", "updated_by", "by", "queue", "actor", "object_name"),
}
"""Fields that hold what people said, or what tells of them."""
NAMELESS = {
    *("GET cicd/atomic-steps/types/", "GET cicd/atomic-steps/types/{name}/", "GET workers/", "GET workers/queues/"),
    *("GET cicd/executions/statistics/", "GET pipelines/{id}/statistics/", "GET audit/verify/"),
    *(
        f"GET cicd/executions/{{id}}/logs/{what}"
        for what in ("", "download/", "outline/", "search/", "stream/", "times/")
    ),
    *("GET cicd/executions/{id}/artifacts/", "GET cicd/executions/{id}/artifacts/{place}"),
    *("GET pipelines/{id}/versions/{number}/diff/", "GET auth/tokens/", "GET projects/{project}/refs/"),
}
"""Answers without a name in them: of the installation, numbers, files, differences, what a Git host says, and what is
one's very own."""


def rows() -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of our tables, by model and primary key."""
    return {
        model._meta.label: {row[model._meta.pk.attname]: row for row in model.objects.values()}
        for model in apps.get_models()
        if model._meta.app_label in OURS and model._meta.label not in UNTOLD
    }


def send(world: World, route: Route, body: dict[str, Any] | None, project: Project) -> Any:
    """The answer, the rows before it, and the entries that the request alone has left."""
    path = making.filled(route, making.values(route, world, project))
    client = world.api("admin").client
    User.objects.filter(username="admin").update(is_superuser=True)  # who may do everything
    before, known = rows(), Entry.objects.count()
    answer = client.generic(route.method, path, making.encoded(body), content_type="application/json")
    return answer, before, list(Entry.objects.order_by("id"))[known:]


def every_field() -> list[str]:
    fields = [field for model in apps.get_models() if model._meta.app_label in OURS for field in model._meta.fields]
    return sorted({field.name for field in fields} | {field.attname for field in fields} | set(TEMPTING))


@pytest.mark.parametrize("route", TAKING, ids=lambda route: route.name)
def test_a_body_takes_no_field_that_it_does_not_declare(house: House, route: Route, count: Callable[[str, int], None]):
    world = house.world
    declared = set(route.operation.body().fields)
    body = making.body(route, world, world.shop)
    foreign = [name for name in every_field() if name not in declared]
    answer, before, recorded = send(world, route, {**body, **dict.fromkeys(foreign, 1)}, world.shop)
    assert answer.status_code == 400
    assert set(foreign) <= set(answer.json()["details"])
    assert (rows(), recorded) == (before, [])
    count("fields refused", len(foreign))


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.name)
def test_what_is_done_leaves_an_entry_in_the_record(house: House, route: Route):
    world = house.world
    body = making.body(route, world, world.shop)
    answer, before, recorded = send(world, route, body and {**body, **SAVING.get(making.key(route), {})}, world.shop)
    if making.key(route) in CHANGING_NOTHING:
        assert answer.status_code < 500
        assert (rows(), recorded) == (before, [])
        return
    assert answer.status_code < 300, making.text(answer)
    assert recorded, "this operation does something without a record"
    who = (world.tenant.id, "admin", world.users["admin"].id)
    assert {(entry.tenant_id, entry.actor, entry.actor_id) for entry in recorded} == {who}
    assert not any("a-canary-secret" in f"{entry.before}{entry.after}" for entry in recorded)


@pytest.mark.parametrize("route", READING, ids=lambda route: route.name)
def test_no_answer_holds_anything_of_another_tenant(house: House, route: Route):
    world = house.world
    foreign = making.filled(route, plant(world, route))
    path = making.filled(route, making.values(route, world, world.shop))
    User.objects.filter(username="admin").update(is_superuser=True)
    people = [world.api(who) for who in ("admin", "owner")]
    before = rows()
    for person in people:
        assert CANARY not in making.text(person.get(path))
        assert CANARY not in making.text(person.get(foreign))
    assert rows() == before, "reading changes nothing"


def test_what_is_kept_from_others_is_told_to_its_own(house: House):
    """Otherwise the canaries would be looked for in vain."""
    told = set()
    for route in READING:
        with transaction.atomic():
            path = making.filled(route, plant(house.world, route))
            User.objects.filter(tenant=house.world.rivals).update(is_admin=True)
            if CANARY in making.text(house.world.api("rival").get(path)):
                told.add(making.key(route))
            transaction.set_rollback(True)
    assert {making.key(route) for route in READING} - told == NAMELESS


def plant(world: World, route: Route) -> list[int | str]:
    """One of everything in the other tenant, with canaries in what its people wrote; and what the route names."""
    ours = rows()
    for make in making.OBJECTS.values():
        make(world, world.theirs)
    slowest = [{"pipeline": CANARY, "step": CANARY, "runs": 1, "seconds": 1.0}]
    counts = dict.fromkeys(("executions", "succeeded", "failed", "cancelled"), 1)
    now = timezone.now()
    Report.objects.create(project=world.theirs, day=now.date(), slowest=slowest, made_at=now, **counts)
    _deployed(world.theirs)
    named = making.values(route, world, world.theirs)
    for model, theirs in rows().items():
        if model != "executions.Worker":  # of the installation, and everybody sees them
            _mark(apps.get_model(model), set(theirs) - set(ours[model]))
    _mark(type(world.rivals), {world.rivals.id})
    _mark(Project, {world.theirs.id})
    _mark(CicdTool, {making.local_tool(world, world.theirs)})
    _mark(User, {world.users["rival"].id})
    _mark(Entry, set(Entry.objects.filter(tenant_id=world.rivals.id).values_list("id", flat=True)))
    return named


def _deployed(project: Project) -> None:
    """One that went well, as no route can make one go."""
    step = StepExecution.objects.filter(execution__project=project).latest("id")
    StepExecution.objects.filter(id=step.id).update(status="success")
    PipelineExecution.objects.filter(id=step.execution_id).update(status="success")
    Deployment.objects.create(
        execution=step.execution, step=step.key, pipeline=step.execution.pipeline, environment="production"
    )


def _mark(model: type[models.Model], keys: set[Any]) -> None:
    fields = [one for one in model._meta.concrete_fields if one.name in WRITTEN and not one.is_relation]
    for key in keys:
        marks = {field.name: f"{CANARY}-{key}"[: field.max_length] for field in fields}
        model._default_manager.filter(pk=key).update(**marks)


def test_only_what_is_a_route_may_change_nothing() -> None:
    assert set(CHANGING_NOTHING) <= {making.key(route) for route in WRITING}


def test_every_model_is_looked_at() -> None:
    assert {model._meta.app_label for model in apps.get_models() if model.__module__.startswith("ansflow.")} <= OURS
    assert all(isinstance(model._meta.pk, models.Field) for model in apps.get_models())
