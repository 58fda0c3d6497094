"""The rules one by one, with a clock turned by hand. How they play together is the simulation's business."""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from ansflow.core.commands import Adopt, Claim, Finish, Start
from ansflow.core.outcome import Outcome
from ansflow.core.status import Reason, StepStatus
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemoryClock, MemorySecrets, MemoryStore
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.engine.ports import begin_key
from ansflow.engine.recovery import RULES, Duty, Recovery
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins import registry
from tests.plans import plan

GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)
PATIENCE = 20.0  # seconds for what must come


class Heard:
    """A dispatcher that delivers nothing."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def run_step(self, execution: int, step: str) -> None:
        self.steps.append(step)

    def others_wait(self, execution: int) -> bool:
        return False


class Fleet:
    """Workers over one store; nothing runs unless the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.clock, self.heard = MemoryStore(), MemoryClock(), Heard()
        self.resumed: list[object] = []

    def worker(self, name: str, boot: int = 1, **more) -> Engine:
        engine = Engine(
            store=self.store,
            logs=MemoryLogs(),
            artifacts=FileArtifacts(self.folder),
            caches=FileCaches(self.folder, project=lambda execution: "p"),
            workspaces=FileWorkspaces(self.folder),
            secrets=MemorySecrets(),
            bus=MemoryBus(),
            dispatcher=self.heard,
            clock=self.clock,
            registry=registry,
            place=Place(base=self.folder, data=self.folder, env={}, executor="fake"),
            worker=name,
            boot=f"{name}/{boot}",
            jitter=lambda: 1.0,
            in_background=self.resumed.append,
            **more,
        )
        engine.open()
        return engine

    def wait(self, seconds: float, *beating: Engine) -> None:
        """In steps of a heartbeat."""
        for _ in range(int(seconds // 3)):
            self.clock.turn(timedelta(seconds=3))
            for engine in beating:
                engine.beat()


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def test_steps_of_a_worker_that_is_not_heard_of_are_offered_again(fleet):
    quiet, other = fleet.worker("quiet"), fleet.worker("other")
    execution = other.start(plan({"a": ""}))
    assert quiet.runner.claim(execution, "a") is not None
    fleet.wait(15, other)
    assert fleet.store.load(execution).step("a").status is StepStatus.RUNNING
    fleet.wait(3, other)
    row = fleet.store.load(execution).step("a")
    assert (row.status, row.reason) == (StepStatus.PENDING, Reason.RETRY)
    assert "quiet has not been heard of for 15 seconds" in row.message
    assert other.recovery.repairs == {"lost worker": 1}


def test_after_an_outage_in_which_nobody_could_beat_nothing_expires_for_one_lease(fleet):
    quiet, other = fleet.worker("quiet"), fleet.worker("other")
    execution = other.start(plan({"a": ""}))
    quiet.runner.claim(execution, "a")
    fleet.wait(6, quiet, other)
    fleet.clock.turn(timedelta(minutes=5))  # the database was away
    other.beat()
    fleet.wait(12, other)
    assert fleet.store.load(execution).step("a").status is StepStatus.RUNNING
    fleet.wait(6, other)
    assert fleet.store.load(execution).step("a").status is StepStatus.PENDING


def test_an_outage_that_was_shorter_than_a_lease_costs_nobody_his_steps(fleet):
    worker, scheduler = fleet.worker("worker"), fleet.worker("scheduler", duties={Duty.MEND})
    execution = scheduler.start(plan({"a": ""}))
    worker.runner.claim(execution, "a")
    fleet.wait(18, worker, scheduler)
    fleet.clock.turn(timedelta(seconds=2))
    scheduler.beat()
    fleet.clock.turn(timedelta(seconds=14))  # the database was away
    scheduler.beat()
    fleet.clock.turn(timedelta(seconds=1))
    worker.beat()
    fleet.wait(30, worker, scheduler)
    assert fleet.store.load(execution).step("a").status is StepStatus.RUNNING
    assert scheduler.recovery.repairs == {}


def test_a_restarted_worker_takes_up_what_it_held_and_nobody_else_does(fleet):
    first, other = fleet.worker("w"), fleet.worker("other")
    execution = other.start(plan({"a": ""}))
    first.runner.claim(execution, "a")
    fleet.wait(9, other)
    second = fleet.worker("w", boot=2)
    assert len(fleet.resumed) == 1 and second.recovery.repairs == {"adopted": 1}
    fleet.wait(12, other)
    assert not any(other.recovery.repairs.values())


def test_what_an_idle_worker_was_not_told_of_it_finds_and_nobody_can_say_that_the_message_was_lost(fleet):
    engine = fleet.worker("w")
    engine.start(plan({"a": ""}))
    assert fleet.heard.steps == ["a"]
    fleet.wait(3, engine)
    assert fleet.heard.steps == ["a", "a"]
    assert engine.recovery.found == 1
    assert not any(engine.recovery.repairs.values()), "it may be late"


@pytest.mark.parametrize(("seconds", "repairs"), [(1, {}), (2, {"lost offer": 1})])
def test_what_lay_there_for_long_when_a_worker_asked_and_lies_there_still_was_lost_by_it(fleet, seconds, repairs):
    asked = []
    engine = fleet.worker("w", asked_at=lambda: asked[-1] if asked else None)
    engine.start(plan({"a": ""}))
    asked.append(fleet.clock.now() + timedelta(seconds=seconds))
    fleet.wait(3, engine)
    assert fleet.heard.steps == ["a", "a"]
    assert {rule: times for rule, times in engine.recovery.repairs.items() if times} == repairs


def test_a_message_that_comes_while_a_worker_looks_for_itself_was_late_and_not_lost(fleet):
    asked = []

    def has_room():
        asked.append(fleet.clock.now())  # the message has come, and it asks: a moment before it looks
        return True

    engine = fleet.worker("w", is_idle=has_room, asked_at=lambda: asked[-1] if asked else None)
    engine.start(plan({"a": ""}))
    asked.clear()
    fleet.wait(3, engine)
    assert not any(engine.recovery.repairs.values())


def test_a_worker_looks_after_its_own_and_mends_nothing_of_others(fleet):
    quiet, worker = fleet.worker("quiet"), fleet.worker("w", duties={Duty.CARRY})
    execution = quiet.start(plan({"a": "", "b": "", "c": ""}))
    quiet.runner.claim(execution, "a")
    worker.runner.claim(execution, "b")
    fleet.store.create(plan({"a": ""}), now=fleet.clock.now())
    fleet.wait(60, worker)
    assert fleet.store.load(execution).step("a").status is StepStatus.RUNNING
    assert set(worker.recovery.repairs) == {"forgotten attempt"} and worker.recovery.found


def test_a_scheduler_mends_and_has_no_part_in_carrying(fleet):
    scheduler = fleet.worker("s", duties={Duty.MEND})
    quiet = fleet.worker("quiet")
    execution = quiet.start(plan({"a": "", "b": ""}))
    quiet.runner.claim(execution, "a")
    fleet.heard.steps.clear()
    fleet.wait(18, scheduler)
    assert scheduler.recovery.repairs == {"lost worker": 1}
    assert fleet.heard.steps == [], "looking for offers is for those who have a slot"
    assert "s/1" not in fleet.store._seen
    due = fleet.store.next_due()
    assert due is not None
    fleet.clock.turn(due - fleet.clock.now())
    scheduler.tick()
    assert fleet.heard.steps == ["a"]


def test_an_engine_without_duties_does_what_people_ask_for_and_nothing_else(fleet):
    quiet, answering = fleet.worker("quiet"), fleet.worker("edge", duties=())
    execution = answering.start(plan({"a": ""}))
    quiet.runner.claim(execution, "a")
    fleet.wait(60, answering)
    assert not answering.recovery.repairs
    answering.cancel(execution)
    assert fleet.store.load(execution).step("a").stop is Reason.CANCELLED_BY_USER


def test_a_worker_that_was_forgotten_while_it_was_out_of_reach_is_one_again(fleet):
    engine, other = fleet.worker("w"), fleet.worker("other")
    del fleet.store._seen["w/1"]  # as the store forgets whoever has been silent for an hour and holds nothing
    engine.beat()
    execution = other.start(plan({"a": ""}))
    assert engine.runner.claim(execution, "a") is not None
    fleet.wait(60, engine, other)
    assert fleet.store.load(execution).step("a").status is StepStatus.RUNNING
    assert other.recovery.repairs == {}


def test_what_is_known_of_executions_goes_when_another_process_has_ended_them(fleet):
    engine, server = fleet.worker("w"), fleet.worker("server", duties=())
    execution = server.start(plan({"a": ""}))
    claimed = engine.runner.claim(execution, "a")
    for process in (engine, server):
        process.scheduler.situation(execution)
        process.forget_ended()
        assert process.scheduler._situations, "it has not ended"
    engine.scheduler.tell(execution, Finish(step="a", fence=claimed.fence, outcome=GOOD))
    server.forget_ended()
    known = server.scheduler
    assert not known._situations and not known._turns and not known._shared


def test_a_wish_of_an_operator_is_heard_at_each_heartbeat(fleet):
    engine = fleet.worker("w")
    heard: list[str] = []
    engine.on_wish = heard.append
    engine.beat()
    fleet.store.wishes["w/1"] = "drain"
    engine.beat()
    assert heard == ["", "drain"]


def test_a_step_that_its_projects_limit_held_back_was_not_lost(fleet):
    engine = fleet.worker("w", asked_at=fleet.clock.now)
    fleet.store.limits[0] = 1
    execution = engine.start(plan({"a": "", "b": ""}))
    assert engine.runner.claim(execution, "a") is not None
    assert engine.runner.claim(execution, "b") is None, "the store refuses it, and it stays on offer"
    row = fleet.store.load(execution).step("a")
    engine.scheduler.tell(execution, Finish(step="a", fence=row.fence, outcome=GOOD))
    fleet.heard.steps.clear()
    fleet.wait(3, engine)
    assert fleet.heard.steps == ["b"]
    assert not any(engine.recovery.repairs.values())


def test_an_offer_that_waits_in_line_is_not_taken_for_a_lost_one(fleet):
    """Between two steps a slot is free for a moment, however long the line is."""
    engine = fleet.worker("w", is_idle=lambda: False)
    engine.start(plan({"a": ""}))
    fleet.wait(60, engine)
    assert fleet.heard.steps == ["a"]
    assert not any(engine.recovery.repairs.values())


def test_an_execution_that_was_written_and_not_begun_is_begun(fleet):
    engine = fleet.worker("w")
    execution = fleet.store.create(plan({"a": ""}), now=fleet.clock.now())
    fleet.wait(6, engine)
    assert fleet.heard.steps[0] == "a"
    assert engine.recovery.repairs["unsent effect"] == 1
    fleet.store.sent(begin_key(execution))
    assert engine.scheduler.tell(execution, Start()).refused


def test_a_repair_that_fails_keeps_none_of_the_others_from_being_made(fleet, monkeypatch, caplog):
    engine = fleet.worker("w")
    broken, well = (fleet.store.create(plan({"a": ""}), now=fleet.clock.now()) for _ in range(2))
    real = engine.scheduler.carry_out

    def carry_out(execution, effect):
        if execution == broken:
            raise ZeroDivisionError("division by zero")
        return real(execution, effect)

    monkeypatch.setattr(engine.scheduler, "carry_out", carry_out)
    fleet.wait(6, engine)
    assert fleet.store.load(well).execution.status == "running"
    assert fleet.heard.steps == ["a"]
    assert engine.recovery.repairs == {"failed repair": 1, "unsent effect": 1}
    assert f"repair failed: Sending(key=({broken}, 0, 0)" in caplog.text
    monkeypatch.setattr(engine.scheduler, "carry_out", real)
    fleet.wait(3, engine)
    assert fleet.store.load(broken).execution.status == "running"


def test_what_cannot_be_dealt_with_when_it_is_due_keeps_nobody_else_waiting(fleet, monkeypatch, caplog):
    engine = fleet.worker("w")
    broken, well = (engine.start(plan({"a": ""}, timeout=timedelta(seconds=9))) for _ in range(2))
    real = engine.scheduler.tell

    def tell(execution, command, **more):
        if execution == broken:
            raise ZeroDivisionError("division by zero")
        return real(execution, command, **more)

    monkeypatch.setattr(engine.scheduler, "tell", tell)
    fleet.clock.turn(timedelta(seconds=10))
    assert not engine.tick(), "it is still due"
    assert f"timer stumbled: Due(execution={broken}," in caplog.text
    assert fleet.store.load(well).execution.status == "timeout"


def test_what_a_dead_process_had_yet_to_tell_is_told_by_the_next_one_at_once(fleet):
    fleet.worker("w").start(plan({"a": ""}))
    fleet.store.create(plan({"b": ""}), now=fleet.clock.now())
    fleet.heard.steps.clear()
    engine = fleet.worker("w", boot=2)
    assert sorted(fleet.heard.steps) == ["a", "b", "b"]
    assert engine.recovery.repairs == {"unsent effect": 1}


def test_an_adoption_that_could_not_be_told_is_told_again_before_the_lease_ends(fleet):
    first = fleet.worker("w")
    execution = first.start(plan({"a": ""}))
    first.runner.claim(execution, "a")
    second = fleet.worker("w", boot=2)  # what it resumes goes nowhere
    fleet.wait(6, second)
    assert (len(fleet.resumed), second.recovery.repairs) == (2, {"adopted": 1, "failed adoption": 1})
    second.scheduler.tell(execution, Adopt(step="a", fence=1, worker="w/2"))
    fleet.wait(6, second)
    assert second.recovery.repairs["failed adoption"] == 1


def test_a_step_that_begins_before_what_runs_is_adopted_does_not_take_the_workspace_for_its_own(fleet, monkeypatch):
    found: list[bool] = []
    monkeypatch.setattr(FileWorkspaces, "bring", lambda self, execution, *, alone, news: found.append(alone))
    first = fleet.worker("w")
    execution = first.start(plan({"a": "", "b": "", "c": ""}))
    first.runner.claim(execution, "a")
    second = fleet.worker("w", boot=2)  # what it resumes goes nowhere yet
    second.run_step(execution, "b")
    assert found == [False]
    second.scheduler.tell(execution, Finish(step="a", fence=1, outcome=GOOD))
    fleet.wait(6, second)
    second.run_step(execution, "c")
    assert found == [False, True]


def test_who_has_been_relieved_lets_what_is_due_lie_until_it_is_its_turn_again(fleet, monkeypatch):
    ticked, tick = Event(), Engine.tick
    monkeypatch.setattr(Engine, "tick", lambda self: (tick(self), ticked.set()))
    engine = fleet.worker("s", duties={Duty.MEND})
    execution = engine.start(plan({"a": ""}, timeout=timedelta(seconds=9)))
    engine.mend_no_more()
    fleet.clock.turn(timedelta(seconds=10))
    engine.look()
    assert not ticked.wait(0.1)
    engine.open()
    assert ticked.wait(PATIENCE)
    assert fleet.store.load(execution).execution.status == "timeout"
    engine.close()


def test_a_deadline_costs_the_store_no_question_at_each_step(fleet):
    engine, asked = fleet.worker("w"), []
    real = fleet.store.next_due
    fleet.store.next_due = lambda: asked.append(1) or real()
    execution = engine.start(plan({"a": "", "b": "a"}, timeout=timedelta(hours=1)))
    for step in "ab":
        claimed = engine.runner.claim(execution, step)
        engine.scheduler.tell(execution, Finish(step=step, fence=claimed.fence, outcome=GOOD))
    assert asked == []
    engine.close()


def test_an_attempt_that_nobody_carries_is_taken_up_by_its_holder(fleet):
    engine = fleet.worker("w")
    execution = engine.start(plan({"a": ""}))
    engine.scheduler.tell(execution, Claim(step="a", worker="w/1"))
    fleet.wait(9, engine)
    assert fleet.resumed
    assert engine.recovery.repairs["forgotten attempt"] == len(fleet.resumed)


def test_every_rule_that_counts_is_known_by_name_before_its_first_repair():
    """So that a series is there from the start, and an alarm can tell 0 from nothing."""
    tree = ast.parse(inspect.getsource(Recovery))
    ends = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return | ast.Assign)]
    ends += [one for end in ends if isinstance(end, ast.IfExp) for one in (end.body, end.orelse)]
    said = {end.value for end in ends if isinstance(end, ast.Constant) and isinstance(end.value, str)}
    assert said - {""} == set(RULES)
