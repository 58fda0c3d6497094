"""`ansflow worker`: runs steps of the queues that it serves."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.serving import settings_with, teller
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queues", default=None, metavar="NAMES", help=t("worker.queues"))
    parser.add_argument("--concurrency", default=None, metavar="N", help=t("worker.concurrency"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.worker import worker  # noqa: PLC0415 — the parser wants this module for its options only

    settings = settings_with(args, {"ANSFLOW_QUEUES": "--queues", "ANSFLOW_SLOTS": "--concurrency"})
    worker(settings, teller(screen, "worker"))
    return OK
