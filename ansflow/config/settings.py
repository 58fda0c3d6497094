"""What an administrator may set: environment variables named `ANSFLOW_…`, read once, checked, and refused by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansflow.config.folders import data_folder
from ansflow.core.errors import InvalidSpec, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`database_url` empty: SQLite in the data folder. `base_url` is how browsers reach this server."""

    data_dir: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    slots: int = 4
    allow_host_executor: bool = False


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises InvalidSpec that names every variable that does not fit."""
    problems: list[Problem] = []
    for name in ("ANSFLOW_BROKER_URL", "ANSFLOW_REDIS_URL", "ANSFLOW_STORAGE_URL"):
        if environ.get(name):
            message = f"{name} is set, but this release runs as one process with files on its own disk. Unset it."
            problems.append(Problem(code="not_available", message=message))
    if problems:
        raise InvalidSpec(problems)
    return Settings(
        data_dir=data_folder(),
        database_url=environ.get("ANSFLOW_DATABASE_URL", ""),
        allow_host_executor=environ.get("ANSFLOW_ALLOW_HOST_EXECUTOR", "").lower() == "true",
    )
