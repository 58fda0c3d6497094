"""`ansflow scheduler`: what is due, what others have lost, and periodic work."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.serving import settings_with, teller
from ansflow.cli.terminal import Screen


def options(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.scheduler import scheduler  # noqa: PLC0415 — the parser wants this module for its options only

    scheduler(settings_with(args, {}), teller(screen, "scheduler"))
    return OK
