"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class AtomicSteps(AppConfig):
    name = "ansflow.apps.atomic_steps"
    label = "atomic_steps"
    verbose_name = "Step library"
    default_auto_field = "django.db.models.BigAutoField"
