"""What a server's database says, row by row, and what its API gives."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import httpx2
from django.db import connections
from django.utils import timezone

from ansflow.apps.executions import models
from ansflow.core.sentences import worker_of
from tests.chaos.checker import (
    FINAL_EXECUTION,
    FINAL_STEP,
    AttemptRow,
    EventRow,
    ExecutionRow,
    Key,
    Seen,
    StepRow,
    Told,
)
from tests.chaos.work import Witness
from tests.databases import use
from tests.server_process import PATIENCE, ServerProcess

ALIAS = "under chaos"
LOST = ("worker_lost", "poisoned")
LATE = timedelta(seconds=15)  # after which an effect must have been repeated


class Given:
    """What the API gives of every execution: each log, and the only file of each step that keeps one.

    Read once they have ended; what has been given is not asked for again.
    """

    def __init__(self, server: ServerProcess, token: str) -> None:
        self.logs: dict[Key, bytes] = {}
        self.artifacts: dict[tuple[int, str], bytes] = {}
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._last = 0

    def read(self) -> None:
        place = f"{self._server.url}/api/v1/"
        with httpx2.Client(base_url=place, headers=self._headers, timeout=PATIENCE) as self._client:
            for execution in self._new():
                self._read(execution)
                self._last = execution

    def _read(self, execution: int) -> None:
        logs, files = f"cicd/executions/{execution}/logs/", f"cicd/executions/{execution}/artifacts/"
        for log in self._get(logs).json()["logs"]:
            known = {"step": log["step"], "attempt": log["attempt"], "start": 0}
            self.logs[execution, log["step"], log["attempt"]] = self._get(logs, **known).content
        for file in self._get(files, page_size=200).json()["results"]:
            self.artifacts[execution, file["step"]] = self._get(f"{files}{file['step']}/{file['path']}").content

    def _new(self) -> list[int]:
        found: list[int] = []
        page: Any = {"next": True}
        while page["next"] and min(found, default=self._last + 1) > self._last:
            page = self._get("cicd/executions/", page=len(found) // 100 + 1, page_size=100, ordering="-id").json()
            found += [row["id"] for row in page["results"]]
        return sorted(number for number in found if number > self._last)

    def _get(self, path: str, **query: Any) -> httpx2.Response:
        answer = self._client.get(path, params=query)
        assert answer.status_code == 200, f"{path} {query}: {answer.status_code} {answer.text}"
        return answer


def seen(url: str, witness: Witness, told: Told, given: Given, *, cut_off: Collection[str] = ()) -> Seen:
    """Once the server has ended, where it is SQLite: a file belongs to one process. `cut_off` are the names of workers
    whose machines were lost, or that were frozen past their lease."""
    use(ALIAS, url)
    late = models.Sending.objects.using(ALIAS).filter(at__lt=timezone.now() - LATE)
    try:
        return Seen(
            executions=_executions(),
            steps=_steps(),
            attempts=_attempts(cut_off),
            events=_events(),
            outbox=Counter(late.values_list("execution_id", flat=True)),
            places={
                (execution, limiter): used
                for execution, limiter, used in models.Places.objects.using(ALIAS).values_list(
                    "execution_id", "limiter", "used"
                )
            },
            runs=witness.runs(),
            printed=witness.logs(),
            stored=given.logs,
            artifacts=given.artifacts,
            told=told,
        )
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]


def _executions() -> dict[int, ExecutionRow]:
    rows = models.PipelineExecution.objects.using(ALIAS).values_list(
        "id", "pipeline__name", "number", "status", "seq", "plan__execution_id"
    )
    return {id: ExecutionRow(kind, number, status, seq, plan == id) for id, kind, number, status, seq, plan in rows}


def _steps() -> dict[tuple[int, str], StepRow]:
    rows = models.StepExecution.objects.using(ALIAS).values_list("execution_id", "key", "status", "attempt", "gate")
    return {(execution, key): StepRow(status, attempt, gate) for execution, key, status, attempt, gate in rows}


def _attempts(cut_off: Collection[str]) -> dict[Key, AttemptRow]:
    rows = models.Attempt.objects.using(ALIAS).values_list(
        "execution_id", "step", "number", "status", "reason", "worker"
    )
    return {
        (execution, step, number): AttemptRow(status, reason, reason in LOST and worker_of(worker) in cut_off)
        for execution, step, number, status, reason, worker in rows
    }


def _events() -> dict[int, list[EventRow]]:
    found: dict[int, list[EventRow]] = defaultdict(list)
    rows = models.ExecutionEvent.objects.using(ALIAS).order_by("execution_id", "seq")
    for execution, seq, text in rows.values_list("execution_id", "seq", "fact"):
        fact = json.loads(text)
        step, status = fact.get("step", ""), fact["status"]
        attempt = fact.get("attempt", 0)
        ends = "" if step or status not in FINAL_EXECUTION else status
        result = (step, attempt) if step and attempt and status in FINAL_STEP else None
        found[execution].append(EventRow(seq, event_text(step, status, attempt), ends, result))
    return dict(found)


def event_text(step: str, status: str, attempt: int) -> str:
    return f"{step} {attempt} {status}" if step else status
