"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class Accounts(AppConfig):
    name = "ansflow.apps.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
