"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Audit(AppConfig):
    name = "ansflow.apps.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
