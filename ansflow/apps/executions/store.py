"""The truth, in the database: an `ExecutionStore` for PostgreSQL, MySQL, MariaDB and SQLite.

One transaction per decision. It writes where the execution's version and each row's status, attempt and fence are as
the decision found them; where one is not, everything is rolled back and the caller decides again.

A process keeps a picture of each execution that it works on, brought up to date by what has been written since: a
finished step costs itself and its neighbours, however large the graph is. Within a transaction of the caller nothing
is kept, since it may be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from math import inf
from threading import Lock
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction

from ansflow.apps.executions import choosing, rows
from ansflow.apps.executions.transactions import PATIENCE, Database, GuardFailed, Statements
from ansflow.apps.executions.writing import (
    NewExecution,
    breaks_off,
    unpacked_kept,
    unpacked_plan,
    write_commit,
    write_decision,
    write_new,
)
from ansflow.core.commands import Decision, Expire, Retry, Stop, Timeout
from ansflow.core.errors import InvalidSpec, NotFound, Problem
from ansflow.core.events import Event
from ansflow.core.failing import on_failure
from ansflow.core.fairness import Turns
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.state import ExecutionState, State
from ansflow.core.status import ExecutionStatus, Reason, StepStatus, is_final
from ansflow.core.wiring import Wiring
from ansflow.engine.picture import Picture
from ansflow.engine.ports import NOTHING_SAID, About, Choice, Due, Held, Sending, check_moves, started

_EXECUTION = ", ".join(f"[{name}]" for name in rows.EXECUTION_COLUMNS)
_STEP = ", ".join(f"[{name}]" for name in ("key", *rows.STEP_COLUMNS))
_ABOUT = ("name", "seen_at", "slots", "queues", "executor", "version", "host")
_WORKER = f"UPDATE [Worker] SET {', '.join(f'[{name}] = %s' for name in _ABOUT)} WHERE [boot] = %s"
_NEW_WORKER = (
    f"INSERT INTO [Worker] ({', '.join(f'[{name}]' for name in _ABOUT)}, [boot], [started_at], [wish], [heeds])"
    f" VALUES ({', '.join(['%s'] * (len(_ABOUT) + 2))}, '', '')"
)
_HELD = "SELECT s.[execution_id], s.[key], s.[attempt], s.[fence], s.[worker] FROM [Step] s"
_RUNNING = StepStatus.RUNNING.value
LIMITS_STAY = 1.0  # seconds for which the limits of projects are taken as they were


class DjangoStore:
    """Safe to use from several threads and processes."""

    def __init__(self, alias: str = "default") -> None:
        self._db = Database(alias)
        self._lock = Lock()  # of the dictionaries; never held during a statement
        self._pictures: dict[int, Picture] = {}
        self._wirings: dict[int, Wiring] = {}
        self._sent: set[tuple[int, int, int]] = set()
        self._turns = Turns()
        self._projects: dict[int, int] = {}  # of executions that somebody has asked about
        self._limits: Mapping[int, int] = {}
        self._looked_at_limits = -inf

    # ── one execution ────────────────────────────────────────────────────────────────────────────────────────────

    def create(
        self,
        plan: Plan,
        *,
        now: datetime,
        by: str = "",
        kept: Mapping[str, Outcome] | None = None,
        known: NewExecution | None = None,
    ) -> int:
        """Within the caller's transaction, where there is one. `known` must be given: a row has a project."""
        if known is None:
            problem = "An execution in the database belongs to a project and a pipeline: pass `known`."
            raise InvalidSpec([Problem(code="missing", message=problem, path=("known",))])
        wiring = Wiring(plan)
        state = self._db.write(partial(write_new, wiring=wiring, now=now, by=by, kept=dict(kept or {}), known=known))
        transaction.on_commit(partial(self._remember, Picture(state, wiring)), using=self._db.alias)
        return state.id

    def wiring(self, execution: int) -> Wiring:
        known = self._wirings.get(execution)
        if known is None:
            found = self._db.read("SELECT [body] FROM [Plan] WHERE [execution_id] = %s", [execution])
            if not found:
                raise _no_execution(execution)
            known = Wiring(unpacked_plan(found[0][0]))
            if not self._db.in_transaction():
                with self._lock:
                    known = self._wirings.setdefault(execution, known)
        return known

    def load(self, execution: int, *, at_least: int | None = None) -> State:
        known = None if self._db.in_transaction() else self._pictures.get(execution)
        if known is not None:
            if at_least is not None and known.execution.version >= at_least:
                return known
            seen = known.execution.version  # before the read: another thread may bring the picture up to date meanwhile
            version = self._version(execution)
            if version < seen:  # the database has crashed, and lost what was not secured
                self._forget(execution)
                known = None
            elif version <= known.execution.version:
                return known
        picture = self._read(execution, known)
        if not self._db.in_transaction():
            if is_final(picture.execution.status):
                self._forget(execution)
            elif known is None:
                return self._remember(picture)
        return picture

    def news(self, execution: int) -> object:
        known = self._pictures.get(execution)
        return object() if known is None else known.news

    def apply(
        self, execution: int, decision: Decision, *, now: datetime, along: Callable[[], object] | None = None
    ) -> bool:
        after = decision.execution
        if after is None:
            return False
        check_moves(decision)
        known = None if self._db.in_transaction() else self._pictures.get(execution)
        places = decision.used
        if known is not None:
            places = {limiter: used for limiter, used in places.items() if known.places.get(limiter) != used}
        carried_out = self._take_sent()
        limited = started(decision) > 0 and self.is_limited(execution)
        sources = self.wiring(execution).sources

        def work(to: Statements) -> None:
            write_decision(to, decision, after, now=now, places=places)
            if sources:
                write_commit(to, execution, decision, sources)
            if limited:
                choosing.check_limit(to, execution)
            _delete_sendings(to, carried_out)
            if along is not None:
                to.send()  # first, so that every decision takes its locks in the same order
                along()

        try:
            with on_failure(partial(self._give_back, carried_out)):
                self._db.write(work, secured_later=along is None)  # a deed of people is committed as ever
        except GuardFailed:
            self._doubt(execution, after.version - 1)
            return False
        if is_final(after.status):
            self._forget(execution)
        elif known is not None:
            self._update(known, after, decision)
        return True

    def secure(self) -> None:
        with on_failure(self._forget_pictures):  # they may show what was lost
            self._db.secure()

    def events(self, execution: int, *, after: int = 0) -> Sequence[Event]:
        found = self._db.read(
            "SELECT [seq], [at], [fact] FROM [Event] WHERE [execution_id] = %s AND [seq] > %s ORDER BY [seq]",
            [execution, after],
        )
        return [
            Event(execution=execution, seq=seq, at=rows.aware_time(at), fact=rows.fact_of(fact))
            for seq, at, fact in found
        ]

    def executions(self) -> Sequence[int]:
        open_ones = [status.value for status in ExecutionStatus if not is_final(status)]
        marks = ", ".join(["%s"] * len(open_ones))
        found = self._db.read(f"SELECT [id] FROM [Execution] WHERE [status] IN ({marks}) ORDER BY [id]", open_ones)
        return [execution for (execution,) in found]

    def forget_ended(self) -> Collection[int]:
        with self._lock:
            known = {*self._pictures, *self._wirings}
        open_ones = frozenset(self.executions())
        for execution in known - open_ones:
            self._forget(execution)
        return open_ones

    # ── what must happen outside ─────────────────────────────────────────────────────────────────────────────────

    def sent(self, key: tuple[int, int, int]) -> None:
        """Deleted with the next write, or before the outbox is read: a doubled effect does no harm, a commit costs."""
        with self._lock:
            self._sent.add(key)

    def forget_sent(self) -> None:
        """What `sent` has put off: where a process ends, or nobody but another process reads the outbox."""
        with suppress(DatabaseError, InterfaceError):
            self._delete_sent(patience=0.5)

    def unsent(self, *, before: datetime) -> Sequence[Sending]:
        self._delete_sent()
        found = self._db.read(
            "SELECT [execution_id], [row_version], [number], [effect], [at] FROM [Sending] WHERE [at] <= %s"
            " ORDER BY [id]",
            [before],
        )
        return [Sending((e, v, n), rows.effect_of(effect), rows.aware_time(at)) for e, v, n, effect, at in found]

    def offers(self, *, before: datetime) -> Sequence[tuple[int, str]]:
        return self._db.read(
            "SELECT [execution_id], [key] FROM [Step] WHERE [offered_at] <= %s ORDER BY [offered_at], [id]", [before]
        )

    def choose(self, queues: Sequence[str], *, most: int, now: datetime) -> Choice:
        return choosing.choose(self._db, self._turns, queues, most=most, now=now)

    def is_limited(self, execution: int) -> bool:
        if monotonic() - self._looked_at_limits > LIMITS_STAY:
            self._limits, self._looked_at_limits = choosing.limits(self._db), monotonic()
        if not self._limits:
            return False
        if execution not in self._projects:
            self._projects[execution] = choosing.project_of(self._db, execution)
        return self._projects[execution] in self._limits

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> Sequence[Due]:
        found: list[tuple[Any, Due]] = []
        steps = "SELECT [due_at], [execution_id], [key], [status] FROM [Step] WHERE [due_at] <= %s"
        for at, execution, key, status in self._db.read(steps, [now]):
            command = Expire(step=key) if status == StepStatus.WAITING.value else Retry(step=key)
            found.append((at, Due(execution, command)))
        bundles = "SELECT [deadline], [execution_id], [name] FROM [Bundle] WHERE [deadline] <= %s"
        found += [(at, Due(execution, Timeout(bundle=name))) for at, execution, name in self._db.read(bundles, [now])]
        whole = "SELECT [deadline], [id] FROM [Execution] WHERE [deadline] <= %s"
        found += [(at, Due(execution, Timeout())) for at, execution in self._db.read(whole, [now])]
        return [due for _, due in sorted(found, key=lambda entry: entry[0])]

    def next_due(self) -> datetime | None:
        found = self._db.read(
            "SELECT MIN([due_at]) FROM [Step] UNION ALL SELECT MIN([deadline]) FROM [Bundle]"
            " UNION ALL SELECT MIN([deadline]) FROM [Execution]"
        )
        return min((rows.aware_time(at) for (at,) in found if at is not None), default=None)

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, worker: str, boot: str, *, now: datetime, about: About = NOTHING_SAID) -> Sequence[Held]:
        said = (about.slots, ",".join(about.queues), about.executor, about.version, about.host)

        def work(to: Statements) -> None:
            to.run("UPDATE [Worker] SET [seen_at] = %s WHERE [name] = %s", [now, worker])
            if not to.run(_WORKER, [worker, now, *said, boot]):
                to.run(_NEW_WORKER, [worker, now, *said, boot, now])

        self._db.write(work)
        return self._held("JOIN [Worker] w ON w.[boot] = s.[worker] AND w.[name] = %s AND w.[boot] <> %s", worker, boot)

    def beat(self, boot: str, *, now: datetime, load: float | None = None) -> Sequence[tuple[int, Stop]]:
        beaten = "UPDATE [Worker] SET [seen_at] = %s, [load] = %s WHERE [boot] = %s"
        if not self._db.write(lambda to: to.run(beaten, [now, load, boot])):
            raise NotFound(f"There is no worker {boot}.")
        stops = []
        for held in self._held("", more="AND s.[worker] = %s AND s.[rest] LIKE %s", values=(boot, '%"stop"%')):
            state = self.load(held.execution)
            row = state.step(held.step)
            if row.stop is not None and row.fence == held.fence:
                timed_out = row.stop is Reason.TIMEOUT
                stop = Stop(held.step, held.attempt, held.fence, boot, state.execution.immediate, timed_out)
                stops.append((held.execution, stop))
        return stops

    def wish(self, boot: str) -> str:
        found = self._db.read("SELECT [wish] FROM [Worker] WHERE [boot] = %s", [boot])
        return str(found[0][0]) if found else ""

    def heed(self, boot: str, wish: str) -> None:
        self._db.write(lambda to: to.run("UPDATE [Worker] SET [heeds] = %s WHERE [boot] = %s", [wish, boot]))

    def leave(self, boot: str) -> None:
        gone = (
            "DELETE FROM [Worker] WHERE [boot] = %s"
            " AND NOT EXISTS (SELECT 1 FROM [Step] WHERE [status] = %s AND [worker] = %s)"
        )
        self._db.write(lambda to: to.run(gone, [boot, _RUNNING, boot]), patience=0.5)

    def lost(self, *, before: datetime) -> Sequence[Held]:
        return self._held(
            "LEFT JOIN [Worker] w ON w.[boot] = s.[worker]",
            more="AND (w.[boot] IS NULL OR w.[seen_at] < %s)",
            values=(before,),
        )

    def running(self) -> Sequence[Held]:
        return self._held("")

    def _held(self, join: str, *joined: Any, more: str = "", values: Iterable[Any] = ()) -> Sequence[Held]:
        found = self._db.read(
            f"{_HELD} {join} WHERE s.[status] = %s {more} ORDER BY s.[id]", [*joined, _RUNNING, *values]
        )
        return [Held(*row) for row in found]

    # ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, execution: int, known: Picture | None) -> Picture:
        """Brings a picture up to date, or makes one. The execution is read first, so that no row is older than it."""
        found = self._db.read(f"SELECT {_EXECUTION} FROM [Execution] WHERE [id] = %s", [execution])
        if not found:
            raise _no_execution(execution)
        state = rows.execution_state(execution, found[0], known.execution.kept if known else self._kept(execution))
        picture = known or Picture(state, self.wiring(execution))
        changed = "WHERE [execution_id] = %s AND [row_version] > %s"
        since = [execution, known.execution.version if known else 0]
        steps = self._db.read(f"SELECT {_STEP} FROM [Step] {changed}", since)
        bundles = self._db.read(f"SELECT [name], [deadline], [rest] FROM [Bundle] {changed}", since)
        places = self._db.read(f"SELECT [limiter], [used] FROM [Places] {changed}", since)
        with self._lock:
            if known is None or state.version > known.execution.version:
                picture.news = object()
                picture.update(
                    state,
                    [rows.step_state(key, values) for key, *values in steps],
                    [rows.bundle_state(*values) for values in bundles],
                    dict(places),
                )
        return picture

    def _kept(self, execution: int) -> dict[str, Outcome]:
        found = self._db.read("SELECT [kept] FROM [Plan] WHERE [execution_id] = %s", [execution])
        return unpacked_kept(found[0][0]) if found else {}

    def _update(self, picture: Picture, after: ExecutionState, decision: Decision) -> None:
        with self._lock:
            if picture.execution.version == after.version - 1:  # else somebody has read what was written here
                if breaks_off(decision):  # whoever had the attempt may have kept a workspace, and died before it wrote
                    picture.news = object()
                picture.update(after, [change.after for change in decision.steps], decision.bundles, decision.used)

    def _remember(self, picture: Picture) -> Picture:
        with self._lock:
            self._wirings.setdefault(picture.execution.id, picture.wiring)
            return self._pictures.setdefault(picture.execution.id, picture)

    def _doubt(self, execution: int, version: int) -> None:
        """What is known of it did not hold. Where nobody has written since that version, it is not true: a crash of the
        database may have lost what was read before it was secured."""
        if self._version(execution) <= version:
            self._forget(execution)

    def _version(self, execution: int) -> int:
        """0 where there is no such execution."""
        found = self._db.read("SELECT [row_version] FROM [Execution] WHERE [id] = %s", [execution])
        return int(found[0][0]) if found else 0

    def _forget(self, execution: int) -> None:
        with self._lock:
            self._pictures.pop(execution, None)
            self._wirings.pop(execution, None)
            self._projects.pop(execution, None)

    def _forget_pictures(self) -> None:
        with self._lock:
            self._pictures.clear()

    def _delete_sent(self, *, patience: float = PATIENCE) -> None:
        carried_out = self._take_sent()
        if not carried_out:
            return
        with on_failure(partial(self._give_back, carried_out)):
            self._db.write(lambda to: _delete_sendings(to, carried_out), patience=patience)

    def _take_sent(self) -> set[tuple[int, int, int]]:
        with self._lock:
            taken, self._sent = self._sent, set()
        return taken

    def _give_back(self, keys: set[tuple[int, int, int]]) -> None:
        with self._lock:
            self._sent |= keys


def _delete_sendings(to: Statements, keys: Iterable[tuple[int, int, int]]) -> None:
    for key in keys:
        to.put("DELETE FROM [Sending] WHERE [execution_id] = %s AND [row_version] = %s AND [number] = %s", key)


def _no_execution(execution: int) -> NotFound:
    return NotFound(f"There is no execution {execution}.")
