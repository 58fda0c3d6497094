"""What a process has at hand of an execution, and the database does not know any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansflow.apps.executions.models import StepExecution
from ansflow.apps.executions.store import DjangoStore
from ansflow.core.commands import Cancel, Claim, Finish, Lost, Start
from ansflow.core.decide import decide
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus
from tests.databases import Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIES = 3


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_whoever_decides_on_rows_that_were_lost_reads_them_anew(kind: str, django_db_blocker: Any) -> None:
    """A crash loses what was read before it was secured; another process goes on from there, to the same number."""
    with django_db_blocker.unblock():
        store = Store(migrated(kind))
        execution = store.create(plan({"a": ""}), now=NOW)
        say(store, execution, Start())
        StepExecution.objects.using(kind).filter(execution=execution).update(fence=5)
        assert [say(store, execution, Claim(step="a", worker="w")) for _ in range(TRIES)] == [False, True, False]
        assert store.load(execution).step("a").fence == 6


def test_it_is_news_what_another_process_has_written_and_not_what_this_one_has(django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        store = Store(migrated("sqlite"))
        execution = store.create(plan({"a": "", "b": ""}), now=NOW)
        known = store.news(execution)
        say(store, execution, Start())
        say(store, execution, Claim(step="a", worker="w"))
        store.load(execution)
        assert store.news(execution) is known
        say(DjangoStore("sqlite"), execution, Claim(step="b", worker="other"))
        store.load(execution)
        assert store.news(execution) is not known


@pytest.mark.parametrize("stopped", [False, True])
def test_it_is_news_that_an_attempt_was_taken_from_its_worker(stopped: bool, django_db_blocker: Any) -> None:
    """It may have kept its workspace and died before it wrote: only this process ever writes here."""
    with django_db_blocker.unblock():
        store = Store(migrated("sqlite"))
        execution = store.create(plan({"a": "", "b": ""}), now=NOW)
        say(store, execution, Start())
        say(store, execution, Claim(step="a", worker="w"))
        say(store, execution, Claim(step="b", worker="other"))
        if stopped:
            say(store, execution, Cancel(by="somebody"))
        known = store.news(execution)
        assert say(store, execution, Lost(step="b", fence=1))
        assert store.news(execution) is not known


def test_it_is_no_news_that_a_worker_tells_its_outcome(django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        store = Store(migrated("sqlite"))
        execution = store.create(plan({"a": "", "b": ""}), now=NOW)
        say(store, execution, Start())
        say(store, execution, Claim(step="a", worker="w"))
        known = store.news(execution)
        assert say(store, execution, Finish(step="a", fence=1, outcome=Outcome(status=StepStatus.SUCCESS)))
        assert store.news(execution) is known


def say(store: DjangoStore, execution: int, command: Any) -> bool:
    """As `Scheduler` does: on what is at hand, and on the newest after that."""
    decision = decide(store.wiring(execution), store.load(execution), command, NOW)
    return not decision.refused and store.apply(execution, decision, now=NOW)
