"""`ANSFLOW_DATABASE_URL` → Django's `DATABASES["default"]`."""

from __future__ import annotations

from typing import Any

from ansflow.config.settings import Settings


def database(settings: Settings) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": settings.data_dir / "ansflow.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
