"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Projects(AppConfig):
    name = "ansflow.apps.projects"
    label = "projects"
    default_auto_field = "django.db.models.BigAutoField"
