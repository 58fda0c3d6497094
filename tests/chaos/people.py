"""Clients of a server under chaos. They note what they were answered, and bear it when they are not.

people = People(server, folder, seed=1)
people.move_in()                       # projects and pipelines
people.begin(); …; people.rest()       # the second ends with the last execution
people.finish()                        # it, too, and nothing more is asked
"""

from __future__ import annotations

import random
from collections import Counter
from threading import Event, Thread
from typing import Any

import httpx2

from ansflow.apps.actor import Scope
from tests.chaos.checker import FINAL_EXECUTION, Told
from tests.chaos.reading import event_text
from tests.chaos.work import Witness
from tests.server_process import ServerProcess, until

AT_ONCE = 20  # executions
BETWEEN = 0.2  # seconds, while there is nothing to do or nobody who answers
ANSWER = 20.0  # seconds after which a server that was killed counts as one that does not answer


class NoAnswer(Exception):
    """Whatever was asked: it may have been done, or not."""


class People:
    def __init__(
        self, server: ServerProcess, witness: Witness, *, kinds: tuple[str, ...], seed: int, at_once: int = AT_ONCE
    ) -> None:
        self.told = Told()
        self.answers: Counter[str] = Counter()
        self._server = server
        self._witness = witness
        self._kinds = kinds
        self.at_once = at_once
        self._random = random.Random(seed)
        self._pipelines: dict[str, int] = {}
        self.token = ""
        """Theirs, and of whoever looks at what they do: that of a sign-in would end after ten minutes."""
        self._client = httpx2.Client(timeout=ANSWER)
        self._stopping = Event()
        self._thread: Thread | None = None
        self._crash: Exception | None = None

    def move_in(self, *more: str) -> None:
        """With pipelines of `more` kinds, which are only run when they are asked for."""
        scopes = [scope.value for scope in Scope]
        made = self._server.api("POST", "auth/tokens/", {"name": "chaos", "scopes": scopes})
        self.token = made["token"]
        project = self._server.api("POST", "projects/", {"name": "chaos"})
        for kind in (*self._kinds, *more):
            body = {"project": project["id"], "source": self._witness.source(kind)}
            self._pipelines[kind] = self._server.api("POST", "pipelines/", body)["id"]

    def begin(self) -> None:
        self._stopping.clear()
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    def rest(self) -> None:
        """Starts nothing any more, and sees every execution to its end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._crash:
            raise self._crash
        self.see_to_the_end()

    def finish(self) -> None:
        self.rest()
        self.close()

    def close(self) -> None:
        self._client.close()

    def see_to_the_end(self) -> None:
        until(self._all_ended, "every execution has ended")

    def rush(self, executions: int) -> None:
        """As many of `short`, which wait until all are there, and their end."""
        self._witness.halt()
        for _ in range(executions):
            self.trigger("short")
        self._witness.go()
        self.see_to_the_end()

    def trigger(self, kind: str) -> int:
        made = self._ask("POST", "cicd/executions/", {"pipeline_id": self._pipelines[kind], "trigger_type": "manual"})
        self.told.triggered[made["id"]] = kind
        return int(made["id"])

    def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._turn():
                    continue
            except NoAnswer:
                pass
            except Exception as error:  # told by `finish`
                self._crash = error
                return
            self._stopping.wait(BETWEEN)

    def _turn(self) -> bool:
        """Whether there is more to do at once."""
        open_ones = self._open()
        self._answer_gates()
        self._cancel(open_ones)
        for _ in range(self.at_once - len(open_ones)):
            self.trigger(self._random.choice(self._kinds))
        if open_ones:
            self._look_at(self._random.choice(open_ones)["id"])
        return len(open_ones) < self.at_once

    def _all_ended(self) -> bool:
        open_ones = self._open()
        self._answer_gates()
        self._cancel(open_ones, all_of_them=True)
        return not open_ones

    def _open(self) -> list[dict[str, Any]]:
        found = self._ask("GET", "cicd/executions/", status="pending,running", page_size=100)
        return [row for row in found["results"] if row["status"] not in FINAL_EXECUTION]

    def _answer_gates(self) -> None:
        for gate in self._ask("GET", "approvals/", page_size=100)["results"]:
            self._ask("POST", f"approvals/{gate['id']}/respond/", {"action": "approve"}, refused=(409,))
            now = self._ask("GET", f"approvals/{gate['id']}/")
            if now["status"] == "approved":
                self.told.approved.add((now["execution"], now["step"]))

    def _cancel(self, open_ones: list[dict[str, Any]], *, all_of_them: bool = False) -> None:
        for row in open_ones:
            waits = row["pipeline_name"] == "endless" and row["counts"].get("running")
            if waits and (all_of_them or self._random.random() < 0.3):
                self._ask("POST", f"cicd/executions/{row['id']}/cancel/", {}, refused=(409,))
                self.told.cancelled.add(row["id"])

    def _look_at(self, execution: int) -> None:
        """What is shown once stays so."""
        shown = self.told.events.setdefault(execution, {})
        for frame in self._ask("GET", f"cicd/executions/{execution}/events/")["events"]:
            data = frame["data"]
            said = event_text(data.get("key", ""), data["status"], data.get("attempt", 0))
            before = shown.setdefault(frame["seq"], said)
            assert before == said, f"Event {frame['seq']} of execution {execution} changed from {before} to {said}."

    def _ask(self, method: str, path: str, body: Any = None, *, refused: tuple[int, ...] = (), **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self._server.url}/api/v1/{path}"
        try:
            answer = self._client.request(method, url, json=body, params=query, headers=headers, timeout=ANSWER)
        except httpx2.TransportError:
            self.answers["none"] += 1
            raise NoAnswer from None
        if answer.status_code in (500, 502, 503, 504):
            self.answers[f"{answer.status_code}"] += 1
            raise NoAnswer
        assert answer.is_success or answer.status_code in refused, (
            f"{method} {path}: {answer.status_code} {answer.text}"
        )
        self.answers["given"] += 1
        return answer.json()
