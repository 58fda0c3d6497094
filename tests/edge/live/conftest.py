"""A stage: executions, logs and people in memory, behind real sockets on a real port."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from ansflow.core.errors import NotFound
from ansflow.edge.live import hub as hubs
from ansflow.edge.live.hub import Hub
from ansflow.edge.live.knocking import Knocking
from ansflow.edge.live.sockets import Sockets
from ansflow.edge.live.source import Admitted, Asked, Verdict
from ansflow.edge.refused import Refused
from ansflow.engine.memory import MemoryBus
from tests.server_process import until

SECONDS = 60.0
SHOP, THEIRS = 1, 2


class Shown(NamedTuple):
    execution: int
    project: int
    seq: int
    row: dict[str, Any]


class Printing(NamedTuple):
    step_id: int
    attempt: int
    ended: bool
    length: int


class Stage:
    """A `Source`. Whatever happens is said on the bus, unless it is told not to be."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.asked: Counter[str] = Counter()
        self.projects: dict[int, int] = {}
        self.events: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.logs: dict[tuple[int, str, int], bytes] = {}
        self.attempts: dict[tuple[int, str], int] = {}
        self.running: set[tuple[int, str]] = set()
        self.people: dict[str, dict[int, str]] = {"ann": {SHOP: "reporter"}}
        self.go = Event()  # reads wait for it
        self.go.set()
        self._lock = Lock()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, execution: int, project: int = SHOP) -> int:
        self.projects[execution] = project
        self.say(execution, "running", hint=False)
        return execution

    def say(self, execution: int, status: str = "running", *, hint: bool = True, message: str = "") -> int:
        return self._event(execution, "execution_update", {"status": status, "message": message}, hint)

    def step(self, execution: int, key: str, status: str, *, attempt: int = 1, hint: bool = True) -> int:
        self.attempts[execution, key] = attempt
        (self.running.add if status == "running" else self.running.discard)((execution, key))
        return self._event(execution, "step_update", {"key": key, "status": status, "attempt": attempt}, hint)

    def print(self, execution: int, key: str, data: bytes, *, attempt: int = 1, hint: bool = True) -> None:
        log = (execution, key, attempt)
        self.logs[log] = self.logs.get(log, b"") + data
        if hint:
            self.bus.grown(execution, key, attempt, len(self.logs[log]))

    def _event(self, execution: int, kind: str, data: dict[str, Any], hint: bool) -> int:
        with self._lock:
            seq = len(self.events[execution]) + 1
            about = {"execution_id": execution, **data}
            self.events[execution].append({"seq": seq, "at": "2026-01-01T00:00:00Z", "type": kind, "data": about})
        if hint:
            self.bus.publish(execution, seq)
        return seq

    # ── the port ─────────────────────────────────────────────────────────────────────────────────────────────────

    def admit(self, asked: Asked) -> Admitted:
        name = (asked.authorization or asked.ticket or asked.session).removeprefix("Bearer ")
        if name not in self.people:
            raise Refused(401, "not_authenticated", "Sign in.")
        project = self.projects.get(asked.execution, 0)
        if asked.execution and project not in self.people[name]:
            raise Refused(404, "not_found", "There is no such execution.")
        return Admitted(name, project, self.people[name].get(project, "guest") != "guest")

    def judge(self, asked: Collection[tuple[Any, int]]) -> Mapping[tuple[Any, int], Verdict]:
        self.asked["judge"] += 1
        return {
            (name, project): Verdict(
                stands=name in self.people,
                may_see=project in self.people.get(name, ()),
                may_read=self.people.get(name, {}).get(project, "guest") != "guest",
                sight=frozenset(self.people.get(name, ())),
            )
            for name, project in asked
        }

    def picture(self, execution: int) -> Shown:
        self._count("picture")
        if execution not in self.projects:
            raise NotFound("There is no such execution.")
        seq = len(self.events[execution])
        return Shown(execution, self.projects[execution], seq, self._row(execution, seq))

    def pictures(self) -> Sequence[Shown]:
        self._count("pictures")
        return [self.picture(execution) for execution in self.projects if self._runs(execution)]

    def frames(self, execution: int, after: int) -> Sequence[Mapping[str, Any]]:
        self._count("frames")
        return self.events[execution][after : after + 1000]

    def positions(self, executions: Collection[int]) -> Mapping[int, int]:
        return {execution: len(self.events[execution]) for execution in executions if execution in self.projects}

    def running_since(self, newest: int) -> Mapping[int, tuple[int, int]]:
        found = [execution for execution in tuple(self.projects) if execution > newest or self._runs(execution)]
        return {execution: (self.projects[execution], len(self.events[execution])) for execution in found}

    def newest(self) -> int:
        return max(self.projects, default=0)

    def printing(self, execution: int, steps: Collection[str] | None) -> Mapping[str, Printing]:
        known = [key for of, key in self.attempts if of == execution and (steps is None or key in steps)]
        return {
            key: Printing(
                1,
                self.attempts[execution, key],
                (execution, key) not in self.running,
                self.length(execution, key, self.attempts[execution, key]),
            )
            for key in known
        }

    def length(self, execution: int, step: str, attempt: int) -> int:
        return len(self.logs.get((execution, step, attempt), b""))

    def read(self, execution: int, step: str, attempt: int, *, start: int, end: int) -> bytes:
        self._count("read")
        return self.logs.get((execution, step, attempt), b"")[start:end]

    def _count(self, what: str) -> None:
        assert self.go.wait(SECONDS)
        with self._lock:
            self.asked[what] += 1

    def _row(self, execution: int, seq: int) -> dict[str, Any]:
        last = self.events[execution][seq - 1]["data"] if seq else {}
        return {"id": execution, "project": self.projects[execution], "seq": seq, "last": last}

    def _runs(self, execution: int) -> bool:
        return all(
            event["type"] != "execution_update" or event["data"]["status"] == "running"
            for event in self.events[execution]
        )


