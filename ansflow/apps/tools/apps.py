"""Django's entry for the app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


class Tools(AppConfig):
    name = "ansflow.apps.tools"
    label = "cicd_tools"
    verbose_name = "Tools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_save.connect(_make_local, sender="accounts.Tenant", dispatch_uid="ansflow.tools.local")


def _make_local(*, instance: Any, created: bool, using: str, raw: bool = False, **_: Any) -> None:
    """A new tenant can run pipelines here at once. `raw`: rows are being restored, and bring theirs along."""
    if created and not raw:
        from ansflow.apps.tools.models import LOCAL, CicdTool  # noqa: PLC0415 - models exist once Django is set up

        CicdTool.objects.using(using).create(tenant_id=instance.id, name="local", tool_type=LOCAL)
