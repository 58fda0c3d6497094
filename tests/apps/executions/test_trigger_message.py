"""Executions that began before their lists said what they are for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connections

from ansflow.apps.executions.models import PipelineExecution
from tests.databases import Store, migrated
from tests.plans import plan

MIGRATION = import_module("ansflow.apps.executions.migrations.0004_trigger_message")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_the_migration_takes_it_from_their_plans(
    kind: str, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MIGRATION, "PAGE", 2)
    said = ["Mends the price", "", "修复 ☃" * 200, "Sells more", ""]
    with django_db_blocker.unblock():
        store, one = Store(migrated(kind)), plan({"a": ""})
        for text in said:
            store.create(replace(one, trigger=replace(one.trigger, message=text)), now=NOW)
        MIGRATION.fill(apps, SimpleNamespace(connection=connections[kind]))
        found = PipelineExecution.objects.using(kind).order_by("id").values_list("trigger_message", flat=True)
        assert list(found) == [text[:400] for text in said]
