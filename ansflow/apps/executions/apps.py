"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Executions(AppConfig):
    name = "ansflow.apps.executions"
    label = "executions"
    default_auto_field = "django.db.models.BigAutoField"
