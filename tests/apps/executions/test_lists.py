"""A page of a list costs what is on it, however long the history is: shown by plans and by rows read, not by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from ansflow.apps.actor import Actor, system
from ansflow.apps.executions import queries
from ansflow.apps.executions.models import PipelineExecution
from ansflow.apps.projects import access
from ansflow.apps.projects.models import Project
from tests.databases import Store, migrated

AT = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY, PAGE = 3_000, 20
LISTS: list[dict[str, Any]] = [
    {},
    {"ordering": "id"},
    {"ordering": "created_at"},
    {"ordering": "-created_at"},
    *({"ordering": ordering} for ordering in ("started_at", "-started_at", "ended_at", "-ended_at")),
    {"status": ["failed"]},
    {"branch": "nobody's"},
]
FINDS_NOTHING = ("status", "branch")


@pytest.fixture
def long(request: pytest.FixtureRequest, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with a long history of one project, beside a short one of another; every question goes there."""
    with django_db_blocker.unblock():
        alias = migrated(request.param)
        of = Store(alias).pipeline
        other = Project.objects.using(alias).create(tenant=of.project.tenant, name="other")
        PipelineExecution.objects.using(alias).bulk_create(
            PipelineExecution(
                project_id=of.project_id if number % 10 else other.id,
                pipeline=of,
                number=number,
                status="success",
                branch="main" if number % 3 else f"feature/{number}",
                created_at=AT + timedelta(seconds=number),
                started_at=AT + timedelta(seconds=number + 1),
                ended_at=AT + timedelta(seconds=number + number % 60),
            )
            for number in range(HISTORY)
        )
        if alias != "sqlite":
            with connections[alias].cursor() as cursor:
                cursor.execute("ANALYZE TABLE cicd_integrations_pipelineexecution")
                cursor.fetchall()
        monkeypatch.setattr(access, "visible", lambda actor: Project.objects.using(alias).filter(name=actor.name))
        yield alias
        Store(alias)
        other.delete()


def page(alias: str, actor: Actor, wanted: dict[str, Any]) -> Any:
    return queries.executions(actor, **wanted).using(alias).values_list("id", flat=True)[:PAGE]


@pytest.mark.parametrize("wanted", LISTS, ids=str)
@pytest.mark.parametrize("long", ["sqlite"], indirect=True)
def test_sqlite_walks_an_index_in_order(long: str, wanted: dict[str, Any]) -> None:
    found = page(long, system(1, "tests"), wanted)
    assert len(found) == (0 if set(wanted) & set(FINDS_NOTHING) else PAGE)
    plan = found.explain()
    assert "INDEX executions_project" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("name", ["tests", "other"])
@pytest.mark.parametrize("wanted", LISTS, ids=str)
@pytest.mark.parametrize("long", ["mariadb"], indirect=True)
def test_mariadb_reads_hardly_more_than_the_page(long: str, wanted: dict[str, Any], name: str) -> None:
    found = page(long, system(1, name), wanted)
    with connections[long].cursor() as cursor:
        before = rows_read(cursor)
        list(found)
        assert rows_read(cursor) - before < HISTORY / 5


def rows_read(cursor: Any) -> int:
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(count) for _, count in cursor.fetchall())
