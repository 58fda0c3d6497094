"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Approvals(AppConfig):
    name = "ansflow.apps.approvals"
    label = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
