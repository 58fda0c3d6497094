"""Commands on the installation itself: on its own machine, without a server between, for who may read its keys."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ansflow.cli.parser import add_shared
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import Conflict, NotFound

if TYPE_CHECKING:
    from ansflow.config.settings import Settings

Options = Callable[[argparse.ArgumentParser], None]
Verbs = Mapping[str, tuple[Options, Callable[[argparse.Namespace, Screen], int]]]


def add_verbs(parser: argparse.ArgumentParser, noun: str, verbs: Verbs) -> None:
    subparsers = parser.add_subparsers(dest="verb", metavar=t("remote.verb"), required=True)
    for name, (options, _) in verbs.items():
        text = t(f"{noun}.do.{name}")
        verb = subparsers.add_parser(name, help=text, description=text)
        options(verb)
        add_shared(verb, suppress=True)


def the_settings() -> Settings:
    """Raises NotFound where there is no installation: a command must not begin one by the way."""
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — the parser wants these modules for options only

    settings = read_settings()
    if not settings.keys_folder.is_dir():
        raise NotFound(t("installation.none", folder=settings.data_dir))
    return settings


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """No server runs meanwhile, and none can start. Raises Conflict where one does."""
    from ansflow.config.databases import sqlite_file  # noqa: PLC0415
    from ansflow.config.folders import make_data_folder  # noqa: PLC0415
    from ansflow.config.holding import Hold  # noqa: PLC0415

    make_data_folder(settings.data_dir)
    try:
        hold = Hold(settings.data_dir, sqlite_file(settings))
    except Conflict as error:
        place = settings.data_dir if error.code == "data_folder_in_use" else sqlite_file(settings)
        raise Conflict(t("installation.busy", folder=place), code=error.code) from None
    try:
        yield
    finally:
        hold.release()


@contextmanager
def opened(*, to_write: bool = False) -> Iterator[Settings]:
    """From here on, models can be used. To write into SQLite, a process must be alone: only one may write to a file.

    Raises NotAvailable for keys of another installation.
    """
    from ansflow.config.startup import expect_tables, start_django  # noqa: PLC0415

    settings = the_settings()
    start_django(settings)
    expect_tables()
    from django.db import connection  # noqa: PLC0415

    from ansflow.apps.accounts.known_keys import expect_known_keys  # noqa: PLC0415

    expect_known_keys()

    if to_write and connection.vendor == "sqlite":
        with alone(settings):
            yield settings
    else:
        yield settings
