"""`ansflow backup`: the whole installation in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.exits import OK
from ansflow.cli.installation import opened
from ansflow.cli.report import size
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=t("backup.file"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    target = Path(args.file).absolute()
    with opened() as settings:
        from ansflow.config.backup import back_up  # noqa: PLC0415 — models can be read from here on
        from ansflow.config.storage import storage_folder  # noqa: PLC0415

        manifest = back_up(settings.keys_folder, target, storage_folder(settings))
    rows = f"{sum(manifest.rows.values()):,}"
    screen.print(t("backup.done", file=args.file, size=size(target.stat().st_size), rows=rows, files=manifest.files))
    screen.complain(t("backup.keys"))
    return OK
