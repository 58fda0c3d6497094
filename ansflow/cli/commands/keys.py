"""`ansflow keys`: new keys for what is sealed."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.installation import add_verbs, alone, the_settings
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import count, t


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "keys", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return VERBS[args.verb][1](args, screen)


def _no_options(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def _rotate(args: argparse.Namespace, screen: Screen) -> int:
    """A new key in the ring, then new data keys under it. A server must be started anew to know it: so none runs."""
    from ansflow.config.keys import add_ring_key  # noqa: PLC0415 — the parser wants this module for its options only
    from ansflow.config.startup import expect_tables, start_django  # noqa: PLC0415

    settings = the_settings()
    with alone(settings):
        if settings.key_file is None:
            screen.print(
                t("keys.added", name=add_ring_key(settings.data_dir), file=settings.data_dir / "keys" / "ring")
            )
        start_django(settings)
        expect_tables()
        from ansflow.apps.projects.rotation import rotate  # noqa: PLC0415

        screen.print(count("keys.sealed", rotate()))
    screen.complain(t("keys.keep"))
    return OK


VERBS = {"rotate": (_no_options, _rotate)}
