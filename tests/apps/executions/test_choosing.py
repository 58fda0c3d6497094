"""What a worker chooses while others claim: nothing that stays on offer is passed over without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from typing import Any

import pytest
from django.db import connections

from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.executions.transactions import Database
from ansflow.core.commands import Claim, Finish, Start
from ansflow.core.decide import decide
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus
from ansflow.engine.ports import Choice
from ansflow.infra.dispatch.slots import Slots
from tests.databases import Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
PATIENCE = 60.0  # seconds for what must come


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def store(request: Any, django_db_blocker: Any) -> Iterator[Store]:
    with django_db_blocker.unblock():
        yield Store(migrated(request.param))


def say(store: DjangoStore, execution: int, command: Any) -> bool:
    """Whether it could be done: another may have been there before."""
    decision = decide(store.wiring(execution), store.load(execution), command, NOW)
    return not decision.refused and store.apply(execution, decision, now=NOW)


def offered(store: Store, number: int) -> list[int]:
    """Executions of one step each, which wait."""
    made = [store.create(plan({"a": ""}), now=NOW) for _ in range(number)]
    for execution in made:
        assert say(store, execution, Start())
    return made


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen before each question that is asked of the database, but for its own."""

    def happen(deed: Callable[[], None]) -> None:
        read, is_asking = Database.read, [True]

        def reading(self: Database, sql: str, values: Sequence[Any] = ()) -> Any:
            if is_asking[0]:
                is_asking[0] = False
                deed()
                is_asking[0] = True
            return read(self, sql, values)

        monkeypatch.setattr(Database, "read", reading)

    return happen


@pytest.mark.parametrize("seed", range(12))
def test_of_all_that_stays_on_offer_something_is_chosen_or_it_is_said_that_more_may_be_left(
    store: Store, between: Callable[[Callable[[], None]], None], seed: int
) -> None:
    chance = Random(seed)
    waiting = offered(store, chance.randint(1, 6))

    def others_claim() -> None:
        for _ in range(chance.randint(0, 2)):
            if waiting:
                assert say(store, waiting.pop(0), Claim(step="a", worker="other"))

    between(others_claim)
    choice = store.choose(("default",), most=chance.randint(1, 3), now=LATER)
    unseen = set(waiting) - {offer.execution for offer in choice.steps}
    assert not unseen or choice.left is not None or not choice.whole


def test_who_is_alone_sees_all_there_is(store: Store) -> None:
    first, second = offered(store, 2)
    choice = store.choose(("default",), most=2, now=LATER)
    assert ([offer.execution for offer in choice.steps], choice.left, choice.whole) == ([first, second], None, True)


class Worker:
    """A process of its own, as far as one can be in a thread: it knows nothing of what another has at hand."""

    def __init__(self, name: str, alias: str, *, on_end: Callable[[int], None]) -> None:
        self._name = name
        self._alias = alias
        self._on_end = on_end
        self._store = DjangoStore(alias)
        self._choose = self._store.choose
        self._store.choose = self._asked  # type: ignore[method-assign]
        self._opened: set[Any] = set()
        self.slots = Slots(2, queues=("default",), store=self._store)
        self.slots.serve(self._carry)

    def is_at_rest(self) -> bool:
        """Then only a word from outside would wake it."""
        running, _, given = self.slots.load()
        return self.slots.has_room() and not running and not given

    def close(self) -> None:
        self.slots.close(seconds=PATIENCE)
        for connection in self._opened:
            connection.close()

    def _carry(self, execution: int, step: str) -> None:
        self._note_connection()
        if say(self._store, execution, Claim(step=step, worker=self._name)):
            assert say(self._store, execution, Finish(step=step, fence=1, outcome=GOOD))
            self._on_end(execution)

    def _asked(self, *args: Any, **known: Any) -> Choice:
        self._note_connection()
        return self._choose(*args, **known)

    def _note_connection(self) -> None:
        connection = connections[self._alias]
        if connection not in self._opened:
            connection.inc_thread_sharing()
            self._opened.add(connection)


def test_workers_that_were_told_once_go_on_until_nothing_is_on_offer(store: Store) -> None:
    """Three with two slots each, over one database: without another doorbell, and without a heartbeat."""
    left, is_done = set(offered(store, 90)), Event()

    def ended(execution: int) -> None:
        left.discard(execution)
        if not left:
            is_done.set()

    workers = [Worker(name, store._db.alias, on_end=ended) for name in ("one", "two", "three")]
    try:
        for worker in workers:
            worker.slots.look("default")
        while not is_done.wait(0.01):
            if any(worker.is_at_rest() for worker in workers):
                assert not store.offers(before=LATER), "it lies down only where nothing does"
    finally:
        for worker in workers:
            worker.close()
