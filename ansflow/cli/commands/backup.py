"""`ansflow backup`: the whole installation in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.exits import OK
from ansflow.cli.report import size
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import NotFound


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=t("backup.file"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — the parser wants this module for its options
    from ansflow.config.startup import start_django  # noqa: PLC0415

    settings = read_settings()
    if not (settings.data_dir / "keys").is_dir():
        raise NotFound(t("backup.nothing", folder=settings.data_dir))
    start_django(settings)
    from ansflow.config.backup import back_up  # noqa: PLC0415 — models can be read now

    def tell(what: str, number: int) -> None:
        screen.complain(t("backup.saved", what=what, number=number))

    target = Path(args.file).absolute()
    manifest = back_up(settings.data_dir, target, tell=tell)
    rows = f"{sum(manifest.rows.values()):,}"
    screen.print(t("backup.done", file=args.file, size=size(target.stat().st_size), rows=rows, files=manifest.files))
    screen.complain(t("backup.keys"))
    return OK
