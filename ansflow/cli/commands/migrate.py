"""`ansflow migrate`: brings the tables to this release, without starting a server."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.installation import alone
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t


def options(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — the parser wants this module for its options
    from ansflow.config.startup import migrate, start_django  # noqa: PLC0415

    settings = read_settings()
    with alone(settings):
        start_django(settings)
        screen.print(t("migrate.done" if migrate(settings) else "migrate.nothing"))
    return OK