class Client:
    """A viewer: `websockets`, with frames as they come. Every number is checked when it comes."""

    def __init__(self, connection: ClientConnection, after: int | None = None) -> None:
        self.connection = connection
        self.seq = after

    def next(self, kind: str = "") -> dict[str, Any]:
        """The next frame, of that type if one is wanted."""
        while True:
            frame: dict[str, Any] = json.loads(self.connection.recv(timeout=SECONDS))
            if frame["type"] == "snapshot":
                self.seq = frame["seq"]
            elif frame["type"] in ("execution_update", "step_update") and self.seq is not None:
                assert frame["seq"] == self.seq + 1, (frame, self.seq)
                self.seq = frame["seq"]
            if kind in ("", frame["type"]):
                return frame

    def until(self, seq: int) -> None:
        """Reads up to that number."""
        while self.seq is None or self.seq < seq:
            self.next()

    def say(self, kind: str, **data: Any) -> None:
        self.connection.send(json.dumps({"type": kind, "data": data}))

    def next_is_quiet(self, stage: Stage) -> None:
        """Nothing but the next numbered frame comes."""
        seq = stage.say(7)
        assert self.next()["seq"] == seq

    def ended(self) -> int:
        """The code with which the server closes; what comes before is read."""
        try:
            while True:
                self.connection.recv(timeout=SECONDS)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


class Live:
    def __init__(self, stage: Stage, hub: Hub, port: int) -> None:
        self.stage = stage
        self.hub = hub
        self.port = port

    @contextmanager
    def watch(self, path: str, name: str = "ann", *, after: int | None = None, **more: Any) -> Iterator[Client]:
        headers = {"Authorization": f"Bearer {name}"}
        url = f"ws://localhost:{self.port}{path}{'' if after is None else f'?after={after}'}"
        # What arrives is taken from the kernel at once, read or not: a client that stops is made by `max_queue`.
        more = {"compression": None, "max_queue": None, "ping_interval": None, **more}
        with connect(url, additional_headers=headers, open_timeout=SECONDS, **more) as connection:
            yield Client(connection, after)

    def execution(self, execution: int, name: str = "ann", **more: Any) -> Any:
        return self.watch(f"/ws/executions/{execution}/", name, **more)

    def monitor(self, name: str = "ann", query: str = "") -> Any:
        return self.watch(f"/ws/monitor/{query}", name)

    def wait_for(self, viewers: int) -> None:
        until(lambda: self.hub.counts.viewers == viewers, f"{viewers} viewers")


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def live(open_edge: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    yield from opened(open_edge, stage, monkeypatch)


def opened(open_edge: Callable[..., Any], stage: Stage, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Iterator[Live]:
    monkeypatch.setattr(hubs, "LOOK", 0.2)  # so that tests wait less for what nobody has hinted at
    hub = Hub(stage, stage.bus)
    asked = open_edge(sockets=Sockets(hub, Knocking(base_url="", cookie="sessionid")), **more)
    yield Live(stage, hub, asked.port)
    stage.go.set()
    hub.close()
