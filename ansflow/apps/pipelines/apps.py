"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Pipelines(AppConfig):
    name = "ansflow.apps.pipelines"
    label = "pipelines"
    default_auto_field = "django.db.models.BigAutoField"
