"""An execution on a server as the views of `ansflow run` want it: the same picture, drawn from its socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event as Signal
from time import monotonic
from typing import Any, TypeVar

from ansflow.cli.remote.live import GIVING_UP, Following, NoSockets
from ansflow.cli.remote.printed import Printed
from ansflow.cli.remote.server import Json, Server
from ansflow.cli.remote.tables import reason_of, time_of
from ansflow.cli.stamps import line_times
from ansflow.cli.texts import t
from ansflow.core.codec import load
from ansflow.core.errors import ExternalError
from ansflow.core.events import Event, ExecutionChanged, Fact, StepChanged
from ansflow.core.log_times import LineTime
from ansflow.core.outcome import Outcome, TestSummary
from ansflow.core.plan import Plan, PlannedStep
from ansflow.core.spec import StepSpec, Trigger
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final

Answer = TypeVar("Answer")

PAUSE = 0.5
"""Seconds between two looks at what has changed, where the server has no sockets."""


class Watched:
    """A `cli.follow.Run`. Nothing that happens to the viewer touches the execution: `cancel` only ends the watching.

    It listens at the server's socket; where there is none, it says so through `tell` and asks again and again.
    """

    def __init__(
        self,
        server: Server,
        execution: int,
        *,
        logs: bool = True,
        steps: Sequence[str] | None = None,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """`logs`: whether somebody will read them. `steps`: it is about these alone, and ends with them."""
        self.server = server
        self.path = f"cicd/executions/{execution}/"
        self.first = server.get(self.path)
        self.plan = _plan(self.first)
        self.folder = Path()
        self._steps = {step["key"]: step["id"] for step in self.first["step_executions"]}
        self._awaited = None if steps is None else set(steps)
        self._over: set[tuple[str, int]] = set()
        self._left = Signal()
        self._tell = tell
        self._printed = Printed() if logs else None
        on_log = self._printed.add if self._printed else None
        self._socket = Following(server, execution, on_log=on_log, steps=steps)

    def follow(self) -> Iterator[Event]:
        """Every event from the first on; ends with the one that ends the execution, or what was wanted of it."""
        for written in self._frames():
            self._note_end(written)
            event = _event(self.first["id"], written)
            yield event
            if is_final(event.fact.status) and self._is_last(event.fact):
                return

    def _is_last(self, end: Fact) -> bool:
        if isinstance(end, ExecutionChanged):
            return True
        if self._awaited is None:
            return False
        self._awaited.discard(end.step)
        return not self._awaited

    def _frames(self) -> Iterator[Json]:
        try:
            yield from self._socket.frames()
        except NoSockets:
            self._tell(t("watch.asks"))
            self._printed = None
            yield from self._asked(self._socket.seq)

    def _asked(self, after: int) -> Iterator[Json]:
        while not self._left.is_set():
            answer = self.server.get(f"{self.path}events/", after=after)
            after = answer["seq"]
            yield from answer["events"]
            if not answer["events"]:
                self._left.wait(PAUSE)

    def _note_end(self, written: Json) -> None:
        data = written["data"]
        if data.get("attempt") and data["status"] != StepStatus.RUNNING:
            self._over.add((data["key"], data["attempt"]))
            if self._printed is not None:
                self._printed.ended(data["key"], data["attempt"], data["log_bytes"])

    def cancel(self, *, immediate: bool = False) -> None:
        self._left.set()
        self._socket.leave()

    def approve(self, step: str) -> None:
        self._respond(step, "approve")

    def reject(self, step: str) -> None:
        self._respond(step, "reject")

    def read_log(self, step: str, attempt: int, start: int = 0) -> bytes:
        """While the server is away there is nothing new; the rest of a log that is complete is waited for."""
        found = self._printed.read(step, attempt, start) if self._printed is not None else None
        if found is not None:
            return found
        query = {"step": step, "attempt": attempt, "start": start}
        is_over = (step, attempt) in self._over  # if not, whoever shows it asks again
        return self._patiently(lambda: self.server.read(f"{self.path}logs/", **query), None if is_over else b"")

    def log_times(self, step: str, attempt: int, first: int, last: int) -> list[LineTime]:
        query = {"step": step, "attempt": attempt, "first": first, "last": last}
        return line_times(self._patiently(lambda: self.server.get(f"{self.path}logs/times/", **query)))

    def _patiently(self, ask: Callable[[], Answer], meanwhile: Answer | None = None) -> Answer:
        """While the server is away the answer is `meanwhile`; without one, it is waited for."""
        waiting_since = monotonic()
        while True:
            try:
                return ask()
            except ExternalError as error:
                is_late = self._left.is_set() or monotonic() - waiting_since > GIVING_UP
                if error.permanent or (meanwhile is None and is_late):
                    raise
                if meanwhile is not None:
                    return meanwhile
            self._left.wait(PAUSE)

    def outcome(self, step: Json) -> Outcome | None:
        """What the steps' end is drawn with: figures that events do not carry."""
        if not is_final(StepStatus(step["status"])) or not step["attempt"]:
            return None
        tests = load(TestSummary, step["tests"]) if step.get("tests") else None
        return _outcome(step, tests)

    def _respond(self, step: str, action: str) -> None:
        self.server.post(f"approvals/{self._steps[step]}/respond/", {"action": action})


def _plan(execution: Json) -> Plan:
    """Only what a view reads: names, and the order of the steps."""
    steps = [
        PlannedStep(key=step["key"], step_id=step["key"], index=index)
        for index, step in enumerate(execution["step_executions"])
    ]
    return Plan(
        name=execution["pipeline_name"],
        digest="",
        trigger=Trigger(),
        inputs={},
        env={},
        vars={},
        specs={step.key: StepSpec(id=step.key) for step in steps},
        steps={step.key: step for step in steps},
    )


def _event(execution: int, written: Json) -> Event:
    data: dict[str, Any] = written["data"]
    fact: Fact
    if written["type"] == "execution_update":
        fact = ExecutionChanged(
            status=ExecutionStatus(data["status"]), reason=reason_of(data), message=data.get("message", "")
        )
    else:
        fact = _step_fact(data)
    return Event(execution=execution, seq=written["seq"], at=datetime.fromisoformat(written["at"]), fact=fact)


def _step_fact(data: Json) -> StepChanged:
    status = StepStatus(data["status"])
    reason = reason_of(data)
    tried = data["attempt"] > 0 and (is_final(status) or reason is Reason.RETRY)
    return StepChanged(
        step=data["key"],
        status=status,
        attempt=data["attempt"],
        reason=reason,
        message=data.get("message", ""),
        worker=data.get("worker", ""),
        due_at=time_of(data.get("due_at")),
        allowed_failure=bool(data.get("allowed_failure")),
        outcome=_outcome(data) if tried else None,
    )


def _outcome(data: Json, tests: TestSummary | None = None) -> Outcome:
    return Outcome(
        status=StepStatus(data["status"]),
        reason=reason_of(data),
        message=data.get("message", ""),
        exit_code=data.get("exit_code"),
        tests=tests,
    )
