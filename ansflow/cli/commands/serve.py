"""`ansflow serve`: the server, as one process."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from ansflow.cli.exits import OK
from ansflow.cli.sentences import side_by_side, translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=None, metavar="HOST", help=t("serve.host"))
    parser.add_argument("--port", default=None, metavar="PORT", help=t("serve.port"))
    parser.add_argument("--admin-email", default=None, metavar="EMAIL", help=t("serve.admin_email"))
    parser.add_argument("--admin-password-file", default=None, metavar="PATH", help=t("serve.admin_password_file"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.server import serve  # noqa: PLC0415 — the parser wants this module for its options only
    from ansflow.config.settings import read_settings  # noqa: PLC0415

    file = args.admin_password_file
    flags = {
        "ANSFLOW_HOST": args.host,
        "ANSFLOW_PORT": args.port,
        "ANSFLOW_ADMIN_EMAIL": args.admin_email,
        "ANSFLOW_ADMIN_PASSWORD_FILE": str(Path(file).absolute()) if file else None,
    }
    said = {name: value for name, value in flags.items() if value is not None}
    serve(read_settings({**os.environ, **said}), _teller(screen))
    return OK


def _teller(screen: Screen) -> Callable[..., None]:
    def tell(what: str, **values: str) -> None:
        if what == "warning":
            sign = t("serve.warning")
            said = side_by_side(sign, translated(values["message"]))
            screen.errors.print(screen.errors.paint("yellow", sign) + said.removeprefix(sign))
            screen.errors.out.flush()
            return
        screen.print(t(f"serve.told.{what}", **values))
        screen.out.flush()

    return tell
