"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Tools(AppConfig):
    name = "ansflow.apps.tools"
    label = "cicd_tools"
    default_auto_field = "django.db.models.BigAutoField"
