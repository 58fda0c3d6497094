"""What may be called over the broker, beside the doorbells: each task is one call into an action.

A message says nothing that is believed: what a task does follows from what is written in the database. So anybody who
can reach the broker may have these done earlier, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery import shared_task

from ansflow.apps.analytics.reports import write_reports
from ansflow.apps.executions import actions as executions
from ansflow.apps.executions.chores import cleanup_old_executions as clean_up
from ansflow.apps.executions.overdue import note_overdue_executions
from ansflow.apps.tools import actions as tools
from ansflow.apps.tools.chores import check_tools, sync_jobs
from ansflow.config.keeping import keep_pipelines
from ansflow.config.settings import current


def execute_pipeline_task(execution_id: int) -> None:
    executions.begin_written(execution_id)


def execute_pipeline_async(execution_id: int) -> None:
    executions.begin_written(execution_id)


def health_check_tools() -> None:
    check_tools()


def cleanup_old_executions() -> None:
    clean_up()


def sync_tool_jobs() -> None:
    sync_jobs()


def generate_execution_reports() -> None:
    write_reports()


def monitor_long_running_executions() -> None:
    note_overdue_executions()


def backup_pipeline_configurations() -> None:
    keep_pipelines(current())


def process_webhook_event(event_id: int) -> None:
    tools.take_event(event_id)


def monitor_remote_execution(execution_id: int) -> None:
    tools.follow(execution_id)


NUMBERED = frozenset(
    work.__name__
    for work in (execute_pipeline_task, execute_pipeline_async, process_webhook_event, monitor_remote_execution)
)
"""Those that are called with a number."""
TASKS: Mapping[str, Any] = {
    work.__name__: shared_task(name=work.__name__, ignore_result=True)(work)
    for work in (
        execute_pipeline_task,
        execute_pipeline_async,
        health_check_tools,
        cleanup_old_executions,
        sync_tool_jobs,
        process_webhook_event,
        generate_execution_reports,
        monitor_long_running_executions,
        backup_pipeline_configurations,
        monitor_remote_execution,
    )
}
