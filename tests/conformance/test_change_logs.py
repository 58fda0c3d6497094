"""What every log of workspace changes promises, asked of each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connections

from ansflow.apps.executions.changes import DjangoChanges
from ansflow.core.commands import Claim, Lost, Retry, Start
from ansflow.core.decide import decide
from ansflow.core.errors import Conflict, NotFound
from ansflow.engine.memory import MemoryStore
from ansflow.engine.ports import FENCED, ExecutionStore
from ansflow.infra.storage.change_log import Change, ChangeLog, MemoryChanges
from tests.databases import Store, migrated
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEP = "unit (python=3.12)"


@dataclass
class Case:
    """Two executions, in each of which the step has been claimed once."""

    log: ChangeLog
    store: ExecutionStore
    raised: Callable[[int, int], object]
    done_with: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.one, self.other = self._begun(), self._begun()

    def add(self, body: bytes, *, execution: int = 0, worker: str = "w1", fence: int = 1) -> int:
        return self.log.add(execution or self.one, worker=worker, step=STEP, fence=fence, body=body)

    def say(self, execution: int, command: object) -> None:
        decision = decide(self.store.wiring(execution), self.store.load(execution), command, NOW)  # type: ignore[arg-type]
        assert not decision.refused, decision.refused
        assert self.store.apply(execution, decision, now=NOW)

    def _begun(self) -> int:
        execution = self.store.create(plan({STEP: ""}), now=NOW)
        self.say(execution, Start())
        self.say(execution, Claim(step=STEP, worker="boot"))
        return execution


def in_memory() -> Case:
    log = MemoryChanges()
    return Case(log, MemoryStore(), lambda execution, fence: log.fences.__setitem__((execution, STEP), fence))


def in_database(kind: str) -> Case:
    def lost_and_claimed(execution: int, fence: int) -> None:
        case.say(execution, Lost(step=STEP, fence=fence - 1, message="lost", jitter=0.0))
        row = case.store.load(execution).step(STEP)
        if row.due_at is not None:
            decision = decide(case.store.wiring(execution), case.store.load(execution), Retry(step=STEP), row.due_at)
            assert case.store.apply(execution, decision, now=row.due_at)
        case.say(execution, Claim(step=STEP, worker="another"))

    alias = migrated(kind)
    store = Store(alias)

    def done_with() -> None:
        connections[alias].close()  # that of the calling thread

    case = Case(DjangoChanges(alias), store, lost_and_claimed, done_with)
    return case


STORES: dict[str, Callable[[], Case]] = {
    "memory": in_memory,
    "sqlite": lambda: in_database("sqlite"),
    "postgresql": lambda: in_database("postgresql"),
    "mariadb": lambda: in_database("mariadb"),
}


@pytest.fixture(params=STORES)
def case(request, django_db_blocker) -> Iterator[Case]:
    with django_db_blocker.unblock():
        yield STORES[request.param]()


def test_changes_are_numbered_in_the_order_in_which_they_came(case: Case) -> None:
    assert case.log.last(case.one) == -1
    body = bytes(range(256)) * 1000
    assert [case.add(b"first"), case.add(body, worker="w2")] == [1, 2]
    assert case.add(b"of the other", execution=case.other) == 1
    assert list(case.log.after(case.one, -1)) == [Change(1, "w1", b"first"), Change(2, "w2", body)]
    assert list(case.log.after(case.one, 1)) == [Change(2, "w2", body)]
    assert list(case.log.after(case.one, 2)) == []
    assert case.log.last(case.one) == 2


def test_the_first_one_says_what_a_workspace_begins_with(case: Case) -> None:
    case.log.begin(case.one, [b"first", b"more"])
    case.log.begin(case.one, [b"second"])
    assert case.add(b"step") == 2
    case.log.begin(case.one, [b"too late"])
    case.add(b"step", execution=case.other)
    case.log.begin(case.other, [b"too late"])
    assert [change.body for change in case.log.after(case.one, -1)] == [b"first", b"more", b"step"]
    assert [change.number for change in case.log.after(case.one, -1)] == [0, 1, 2]
    assert [change.body for change in case.log.after(case.other, -1)] == [b"step"]


def test_who_no_longer_has_the_step_is_refused(case: Case) -> None:
    case.add(b"mine")
    case.raised(case.one, 2)
    with pytest.raises(Conflict) as refused:
        case.add(b"late", fence=1)
    assert refused.value.code == FENCED
    assert case.add(b"of the next", fence=2) == 2


def test_removed_changes_are_gone_and_no_others(case: Case) -> None:
    case.add(b"one")
    case.add(b"other", execution=case.other)
    case.log.remove(case.one)
    case.log.remove(case.one)
    assert (case.log.last(case.one), case.log.last(case.other)) == (-1, 1)


def test_workers_that_add_at_once_get_numbers_without_gaps(case: Case) -> None:
    gate, numbers, failed = Barrier(4), [], []

    def add(worker: str) -> None:
        try:
            gate.wait()
            for _ in range(5):
                numbers.append(case.add(worker.encode(), worker=worker))
        except Exception as error:
            failed.append(error)
        finally:
            case.done_with()

    adding = [Thread(target=add, args=(f"w{number}",)) for number in range(4)]
    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()
    assert failed == []
    assert sorted(numbers) == list(range(1, 21))
    assert [change.number for change in case.log.after(case.one, 0)] == list(range(1, 21))


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_execution_that_is_gone_takes_no_change(kind: str, django_db_blocker) -> None:
    with django_db_blocker.unblock(), pytest.raises(NotFound, match="no execution"):
        DjangoChanges(migrated(kind)).begin(10**6, [b""])
