"""What this server does by itself, and how often."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connections

from ansflow.apps.accounts.chores import forget_ended_sessions
from ansflow.apps.executions.chores import cleanup_old_executions, pack_left_logs, settle_concurrency_groups
from ansflow.apps.tools.chores import check_tools
from ansflow.config.chores import Chore, Chores
from ansflow.config.owning import Ground
from ansflow.config.settings import Settings
from ansflow.config.storage import open_content
from ansflow.config.wiring import Wired
from ansflow.engine.loop import HEARTBEAT
from ansflow.infra.database.sqlite3.base import DatabaseWrapper as SqliteWrapper
from ansflow.infra.storage.collecting import collect

BEAT = "heartbeat"
HOUR = 3600.0


def beats(wired: Wired, ground: Ground) -> Chores:
    """In a thread of its own: while it is held up, this server would lose its steps to another."""
    every = HEARTBEAT.total_seconds()

    def beat() -> None:
        if ground.is_ours():
            wired.engine.beat()
            ground.outages.over()

    return Chores("ansflow-heartbeat", [Chore(BEAT, beat, every, first=every)])


def chores(settings: Settings) -> Chores:
    """What can wait. The first turns are spread, so that a start is not slowed by them."""

    def collect_content() -> Mapping[str, int]:
        """Content that nothing names any more."""
        return {"removed": collect(*open_content(settings))}

    return Chores(
        "ansflow-chores",
        [
            Chore("checkpoint", checkpoint, 300.0, first=300.0),
            Chore("tools", check_tools, 60.0, first=20.0),
            Chore("sessions", forget_ended_sessions, HOUR, first=120.0),
            Chore("concurrency groups", settle_concurrency_groups, 60.0, first=1.0),
            Chore("retention", cleanup_old_executions, HOUR, first=300.0),
            Chore("logs", pack_left_logs, 24 * HOUR, first=180.0),
            Chore("content", collect_content, 24 * HOUR, first=600.0),
        ],
    )


def checkpoint() -> None:
    """Brings SQLite's log into its file, so that it does not grow with the days."""
    connection = connections["default"]
    if isinstance(connection, SqliteWrapper):
        connection.checkpoint()
