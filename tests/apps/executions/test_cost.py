"""Cost follows the change, not the graph, in the database too: counted in statements and rows, so without a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connections

from ansflow.apps.executions.transactions import Database
from ansflow.core.commands import Claim, Finish, Offer, Start
from ansflow.core.decide import decide
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus, is_final
from tests.databases import Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
SMALL, LARGE = 20, 400


@pytest.fixture
def store(django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock():
        yield Store(migrated("sqlite"))


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: Any, django_db_blocker: Any) -> Iterator[tuple[str, Any]]:
    with django_db_blocker.unblock():
        yield request.param, Store(migrated(request.param))
        connections[request.param].close()


@pytest.fixture
def cost(store: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Counts statements (one for each row of an `executemany`) and the rows that come back."""
    counted = Counter[str]()
    read = Database.read

    def reading(self: Database, *asked: Any) -> Any:
        rows = read(self, *asked)
        counted["rows"] += len(rows)
        return rows

    def stating(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        counted["statements"] += len(values) if many else 1
        return execute(sql, values, many, context)

    monkeypatch.setattr(Database, "read", reading)
    with connections["sqlite"].execute_wrapper(stating):
        yield counted


def at_once(count: int) -> dict[str, str]:
    return {f"s{i}": "" for i in range(count)}


def layers(count: int) -> dict[str, str]:
    """Of four; each step needs two of the layer before."""
    return {f"s{i}": f"s{i - 4} s{i - 1 if i % 4 == 0 else i - 5}" if i >= 5 else "" for i in range(count)}


def begun(store: Any, steps: dict[str, str]) -> tuple[int, list[str]]:
    execution = store.create(plan(steps, max_parallel=4), now=NOW)
    return execution, say(store, execution, Start())


def say(store: Any, execution: int, command: Any) -> list[str]:
    """The steps that are offered."""
    decision = decide(store.wiring(execution), store.load(execution), command, NOW)
    assert store.apply(execution, decision, now=NOW)
    return [effect.step for effect in decision.effects if isinstance(effect, Offer)]


@pytest.mark.parametrize("shape", [at_once, layers])
def test_a_step_of_a_large_execution_costs_no_more_than_one_of_a_small_one(
    store: Any, cost: Counter[str], shape: Callable[[int], dict[str, str]]
) -> None:
    each = []
    for count in (SMALL, LARGE):
        execution, offered = begun(store, shape(count))
        cost.clear()
        while offered:
            step = offered.pop(0)
            say(store, execution, Claim(step=step, worker="w"))
            offered += say(store, execution, Finish(step=step, fence=1, outcome=GOOD))
        each.append({what: number / count for what, number in cost.items()})
        assert is_final(store.load(execution).execution.status)
    small, large = each
    assert large["statements"] <= 1.05 * small["statements"]
    assert large["rows"] <= 1.05 * small["rows"]


def test_what_is_at_hand_is_not_asked_for(store: Any, cost: Counter[str]) -> None:
    execution, _ = begun(store, at_once(SMALL))
    cost.clear()
    assert store.load(execution, at_least=1).execution.version == 1
    assert not cost


def test_a_reader_whom_a_writer_overtakes_does_not_take_the_picture_for_lost(
    store: Any, cost: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, (first, *_) = begun(store, at_once(SMALL))
    read = Database.read

    def overtaken(self: Database, *asked: Any) -> Any:
        """Another thread's write, between the database's answer and the look at it."""
        found = read(self, *asked)
        monkeypatch.setattr(Database, "read", read)
        say(store, execution, Claim(step=first, worker="w"))
        return found

    monkeypatch.setattr(Database, "read", overtaken)
    cost.clear()
    assert store.load(execution).step(first).status is StepStatus.RUNNING
    assert cost["rows"] < SMALL  # no step is read again


def test_a_decision_is_one_journey_to_postgresql_and_two_to_mariadb(server: tuple[str, Any]) -> None:
    kind, store = server
    execution, (first, *_) = begun(store, at_once(SMALL))
    say(store, execution, Claim(step=first, worker="w"))
    ends = partial(Finish, fence=1, outcome=GOOD, worker="w")
    decision = decide(store.wiring(execution), store.load(execution), ends(step=first), NOW)
    assert store.apply(execution, decision, now=NOW)  # what a connection does for the first time is planned then
    decision = decide(store.wiring(execution), store.load(execution), ends(step=decision.claimed), NOW)
    assert decision.claimed
    said: list[str] = []

    def hear(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        said.append(sql)
        return execute(sql, values, many, context)

    with connections[kind].execute_wrapper(hear):
        assert store.apply(execution, decision, now=NOW)
    assert len(said) == {"postgresql": 1, "mariadb": 2}[kind]
    assert said[0].startswith("BEGIN;")
    assert said[-1].endswith("; COMMIT")
