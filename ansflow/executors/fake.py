"""`fake`: nothing runs. The step's own environment says how it ends; for tests, demos and the first tour.

| variable | |
|---|---|
| `FAKE_SLEEP` | seconds it takes; 0 when missing |
| `FAKE_OUTPUT` | what it prints, at once |
| `FAKE_EXIT_CODE` | how it ends; 0 when missing |
| `FAKE_SIGNAL` | it ends by this signal instead |
| `FAKE_ERROR` | it could not be started: the sentence |
| `FAKE_REFUSE` | `start` itself raises NotAvailable with this sentence |
| `FAKE_SURVIVORS` | as many processes were left behind |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGTERM
from threading import Condition

from ansflow.core.errors import NotAvailable
from ansflow.core.schema import Record
from ansflow.executors.attempt import SPOOL, read_record, write_files, write_record
from ansflow.plugins.contracts import Ended, Launch, LetGo, Running

STARTED = "started"


class Fake:
    name = "fake"
    summary = "Runs nothing: the step's FAKE_… variables say how it ends."
    options = Record(fields={}, what="`executor` options of fake")

    def check(self) -> str:
        return ""

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def start(self, launch: Launch) -> Running:
        env = launch.command.env
        if refusal := env.get("FAKE_REFUSE"):
            raise NotAvailable(refusal)
        write_files(launch)
        output = env.get("FAKE_OUTPUT", "")
        (launch.attempt / SPOOL).write_text(output + "\n" if output else "", encoding="utf-8")
        started_at = datetime.now(UTC)
        (launch.attempt / STARTED).write_text(started_at.isoformat(), encoding="utf-8")
        return FakeRun(launch, started_at)

    def adopt(self, launch: Launch) -> Running | None:
        try:
            started_at = datetime.fromisoformat((launch.attempt / STARTED).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return FakeRun(launch, started_at)


class FakeRun:
    """Ends by itself when its time has come; the record is written by whoever waits for it first."""

    def __init__(self, launch: Launch, started_at: datetime) -> None:
        self._attempt = launch.attempt
        self._planned_end = _planned_end(launch, started_at)
        self._ends_at = self._planned_end.ended_at or started_at
        self._is_let_go = False
        self._changed = Condition()

    @property
    def spool(self) -> Path:
        return self._attempt / SPOOL

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        give_up = None if timeout_seconds is None else datetime.now(UTC) + timedelta(seconds=timeout_seconds)
        with self._changed:
            while (ended := self._end()) is None:
                if self._is_let_go:
                    raise LetGo
                now = datetime.now(UTC)
                if give_up is not None and now >= give_up:
                    return None
                until = self._ends_at if give_up is None else min(self._ends_at, give_up)
                self._changed.wait(max(0.0, (until - now).total_seconds()))
        return ended

    def wait_for_output(self, timeout_seconds: float) -> None:
        with suppress(LetGo):
            self.wait(timeout_seconds)

    def stop(self, *, timed_out: bool = False, immediate: bool = False) -> None:
        with self._changed:
            if self._end() is None:
                stopped = replace(self._planned_end, exit_code=None, error="", signal=int(SIGTERM))
                now = datetime.now(UTC)
                write_record(
                    self._attempt, replace(stopped, timed_out=timed_out, cancelled=not timed_out, ended_at=now)
                )
            self._changed.notify_all()

    def let_go(self) -> None:
        with self._changed:
            self._is_let_go = True
            self._changed.notify_all()

    def _end(self) -> Ended | None:
        ended = read_record(self._attempt)
        if ended is None and datetime.now(UTC) >= self._ends_at:
            ended = self._planned_end
            write_record(self._attempt, ended)
        return ended


def _planned_end(launch: Launch, started_at: datetime) -> Ended:
    env = launch.command.env
    wanted = timedelta(seconds=float(env.get("FAKE_SLEEP", "0")))
    ended = Ended(
        timed_out=wanted > launch.limits.timeout,
        survivors=_number(env, "FAKE_SURVIVORS"),
        log_bytes=os.path.getsize(launch.attempt / SPOOL),
        started_at=started_at,
        ended_at=started_at + min(wanted, launch.limits.timeout),
    )
    if error := env.get("FAKE_ERROR"):
        return replace(ended, error=error)
    if ended.timed_out or env.get("FAKE_SIGNAL"):
        return replace(ended, signal=_number(env, "FAKE_SIGNAL") or int(SIGTERM))
    return replace(ended, exit_code=_number(env, "FAKE_EXIT_CODE"))


def _number(env: Mapping[str, str], name: str) -> int:
    return int(env.get(name) or 0)
