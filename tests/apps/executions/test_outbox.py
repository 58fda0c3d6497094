"""The outbox: a row for each effect, until it has been carried out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError

from ansflow.apps.executions.models import Sending
from ansflow.engine.ports import begin_key
from tests.databases import Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_process_that_ends_leaves_nothing_to_repeat(django_db_blocker: Any) -> None:
    """Else each restart would count as a repair, where there was no fault."""
    with django_db_blocker.unblock():
        store = Store(migrated("sqlite"))
        execution = store.create(plan({"a": ""}), now=NOW)
        store.sent(begin_key(execution))
        assert Sending.objects.using("sqlite").count() == 1, "it goes with the next write"
        store.forget_sent()
        assert not Sending.objects.using("sqlite").exists()
        store.forget_sent()


def test_what_could_not_be_written_is_written_the_next_time(django_db_blocker: Any, monkeypatch: Any) -> None:
    with django_db_blocker.unblock():
        store = Store(migrated("sqlite"))
        execution = store.create(plan({"a": ""}), now=NOW)
        store.sent(begin_key(execution))
        with monkeypatch.context() as away, pytest.raises(OperationalError):
            away.setattr(store._db, "write", refuse)
            store.unsent(before=NOW)
        store.unsent(before=NOW)
        assert not Sending.objects.using("sqlite").exists()


def refuse(*_: object, **__: object) -> None:
    raise OperationalError("the database is away")
