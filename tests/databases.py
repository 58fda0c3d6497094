"""Real databases for tests: `alias_of(url)` makes one known to Django, `migrated(kind)` is one with every table.

    alias = migrated("sqlite")          # of this process alone; the tables are empty after `clean(alias)`

A kind that this machine cannot start raises Unavailable with the reason: the test is skipped with it.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.executions import models
from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.executions.writing import NewExecution
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.models import Project

KINDS = ("sqlite",)


class Unavailable(Exception):
    """Why this machine has no such database."""


class Store(DjangoStore):
    """Executions of a pipeline of its own, numbered by themselves."""

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        clean(alias)
        tenant, _ = Tenant.objects.using(alias).get_or_create(name="tests")
        project, _ = Project.objects.using(alias).get_or_create(tenant=tenant, name="tests")
        self.pipeline, _ = Pipeline.objects.using(alias).get_or_create(project=project, name="tests")
        self._alias = alias

    def create(self, *args: Any, **known: Any) -> int:
        number = models.PipelineExecution.objects.using(self._alias).count() + 1
        new = NewExecution(project_id=self.pipeline.project_id, pipeline_id=self.pipeline.id, number=number)
        return super().create(*args, known=new, **known)


@cache
def migrated(kind: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="ansflow-database-"))
    written = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": folder / "test.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
    connections.settings[kind] = connections.configure_settings({"default": {}, kind: written})[kind]
    call_command("migrate", database=kind, verbosity=0)
    return kind


def clean(alias: str) -> None:
    """Removes every execution and worker."""
    models.PipelineExecution.objects.using(alias).all().delete()
    models.Worker.objects.using(alias).all().delete()
