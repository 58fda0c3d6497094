"""`ansflow serve`: the server, as one process."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.exits import OK
from ansflow.cli.serving import settings_with, teller
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import account_language, t

FLAGS = {
    "ANSFLOW_HOST": "--host",
    "ANSFLOW_PORT": "--port",
    "ANSFLOW_ADMIN_EMAIL": "--admin-email",
    "ANSFLOW_ADMIN_PASSWORD_FILE": "--admin-password-file",
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=None, metavar="HOST", help=t("serve.host"))
    parser.add_argument("--port", default=None, metavar="PORT", help=t("serve.port"))
    parser.add_argument("--admin-email", default=None, metavar="EMAIL", help=t("serve.admin_email"))
    parser.add_argument(
        "--admin-password-file", type=_absolute, default=None, metavar="PATH", help=t("serve.admin_password_file")
    )


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.server import serve  # noqa: PLC0415 — the parser wants this module for its options only

    serve(settings_with(args, FLAGS), teller(screen, "serve"), language=account_language())
    return OK


def _absolute(file: str) -> str:
    return file and str(Path(file).absolute())
