"""The slots of a worker over a real store: what it takes, what it leaves to others, and when it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from queue import Queue
from threading import Event, Lock
from time import monotonic

import pytest

from ansflow.core.commands import Claim, Finish, Start
from ansflow.core.decide import decide
from ansflow.core.errors import Conflict
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus
from ansflow.engine.memory import MemoryClock, MemoryStore
from ansflow.engine.ports import Choice
from ansflow.infra.dispatch.slots import SLICE, Slots
from tests.plans import plan

GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
PATIENCE = 20.0  # seconds for a thread to come to a point that it must come to


class Place:
    """Slots whose calls claim their step, wait until they are told to end, and end it."""

    def __init__(self, count: int, **more) -> None:
        self.store, self.clock = MemoryStore(), MemoryClock()
        self.rung: list[tuple[str, int, str]] = []
        self.began: Queue[tuple[int, str]] = Queue()
        self.ended: Queue[tuple[int, str]] = Queue()
        self.seconds = 0.0
        self.asked = 0
        self._gates: dict[tuple[int, str], Event] = {}
        self._lock = Lock()
        choose = self.store.choose

        def counted(*args, **known) -> Choice:
            self.asked += 1
            return choose(*args, **known)

        self.store.choose = counted  # type: ignore[method-assign]
        self.slots = Slots(
            count,
            store=self.store,
            ring=lambda *bell: self.rung.append(bell),
            clock=self.clock,
            passed=lambda: self.seconds,
            **{"breath": 0.0, **more},
        )
        self.slots.serve(self.carry)

    def offer(self, *keys: str, tell: bool = True, project: int = 0, **step) -> int:
        """A new execution with these steps on offer; the slots are told of each, one after the other."""
        made = plan({key: dict(step) for key in keys}, max_parallel=len(keys))
        execution = self.store.create(made, now=self.clock.now())
        self.store.projects[execution] = project
        self.clock.turn(timedelta(seconds=1))
        self.say(execution, Start())
        for key in keys if tell else ():
            self.slots.run_step(execution, key)
        return execution

    def say(self, execution: int, command) -> bool:
        with self._lock:
            state = self.store.load(execution)
            decision = decide(self.store.wiring(execution), state, command, self.clock.now())
            return not decision.refused and self.store.apply(execution, decision, now=self.clock.now())

    def carry(self, execution: int, step: str) -> None:
        try:
            if not self.say(execution, Claim(step=step, worker="w")):
                return
        except Conflict:
            return
        self.began.put((execution, step))
        assert self.gate(execution, step).wait(PATIENCE)
        fence = self.store.load(execution).step(step).fence
        assert self.say(execution, Finish(step=step, fence=fence, outcome=GOOD))
        self.ended.put((execution, step))

    def gate(self, execution: int, step: str) -> Event:
        with self._lock:
            return self._gates.setdefault((execution, step), Event())

    def let(self, execution: int, *steps: str) -> None:
        """Lets these steps end, whether they have begun or not."""
        for step in steps:
            self.gate(execution, step).set()

    def begins(self) -> tuple[int, str]:
        return self.began.get(timeout=PATIENCE)

    def ends(self) -> tuple[int, str]:
        return self.ended.get(timeout=PATIENCE)

    def close(self) -> None:
        for gate in self._gates.values():
            gate.set()
        self.slots.close(seconds=PATIENCE)


@pytest.fixture
def make() -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def place(count: int, **more) -> Place:
        made.append(Place(count, **more))
        return made[-1]

    yield place
    for one in made:
        one.close()


def test_an_idle_slot_carries_what_is_offered_without_asking(make):
    place = make(2)
    execution = place.offer("a")
    assert place.begins() == (execution, "a")
    assert (place.asked, place.rung) == (0, [])


def test_a_doorbell_at_an_idle_worker_is_carried(make):
    place = make(1)
    execution = place.offer("a", tell=False)
    assert place.slots.look("default")
    assert place.begins() == (execution, "a")


def test_a_slot_that_becomes_free_while_another_asks_takes_what_is_left(make):
    place = make(2)
    first = place.offer("a", "b", "c")
    began = {place.begins()[1], place.begins()[1]}
    assert began == {"a", "b"}
    other = place.offer("y", "z", tell=False)
    asking, may_answer, choose = Event(), Event(), place.store.choose

    def slow(*args, **known) -> Choice:
        found = choose(*args, **known)
        asking.set()
        assert may_answer.wait(PATIENCE)
        return found

    place.store.choose = slow  # type: ignore[method-assign]
    place.let(first, "a")
    assert asking.wait(PATIENCE)
    place.let(first, "b")
    assert {place.ends()[1], place.ends()[1]} == {"a", "b"}
    until_idle(place)
    may_answer.set()
    place.begins()
    place.began.get(timeout=PATIENCE / 2)  # what has begun goes on for longer: nobody else would wake the second slot
    place.let(first, "c")
    place.let(other, "y", "z")


def until_idle(place: Place) -> None:
    """The end of a call is noted a moment after the call itself."""
    until = monotonic() + PATIENCE
    while place.slots.load().running:
        assert monotonic() < until
        Event().wait(0.001)


def test_what_a_full_worker_was_told_of_is_taken_when_a_slot_is_free(make):
    place = make(1)
    first = place.offer("a", "b", "c")
    assert place.begins() == (first, "a")
    other = place.offer("z", tell=False)
    assert not place.slots.look("default"), "others should hear of it"
    place.let(first, "a", "b", "c")
    place.let(other, "z")
    begun = [place.begins() for _ in range(3)]
    assert sorted(begun) == [(first, "b"), (first, "c"), (other, "z")]
    assert begun.index((other, "z")) < 2, "executions take turns"


def test_as_many_run_at_once_as_there_are_slots_and_each_step_once(make):
    place = make(3)
    steps = [f"s{n:03}" for n in range(60)]
    execution = place.offer(*steps)
    first = [place.begins() for _ in range(3)]
    assert place.slots.load().running == 3 and place.began.empty()
    place.let(execution, *steps)
    rest = [place.begins() for _ in range(57)]
    assert sorted([*first, *rest]) == [(execution, step) for step in steps]


def test_others_are_told_of_what_is_left(make):
    place = make(1)
    execution = place.offer("a", "b")
    assert place.begins() == (execution, "a")
    assert place.rung == [("default", execution, "b")]


def test_a_worker_that_was_told_of_more_than_it_can_take_passes_that_on_once(make):
    place = make(2)
    execution = place.offer("a", "b", "c", "d", tell=False)
    place.slots.look()
    assert sorted([place.begins(), place.begins()]) == [(execution, "a"), (execution, "b")]
    place.let(execution, "a")
    assert place.begins() == (execution, "c")
    assert place.rung == [("default", execution, "c")], "what it finds by itself later is news to nobody"


def test_where_others_claim_what_was_about_to_be_chosen_it_is_asked_again_and_they_hear_of_what_is_left(make):
    place = make(1)
    execution = place.offer("a", "b", tell=False)
    whole = place.store.choose

    def taken(*args, **known) -> Choice:
        place.store.choose = whole  # type: ignore[method-assign]
        return Choice(whole=False)

    place.store.choose = taken  # type: ignore[method-assign]
    assert place.slots.look("default")
    assert place.begins() == (execution, "a")
    assert place.rung == [("default", execution, "b")], "a doorbell was heard here: it passes on"


def test_what_was_there_when_it_asked_last_is_known(make):
    place = make(1)
    assert place.slots.asked_at() is None
    execution = place.offer("a", tell=False)
    now = place.clock.now()
    place.slots.look()
    assert place.begins() == (execution, "a")
    place.clock.turn(timedelta(seconds=9))
    assert place.slots.asked_at() == now


def test_a_step_of_another_queue_is_rung_and_not_run(make):
    place = make(2, queues=("default", "arm"))
    execution = place.offer("a", queue="gpu")
    assert place.rung == [("gpu", execution, "a")]
    assert not place.slots.look("gpu")
    assert place.slots.look("arm")
    mine = place.offer("b", queue="arm")
    assert place.begins() == (mine, "b")
    assert len(place.rung) == 1


def test_a_slot_goes_on_with_an_execution_for_a_slice_while_others_wait(make):
    place = make(1)
    said: Queue[list[bool]] = Queue()

    def carry(execution: int, step: str) -> None:
        place.began.put((execution, step))
        assert place.gate(execution, step).wait(PATIENCE)
        before = place.slots.others_wait(execution)
        place.seconds += SLICE
        said.put([before, place.slots.others_wait(execution)])
        place.say(execution, Claim(step=step, worker="w"))

    place.slots.serve(carry)
    alone = place.offer("a")
    place.begins()
    place.let(alone, "a")
    assert said.get(timeout=PATIENCE) == [False, False], "nobody waits"
    first = place.offer("a")
    place.begins()
    second = place.offer("b")
    place.let(first, "a")
    assert said.get(timeout=PATIENCE) == [False, True]
    place.let(second, "b")
    assert place.begins() == (second, "b")


def test_a_drained_worker_takes_nothing_and_others_hear_of_it(make):
    place = make(2)
    running = place.offer("a")
    place.begins()
    place.slots.drain()
    assert not place.slots.is_drained, "something runs"
    assert place.slots.others_wait(running), "its slot is not to go on"
    assert not place.slots.has_room()
    late = place.offer("b")
    assert not place.slots.look()
    assert place.rung == [("default", late, "b")]
    place.let(running, "a")
    place.ends()
    place.slots.close(seconds=PATIENCE)
    assert place.slots.is_drained and place.began.empty()


def test_a_worker_that_is_resumed_looks_for_what_it_has_left(make):
    place = make(1)
    place.slots.drain()
    assert place.slots.is_drained
    execution = place.offer("a")
    place.slots.resume()
    assert not place.slots.is_drained
    assert place.begins() == (execution, "a")


def test_a_project_at_its_limit_leaves_its_slots_to_others_and_goes_on_when_a_step_has_ended(make):
    place = make(3)
    place.store.limits[7] = 1
    limited = place.offer("a", "b", "c", project=7)
    assert place.begins()[0] == limited
    free = place.offer("x")
    assert place.begins() == (free, "x")
    assert len(place.store.running()) == 2
    place.let(limited, "a", "b", "c")
    assert [place.begins()[0] for _ in range(2)] == [limited, limited]


def test_a_call_that_fails_costs_no_slot(make, caplog):
    place = make(1)
    real = place.slots._call

    def carry(execution: int, step: str) -> None:
        if step == "bad":
            place.say(execution, Claim(step=step, worker="w"))
            raise ConnectionError("the store is away")
        real(execution, step)

    place.slots.serve(carry)
    place.offer("bad")
    execution = place.offer("a")
    assert place.begins() == (execution, "a")
    assert "worker stumbled" in caplog.text
    assert place.slots.load().running == 1


def test_a_slot_that_rests_after_a_failure_is_not_woken_in_the_place_of_an_idle_one(make, caplog):
    place = make(2, breath=PATIENCE)
    failed, real = Event(), place.slots._call

    def carry(execution: int, step: str) -> None:
        if step == "bad":
            place.say(execution, Claim(step=step, worker="w"))
            failed.set()
            raise ConnectionError("the store is away")
        real(execution, step)

    place.slots.serve(carry)
    good = place.offer("good")
    assert place.begins() == (good, "good")
    place.offer("bad")
    assert failed.wait(PATIENCE)
    while "worker stumbled" not in caplog.text:
        Event().wait(0.001)
    place.let(good, "good")
    assert place.ends() == (good, "good")
    while place.slots.load().running > 1:
        Event().wait(0.001)
    Event().wait(0.05)  # until the idle thread rests behind the other: nothing says so
    execution = place.offer("a")
    assert place.began.get(timeout=PATIENCE / 2) == (execution, "a")


def test_however_often_it_is_told_that_steps_wait_one_question_is_asked_at_a_time_and_one_more_after_it(make):
    """So a flood of forged hints costs what one thread of this worker can ask."""
    place = make(3)
    asking, may_answer, choose = Event(), Event(), place.store.choose

    def slow(*args, **known) -> Choice:
        found = choose(*args, **known)
        asking.set()
        assert may_answer.wait(PATIENCE)
        return found

    place.store.choose = slow  # type: ignore[method-assign]
    place.slots.look("default")
    assert asking.wait(PATIENCE)
    for _ in range(1000):
        place.slots.look("default")
    may_answer.set()
    until_idle(place)
    while not place.slots.has_room():
        Event().wait(0.001)
    assert place.asked == 2


def test_where_the_store_cannot_be_asked_the_next_word_is_waited_for(make, caplog):
    place = make(1)
    asked = Event()
    real = place.store.choose

    def away(*args, **known) -> Choice:
        place.store.choose = real  # type: ignore[method-assign]
        asked.set()
        raise ConnectionError("the store is away")

    place.store.choose = away  # type: ignore[method-assign]
    execution = place.offer("a", tell=False)
    place.slots.look()
    assert asked.wait(PATIENCE)
    place.slots.look()
    assert place.begins() == (execution, "a")


def test_a_command_that_runs_already_takes_up_a_slot_and_waits_for_none(make):
    place = make(1)
    go, followed = Event(), Queue()

    def follow() -> None:
        followed.put(1)
        assert go.wait(PATIENCE)

    for _ in range(2):
        place.slots.run_now(follow)
        followed.get(timeout=PATIENCE)
    execution = place.offer("a")
    assert not place.slots.has_room() and place.slots.load().running == 2
    go.set()
    assert place.begins() == (execution, "a")


def test_there_is_room_when_a_slot_is_idle_and_nothing_is_known_that_it_could_take(make):
    place = make(1)
    assert place.slots.has_room()
    execution = place.offer("a", "b")
    place.begins()
    assert not place.slots.has_room()
    place.let(execution, "a", "b")
    place.begins()
    place.slots.close(seconds=PATIENCE)
    assert place.slots.load() == (0, 1, 0)


def test_closing_leaves_behind_what_runs_and_on_offer_what_waits(make):
    place = make(1)
    execution = place.offer("a", "b")
    place.begins()
    place.slots.close(seconds=0)
    place.let(execution, "a", "b")
    assert place.ends() == (execution, "a")
    place.slots.close(seconds=PATIENCE)
    assert place.store.offers(before=place.clock.now()) == [(execution, "b")]
