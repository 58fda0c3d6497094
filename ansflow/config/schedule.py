"""What this server does by itself, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections

from ansflow.apps.accounts.chores import forget_ended_sessions
from ansflow.apps.analytics.reports import write_reports
from ansflow.apps.executions.changes import named
from ansflow.apps.executions.chores import (
    cleanup_old_executions,
    pack_left_logs,
    settle_concurrency_groups,
    tidy_workspaces,
)
from ansflow.apps.executions.overdue import note_overdue_executions
from ansflow.apps.executions.workers import forget_former
from ansflow.apps.tools.chores import check_tools, sync_jobs
from ansflow.config.around import Around
from ansflow.config.chores import Chore, Chores, Work
from ansflow.config.keeping import keep_pipelines
from ansflow.config.owning import Ground
from ansflow.config.settings import Settings
from ansflow.config.storage import open_content
from ansflow.config.wiring import Wired
from ansflow.engine.loop import HEARTBEAT
from ansflow.infra.database.sqlite3.base import DatabaseWrapper as SqliteWrapper
from ansflow.infra.storage.collecting import collect

if TYPE_CHECKING:
    from ansflow.infra.dispatch.bell import Bell

BEAT = "heartbeat"
LOOK_AROUND = "look around"
BETWEEN_LOOKS = 0.5  # seconds
AROUND = 5.0  # seconds
BETWEEN_WRITES = 2.0  # seconds: less than an effect may wait, `engine.recovery.Patience.effect`
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work of the whole installation that comes round; `every` and `first` in seconds. `task` is the name under which
    it is called over a broker, where whichever worker is called does it; without one, the scheduler does it itself."""

    name: str
    work: Work
    every: float
    first: float
    task: str = ""


def periodic(settings: Settings) -> Sequence[Periodic]:
    """The first turns are spread, so that a start is not slowed by them."""

    def collect_content() -> Mapping[str, int]:
        """Content that nothing names any more."""
        return {"removed": collect(*open_content(settings), more=named())}

    return (
        Periodic(name="tools", task="health_check_tools", work=check_tools, every=60.0, first=20.0),
        Periodic(name="sessions", work=forget_ended_sessions, every=HOUR, first=120.0),
        Periodic(name="concurrency groups", work=settle_concurrency_groups, every=60.0, first=1.0),
        Periodic(name="retention", task="cleanup_old_executions", work=cleanup_old_executions, every=HOUR, first=300.0),
        Periodic(name="tool jobs", task="sync_tool_jobs", work=sync_jobs, every=300.0, first=90.0),
        Periodic(
            name="overdue executions",
            task="monitor_long_running_executions",
            work=note_overdue_executions,
            every=300.0,
            first=240.0,
        ),
        Periodic(name="reports", task="generate_execution_reports", work=write_reports, every=HOUR, first=420.0),
        Periodic(
            name="pipelines",
            task="backup_pipeline_configurations",
            work=partial(keep_pipelines, settings),
            every=24 * HOUR,
            first=900.0,
        ),
        Periodic(name="workers", work=lambda: {"removed": forget_former()}, every=HOUR, first=240.0),
        Periodic(name="logs", work=pack_left_logs, every=24 * HOUR, first=180.0),
        Periodic(name="content", work=collect_content, every=24 * HOUR, first=600.0),
    )


def beats(wired: Wired, ground: Ground, *more: Chore) -> Chores:
    """In a thread of its own: while it is held up, this process would lose its steps to another."""
    every = HEARTBEAT.total_seconds()

    def beat() -> None:
        if ground.is_ours():
            wired.clock.look()
            wired.engine.beat()
            ground.outages.over()

    return Chores("ansflow-heartbeat", [Chore(BEAT, beat, every, first=every), *more])


def forgets_sent(wired: Wired) -> Chore:
    """Another process deals with effects that nobody has carried out: those that have been must not wait in the outbox
    for the next write of this one."""
    return Chore("outbox", wired.store.forget_sent, BETWEEN_WRITES, first=BETWEEN_WRITES)


def looks(wired: Wired) -> Chores:
    """Other processes plan what is due without telling the one that deals with it."""
    return Chores("ansflow-looking", [Chore("due", wired.engine.look, BETWEEN_LOOKS, first=BETWEEN_LOOKS)])


def looks_around(wired: Wired, around: Around, ground: Ground, warn: Callable[[str], None]) -> Chores:
    """Of a server that leaves the work to others."""

    def look() -> None:
        wired.clock.look()
        around.look(warn)
        ground.outages.over()

    every = HEARTBEAT.total_seconds()
    forgets_ended = Chore("ended executions", wired.engine.forget_ended, every, first=every)
    looks = Chore(LOOK_AROUND, look, AROUND, first=AROUND)
    return Chores("ansflow-looking-around", [looks, forgets_sent(wired), forgets_ended])


def chores(settings: Settings) -> Chores:
    """Those of a server that is alone."""
    alone = [Chore("checkpoint", checkpoint, 300.0, first=300.0)]
    return _chores([*alone, *(Chore(one.name, one.work, one.every, first=one.first) for one in periodic(settings))])


def called_chores(settings: Settings, bell: Bell) -> Chores:
    """Those of the active scheduler: a worker is called for them, unless the next turn comes first."""
    calls = (
        (one, partial(bell.send, one.task, expires=one.every) if one.task else one.work) for one in periodic(settings)
    )
    return _chores([Chore(one.name, work, one.every, first=one.first) for one, work in calls])


def own_chores() -> Chores:
    """Those of a worker: what only it can see, in its data folder."""
    return _chores([Chore("workspaces", tidy_workspaces, HOUR, first=300.0)])


def _chores(chores: list[Chore]) -> Chores:
    return Chores("ansflow-chores", chores)


def checkpoint() -> None:
    """Brings SQLite's log into its file, so that it does not grow with the days."""
    connection = connections["default"]
    if isinstance(connection, SqliteWrapper):
        connection.checkpoint()
