"""Cost follows the change, not the graph: counted in rows looked at and copied, so that no clock is needed."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from ansflow.core.commands import Claim, Finish, Offer, Start
from ansflow.core.compile import compile_plan
from ansflow.core.decide import decide
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Bundle, Plan
from ansflow.core.spec import Trigger
from ansflow.core.status import StepStatus, is_final
from ansflow.core.wiring import Wiring
from ansflow.document.reader import read
from ansflow.engine.memory import MemoryStore
from tests.plans import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)


def at_once(n: int) -> Plan:
    return plan({f"s{i}": "" for i in range(n)}, max_parallel=4)


def chain(n: int) -> Plan:
    return plan({f"s{i}": f"s{i - 1}" if i else "" for i in range(n)}, max_parallel=4)


def diamonds(n: int) -> Plan:
    """Layers of two, each step needing both of the layer before."""
    return plan({f"s{i}": f"s{i - i % 2 - 2} s{i - i % 2 - 1}" if i > 1 else "" for i in range(n)}, max_parallel=4)


def fan(n: int) -> Plan:
    """Half the steps form a group, which the other half needs: n² / 4 edges if each were written out."""
    members = tuple(f"a{i}" for i in range(n // 2))
    steps = dict.fromkeys(members, "") | {f"b{i}": "g" for i in range(n - n // 2)}
    return plan(steps, bundles=[Bundle(name="g", keys=members, max_parallel=2)], max_parallel=4)


class Counted:
    """A view that counts what is read."""

    def __init__(self, state: Any, reads: Counter[str]) -> None:
        self._state, self._reads = state, reads

    def __getattr__(self, name: str) -> Any:
        self._reads[name] += 1
        return getattr(self._state, name)

    def line(self, name: str) -> Any:
        for key in self._state.line(name):
            self._reads["line"] += 1
            yield key


def reads_per_step(made: Plan) -> float:
    store, reads, offered = MemoryStore(), Counter[str](), []
    execution = store.create(made, now=NOW)

    def say(command: Any) -> None:
        decision = decide(store.wiring(execution), Counted(store.load(execution), reads), command, NOW)
        reads["changed"] += len(decision.steps) + len(decision.bundles)
        assert store.apply(execution, decision, now=NOW)
        offered.extend(effect.step for effect in decision.effects if isinstance(effect, Offer))

    say(Start())
    while offered:
        key = offered.pop(0)
        say(Claim(step=key, worker="w"))
        say(Finish(step=key, fence=1, outcome=GOOD))
    assert is_final(store.load(execution).execution.status)
    return reads.total() / len(made.steps)


@pytest.mark.parametrize("shape", [at_once, chain, diamonds, fan])
def test_a_step_of_five_thousand_costs_no_more_than_one_of_a_hundred(shape):
    assert reads_per_step(shape(5_000)) <= 1.1 * reads_per_step(shape(100))


def test_a_waiting_step_takes_less_than_a_kibibyte():
    steps = 10_000
    made = plan({f"step-{i}": f"step-{i - 1}" if i else "" for i in range(steps)})
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        store = MemoryStore()
        execution = store.create(made, now=NOW)
        store.apply(execution, decide(store.wiring(execution), store.load(execution), Start(), NOW), now=NOW)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used / steps <= 1024


def test_a_step_of_a_pipeline_file_that_waits_takes_less_than_a_kibibyte():
    steps = 2_000
    waiting = "".join(f"  s{i}: {{run: make, executor: host, needs: [hold]}}\n" for i in range(steps))
    text = f"version: 1\nname: waiting\nsteps:\n  hold: sleep 600\n{waiting}"

    def held() -> Wiring:
        document = read(text)
        return Wiring(compile_plan(document.spec, digest=document.digest, trigger=Trigger(), inputs={}, vars={}))

    held()  # makes what all plans of this process share
    tracemalloc.start()
    try:
        kept = held()
        gc.collect()
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(kept.plan.steps) == steps + 1
    assert used / steps <= 1024


def test_edges_to_a_bundle_are_not_written_out():
    wiring = Wiring(fan(2_000))
    assert sum(map(len, wiring.of_step.values())) + sum(map(len, wiring.of_bundle.values())) == 1_000
