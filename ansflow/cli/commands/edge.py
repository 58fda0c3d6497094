"""`ansflow edge`: live viewers, and nothing else."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.serving import settings_with, teller
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=None, metavar="HOST", help=t("serve.host"))
    parser.add_argument("--port", default=None, metavar="PORT", help=t("serve.port"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.server import serve_edge  # noqa: PLC0415 — the parser wants this module for its options only

    serve_edge(settings_with(args, {"ANSFLOW_HOST": "--host", "ANSFLOW_PORT": "--port"}), teller(screen, "edge"))
    return OK
