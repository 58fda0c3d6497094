"""Random plans × random commands, in any order and from anybody: what holds after every single one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ansflow.core.commands import (
    Adopt,
    Approve,
    Cancel,
    Claim,
    Expire,
    Finish,
    Judge,
    Lost,
    Reject,
    RemoteUpdate,
    Retry,
    Start,
    Timeout,
)
from ansflow.core.decide import decide
from ansflow.core.events import ExecutionChanged, StepChanged
from ansflow.core.outcome import Outcome
from ansflow.core.state import JUDGE
from ansflow.core.status import Reason, StepStatus, is_final
from ansflow.engine.memory import MemoryStore
from tests.engine.sim_plans import random_plan

GAMES = 2_000
CHUNK = 250
COMMANDS = 80
S = StepStatus

OUTCOMES = (
    Outcome(status=S.SUCCESS, exit_code=0),
    Outcome(status=S.FAILED, reason=Reason.EXIT_CODE, message="Exited with code 75.", exit_code=75),
    Outcome(status=S.FAILED, reason=Reason.TIMEOUT, message="Ran out of time."),
    Outcome(status=S.FAILED, reason=Reason.GATE, message="Coverage is 40 %, and 80 % are wanted.", exit_code=0),
    Outcome(status=S.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled."),
)


class Game:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.plan = random_plan(self.random, most=9)
        self.store = MemoryStore()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.id = self.store.create(self.plan, now=self.now, by="ann")

    def command(self):
        random, step = self.random, self.random.choice(list(self.plan.steps))
        row = self.store.load(self.id).step(step)
        fence = row.fence - (random.random() < 0.1)
        jitter = random.random()
        people = random.choice(("ann", "bob", "cid"))
        return random.choices(
            (
                Start(),
                Judge(step=step, run=random.random() < 0.9, error="wrong" if random.random() < 0.05 else ""),
                Claim(step=step, worker=random.choice("vw")),
                Adopt(step=step, fence=fence, worker="w"),
                Finish(step=step, fence=fence, outcome=random.choice(OUTCOMES), jitter=jitter),
                Lost(step=step, fence=fence, jitter=jitter),
                Retry(step=step),
                Expire(step=step),
                Timeout(bundle=random.choice([*self.plan.bundles, ""])),
                Cancel(step=random.choice([step, step, ""]), immediate=random.random() < 0.2),
                Approve(step=step, by=people),
                Reject(step=step, by=people),
                RemoteUpdate(step=step, fence=fence, message="Half way."),
            ),
            (4, 8, 30, 2, 30, 4, 8, 3, 2, 0.6, 5, 0.5, 1),
        )[0]

    def say(self, command) -> bool:
        self.now += timedelta(seconds=self.random.choice((0, 0, 1, 20)))
        decision = decide(self.store.wiring(self.id), self.store.load(self.id), command, self.now)
        return not decision.refused and self.store.apply(self.id, decision, now=self.now)

    def drive_to_the_end(self) -> None:
        """Whatever was said before, an execution that is now treated well comes to its end."""
        self.say(Start())
        for _ in range(40 * len(self.plan.steps)):
            state = self.store.load(self.id)
            if is_final(state.execution.status):
                return
            self.now += timedelta(minutes=10)
            for due in self.store.due(self.now):
                self.say(due.command)
            for key in self.plan.steps:
                self.say(Judge(step=key))
                for person in ("ann", "bob"):
                    self.say(Approve(step=key, by=person))
                self.say(Claim(step=key, worker="w"))
                fence = self.store.load(self.id).step(key).fence
                self.say(Finish(step=key, fence=fence, outcome=OUTCOMES[0]))
        raise AssertionError("it never ends")

    # ── what holds ───────────────────────────────────────────────────────────────────────────────────────────────

    def check(self) -> None:
        state = self.store.load(self.id)
        rows = [state.step(key) for key in self.plan.steps]
        execution = state.execution
        assert execution.open_all == sum(not is_final(row.status) for row in rows)
        assert (execution.open_all == 0) == is_final(execution.status)
        assert [event.seq for event in self.store.events(self.id)] == list(range(1, execution.seq + 1))
        for limiter, limit in self.store.wiring(self.id).limits.items():
            holders = [row for row in rows if limiter in self._passed(row)]
            assert state.used(limiter) == len(holders) <= limit
        if execution.started_at is not None:
            for row in rows:
                self._check_place(row)

    def _passed(self, row):
        return self.store.wiring(self.id).lines(row.key, row.concurrency)[: row.held]

    def _check_place(self, row) -> None:
        """Nobody is forgotten: an open step waits for something that will come, or somebody has it."""
        if row.status is S.PENDING:
            waits = [bool(row.unmet), bool(row.line), row.offered_at is not None, row.reason is Reason.RETRY]
            assert sum(waits) == 1, row
            assert row.line != JUDGE or not row.judged
        assert row.unmet >= 0
        assert row.status is S.PENDING or (not row.line and row.offered_at is None)
        assert row.held == 0 or row.status in (S.PENDING, S.RUNNING)
        assert row.status is S.SUCCESS or (row.reason is not None and row.message)


def final_events(game: Game) -> list[str]:
    facts = [event.fact for event in game.store.events(game.id)]
    steps = [fact.step for fact in facts if isinstance(fact, StepChanged) and is_final(fact.status)]
    ends = [fact for fact in facts if isinstance(fact, ExecutionChanged) and is_final(fact.status)]
    assert len(ends) == 1 and facts[-1] is ends[0]
    return steps


@pytest.mark.parametrize("first", range(0, GAMES, CHUNK))
def test_whatever_is_said_in_whatever_order(first, count):
    said = accepted = 0
    for seed in range(first, first + CHUNK):
        game = Game(seed)
        after_the_end = 0
        for _ in range(COMMANDS):
            if after_the_end == 8:
                break
            said += 1
            accepted += game.say(game.command())
            game.check()
            after_the_end += is_final(game.store.load(game.id).execution.status)
        game.drive_to_the_end()
        game.check()
        ended = final_events(game)
        assert sorted(ended) == sorted(game.plan.steps), "each step ends exactly once"
    count("random commands to random plans", said)
    count("random commands that were not refused", accepted)


def test_a_decision_is_a_function_of_its_arguments():
    game = Game(1)
    for _ in range(200):
        command = game.command()
        arguments = (game.store.wiring(game.id), game.store.load(game.id), command, game.now)
        assert decide(*arguments) == decide(*arguments)
        game.say(command)
