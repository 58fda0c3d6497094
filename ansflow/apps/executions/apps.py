"""Django's entry for the app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


class Executions(AppConfig):
    name = "ansflow.apps.executions"
    label = "executions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ansflow.apps.executions.health import look_at_workers  # noqa: PLC0415 - models exist from here on
        from ansflow.apps.executions.workers import served  # noqa: PLC0415
        from ansflow.apps.pipelines.available import ask_workers  # noqa: PLC0415
        from ansflow.apps.tools import checks  # noqa: PLC0415
        from ansflow.apps.tools.models import LOCAL  # noqa: PLC0415

        checks.register(LOCAL, look_at_workers)
        ask_workers(served)
        pre_migrate.connect(lift_time_limit, sender=self, dispatch_uid="executions.limit")


def lift_time_limit(*, using: str, **_: Any) -> None:
    """A migration, a backup and what brings one back may take longer than a statement of the engine, and may pause
    between two statements: for the files of an installation, or to pack a large table."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        limit = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
    elif connection.vendor == "mysql" and getattr(connection, "mysql_is_mariadb", False):
        limit = "SET SESSION max_statement_time = 0, idle_transaction_timeout = 0"
    else:
        return
    with connection.cursor() as cursor:
        cursor.execute(limit)
