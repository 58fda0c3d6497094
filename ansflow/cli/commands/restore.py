"""`ansflow restore`: an installation from a backup, into an empty place."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.exits import OK
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import NotFound


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=t("restore.file"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config import backup  # noqa: PLC0415 — the parser wants this module for its options only
    from ansflow.config.settings import read_settings  # noqa: PLC0415
    from ansflow.config.startup import migrate, start_django  # noqa: PLC0415

    settings = read_settings()
    source = Path(args.file).absolute()
    if not source.is_file():
        raise NotFound(t("restore.missing", file=args.file))
    manifest = backup.manifest_of(source)
    backup.restore_keys(source, settings.data_dir, settings.keys_folder)
    start_django(settings)
    from ansflow.config.storage import storage_folder  # noqa: PLC0415 — models can be read from here on

    migrate(settings)
    backup.restore(source, storage_folder(settings), manifest)
    screen.print(t("restore.done", file=args.file, rows=f"{sum(manifest.rows.values()):,}", files=manifest.files))
    return OK
