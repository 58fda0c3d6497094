"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Analytics(AppConfig):
    name = "ansflow.apps.analytics"
    label = "analytics"
    default_auto_field = "django.db.models.BigAutoField"
