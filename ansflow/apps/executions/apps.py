"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Executions(AppConfig):
    name = "ansflow.apps.executions"
    label = "executions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ansflow.apps.executions.health import look_at_workers  # noqa: PLC0415 - models exist from here on
        from ansflow.apps.tools import checks  # noqa: PLC0415
        from ansflow.apps.tools.models import LOCAL  # noqa: PLC0415

        checks.register(LOCAL, look_at_workers)
