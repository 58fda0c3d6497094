"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Workers(AppConfig):
    name = "ansflow.apps.workers"
    label = "workers"
    default_auto_field = "django.db.models.BigAutoField"
