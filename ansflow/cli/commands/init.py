"""`ansflow init`: looks at a project, and writes a pipeline file for it that runs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ansflow.cli.asked import NAMES, refused
from ansflow.cli.exits import OK
from ansflow.cli.look import LOOKS
from ansflow.cli.starter import Starter, starter_for
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import t
from ansflow.config.working_tree import filled_in
from ansflow.core.errors import Conflict
from ansflow.core.spec import Trigger


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default="", metavar=t("init.meta_folder"), help=t("init.folder"))
    parser.add_argument("--force", action="store_true", help=t("init.force"))
    parser.add_argument("--dry-run", action="store_true", help=t("init.dry_run"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    folder = Path(args.folder)
    if not folder.is_dir():
        raise refused("folder", t("init.no_folder", folder=args.folder))
    file = next((folder / name for name in NAMES if os.path.lexists(folder / name)), folder / NAMES[0])
    committed = bool(filled_in(Trigger(), folder.resolve()).commit)
    starter = starter_for(folder, repository=committed)
    if args.dry_run:
        screen.out.write(starter.text)
        return OK
    _write(file, starter.text, force=args.force)
    _tell(screen, file, starter)
    if starter.found and not committed:
        screen.print(t("init.uncommitted"))
    screen.print(t("init.next"))
    return OK


def _write(file: Path, text: str, *, force: bool) -> None:
    """Exclusive without --force: also a file that appears in between is kept."""
    try:
        with open(file, "w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise Conflict(t("init.exists", file=str(file))) from None


def _tell(screen: Screen, file: Path, starter: Starter) -> None:
    sign = LOOKS["success"].sign(screen)
    screen.print(f"{sign} {screen.paint('bold', t('init.wrote', file=plain(str(file))))}")
    for found in starter.found:
        screen.print(f"  {t('init.found', kind=found.kind, tool=found.tool, why=plain(found.why))}")
    for tool in starter.missing:
        screen.print(screen.paint("orange", f"  {t('init.missing', tool=tool)}"))
    if not starter.found:
        screen.print(f"  {t('init.found_nothing')}")
