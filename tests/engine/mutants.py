"""Bugs that somebody could make in the protocol: each changes one place of the real code; the plays must find it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple


class Mutant(NamedTuple):
    """`place` is module:function or module:Class.method; `old` stands there exactly once and becomes `new`."""

    name: str
    place: str
    old: str
    new: str


DECIDE, TURN, WIRING, RETRY = (f"ansflow.core.{name}" for name in ("decide", "turn", "wiring", "retry"))
STORE, SCHEDULER, RUNNER, RECOVERY = (
    f"ansflow.engine.{name}" for name in ("memory", "scheduler", "runner", "recovery")
)

MUTANTS = (
    # who has the step
    Mutant("a claim does not raise the fence", f"{DECIDE}:_claim", "row.fence + 1", "row.fence"),
    Mutant("a claim does not raise the attempt", f"{DECIDE}:_claim", "row.attempt + 1", "max(1, row.attempt)"),
    Mutant(
        "a running step can be claimed",
        f"{DECIDE}:_claim",
        "row.status is not StepStatus.PENDING or row.offered_at is None",
        "is_final(row.status)",
    ),
    Mutant("a step can be claimed before its turn", f"{DECIDE}:_claim", " or row.offered_at is None", ""),
    Mutant("an old fence is accepted", f"{DECIDE}:_finish", "not running or row.fence != command.fence", "not running"),
    Mutant("a result is accepted twice", f"{DECIDE}:_finish", " and row.lost)", ")"),
    Mutant("a result is accepted after the end", f"{DECIDE}:_finish", "not running or ", ""),
    Mutant("a lost attempt is declared without its fence", f"{DECIDE}:_lost", " or row.fence != command.fence", ""),
    Mutant(
        "who lost the claim runs the step too",
        f"{RUNNER}:Runner.claim",
        "_claimed(execution, step, told.decision)",
        "_claimed(execution, step, told.decision) or _claimed(execution, step, self._scheduler.store.load(execution))",
    ),
    Mutant(
        "adoption begins the command again",
        f"{RUNNER}:Runner._start",
        "prepared.executor.adopt(prepared.launch) if adopt",
        "prepared.executor.start(prepared.launch) if adopt",
    ),
    Mutant(
        "a command that was let go is taken for lost",
        f"{RUNNER}:Runner.carry",
        "if live.running is not None or adopt:",
        "if False:",
    ),
    Mutant(
        "a restarted worker adopts nothing",
        f"{STORE}:MemoryStore.register",
        "for known in former for held",
        "for known in () for held",
    ),
    # retries and losses
    Mutant("one try too many", f"{RETRY}:after_failure", "failures >= policy.max", "failures > policy.max"),
    Mutant("one try too few", f"{RETRY}:after_failure", "failures >= policy.max", "failures + 1 >= policy.max"),
    Mutant("the causes of a policy are ignored", f"{RETRY}:_covers", "not policy.on or", "True or"),
    Mutant("a poisoned step is tried on", f"{RETRY}:after_loss", "losses >= MAX_LOSSES", "losses > MAX_LOSSES"),
    Mutant("a step is poisoned too early", f"{RETRY}:after_loss", "losses >= MAX_LOSSES", "losses + 1 >= MAX_LOSSES"),
    Mutant(
        "the due time of a retry is lost",
        f"{STORE}:MemoryStore._index",
        "row.due_at is not None and",
        "row.due_at is not None and row.status is StepStatus.WAITING and",
    ),
    Mutant("a retry does not wait", f"{DECIDE}:_retry", " or row.due_at > turn.now", ""),
    Mutant(
        "a stopped attempt is tried again",
        f"{DECIDE}:_finish",
        "outcome.status is StepStatus.FAILED and row.stop is None",
        "outcome.status is StepStatus.FAILED",
    ),
    Mutant(
        "a lost attempt that was stopped is tried again", f"{DECIDE}:_lost", "if row.stop is not None:", "if False:"
    ),
    Mutant(
        "the lease is not checked",
        f"{STORE}:MemoryStore.lost",
        "if boot not in self._seen or self._seen[boot] < before",
        "if True",
    ),
    # cancel, time, gates
    Mutant(
        "cancel forgets what is pending",
        f"{TURN}:Turn.stop",
        "self.end(key, StepStatus.CANCELLED, reason, message)",
        "pass",
    ),
    Mutant(
        "the heartbeat carries no cancellation",
        f"{STORE}:MemoryStore.beat",
        "if (row := run.step(held.step)).stop is not None",
        "if (row := run.step(held.step)).stop is not None and False",
    ),
    Mutant(
        "cancel ends the final steps too",
        f"{DECIDE}:_stop_execution",
        "immediate or not began or not step.final",
        "True",
    ),
    Mutant(
        "an open gate needs no answer", f"{DECIDE}:_judge", "elif gate is not None:", "elif gate is not None and False:"
    ),
    Mutant("one approval is enough", f"{DECIDE}:_approve", "len(row.answers) >= gate.required", "row.answers"),
    Mutant("one person approves twice", f"{DECIDE}:_may_answer", "if any(answer.by", "if False and any(answer.by"),
    Mutant("a gate does not expire", f"{DECIDE}:_expire", "row.status is not StepStatus.WAITING", "True"),
    # needs and ends
    Mutant(
        "a step waits for one need too few",
        f"{WIRING}:Wiring._turn_edges",
        "len(edges) + step.final",
        "max(0, len(edges) - 1) + step.final",
    ),
    Mutant("final steps do not wait", f"{WIRING}:Wiring._turn_edges", "len(edges) + step.final", "len(edges)"),
    Mutant("how a need ended is ignored", f"{TURN}:Turn._meet", "if not edge.statuses", "if True or not edge.statuses"),
    Mutant("an optional need is as strict as any", f"{TURN}:Turn._meet", "edge.optional and", "False and"),
    Mutant(
        "an allowed failure stops what follows",
        f"{TURN}:Turn._spread",
        '{"success"} if row.allowed',
        '{"success"} if False',
    ),
    Mutant("an allowed failure fails the execution", f"{TURN}:Turn._count", " and not row.allowed", ""),
    Mutant("a failure is not counted", f"{TURN}:Turn._count_failure", "self.execution.failed += 1", "pass"),
    Mutant(
        "a skip does not spread",
        f"{TURN}:Turn.end",
        "self._ended.append(key)",
        "self._ended.extend([key] * (status is not StepStatus.SKIPPED))",
    ),
    Mutant("the execution ends with one step open", f"{TURN}:Turn.settle", "open_all == 0", "open_all <= 1"),
    Mutant(
        "the first failure of fail_fast ends nothing",
        f"{TURN}:Turn._member_ended",
        "for key in bundle.keys:",
        "for key in ():",
    ),
    # places
    Mutant("one place too many", f"{TURN}:Turn._admit", "self._places(line) < self", "self._places(line) <= self"),
    Mutant(
        "a place is given back twice", f"{TURN}:Turn._leave", "self._places(limiter) - 1", "self._places(limiter) - 2"
    ),
    Mutant("a failed attempt keeps its place", f"{TURN}:Turn.try_again", "self._leave(row)", "row.held = 0"),
    Mutant("the limit of a group is ignored", f"{WIRING}:Wiring.lines", "if name in self.limits", "if False"),
    Mutant("a concurrency group is ignored", f"{WIRING}:Wiring.lines", "if group else []", "if False else []"),
    # storing and repairing
    Mutant(
        "no guard on the version", f"{STORE}:MemoryStore.apply", "run.execution.version != after.version - 1", "False"
    ),
    Mutant(
        "the loser of a race believes it won",
        f"{SCHEDULER}:Scheduler._decide",
        "elif self.store.apply(execution, decision, now=now, along=along)",
        "elif [self.store.apply(execution, decision, now=now, along=along)]",
    ),
    Mutant(
        "events are numbered with gaps",
        f"{TURN}:Turn.decision",
        "execution.seq += len(self._facts)",
        "execution.seq += len(self._facts) + (len(self._facts) > 2)",
    ),
    Mutant(
        "events are written apart from the rows",
        f"{STORE}:MemoryStore._write",
        "seq = run.execution.seq",
        "run.execution = after; self.world.pause(); seq = after.seq - len(decision.facts)",
    ),
    Mutant(
        "unsent effects are not repeated",
        f"{RECOVERY}:Recovery._repeat",
        "self._scheduler.carry_out(execution, sending.effect)",
        "None",
    ),
    Mutant(
        "a worker goes on with a step of any queue",
        f"{TURN}:Turn.take_offer",
        "not queues or self.wiring.plan.queue_of(effect.step) in queues",
        "True",
    ),
    Mutant(
        "a worker keeps an offer of any queue",
        f"{SCHEDULER}:Scheduler._serves",
        "self.store.wiring(execution).plan.queue_of(step) in self.queues",
        "True",
    ),
    Mutant("lost offers are not repeated", f"{RECOVERY}:Recovery.run", "self._look_for_offers(now)", "pass"),
    Mutant("a forgotten attempt is never taken up", f"{RECOVERY}:Recovery._look_after", "self._resume(held)", "pass"),
)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The real code with this one place changed. Handlers of `decide` are changed in its table too."""
    module_name, _, path = mutant.place.partition(":")
    module = import_module(module_name)
    owner: Any = module
    for name in path.split(".")[:-1]:
        owner = getattr(owner, name)
    name = path.split(".")[-1]
    real = owner.__dict__[name]
    changed = _changed(real, mutant, module)
    handlers: Any = getattr(module, "HANDLERS", {})
    commands = [command for command, handler in handlers.items() if handler is real]
    setattr(owner, name, changed)
    handlers.update(dict.fromkeys(commands, changed))
    try:
        yield
    finally:
        setattr(owner, name, real)
        handlers.update(dict.fromkeys(commands, real))


def _changed(real: Any, mutant: Mutant, module: Any) -> Any:
    source = textwrap.dedent(inspect.getsource(real))
    assert source.count(mutant.old) == 1, f"{mutant.old!r} stands {source.count(mutant.old)} times in {mutant.place}"
    namespace: dict[str, Any] = {}
    exec(compile(source.replace(mutant.old, mutant.new), f"<mutant {mutant.name}>", "exec"), vars(module), namespace)
    return namespace[real.__name__]
