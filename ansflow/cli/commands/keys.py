"""`ansflow keys`: new keys for what is sealed, and keys that somebody has put in their place."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ansflow.cli.exits import OK
from ansflow.cli.installation import add_verbs, alone, the_settings
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import count, t

if TYPE_CHECKING:
    from ansflow.config.settings import Settings


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "keys", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return VERBS[args.verb][1](args, screen)


def _no_options(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def _rotate(args: argparse.Namespace, screen: Screen) -> int:
    """A new key in the ring, then new data keys under it. A server must be started anew to know it: so none runs."""
    from ansflow.config.startup import expect_tables, start_django  # noqa: PLC0415 — for the parser: options only

    settings = the_settings()
    with alone(settings):
        start_django(settings)
        expect_tables()
        from ansflow.apps.accounts.known_keys import remember_keys  # noqa: PLC0415
        from ansflow.apps.projects.rotation import check_keys, rotate  # noqa: PLC0415

        check_keys()  # a key is added only where all that is there can be sealed with it
        if settings.key_file is None:
            screen.print(t("keys.added", name=_add(settings), file=settings.keys_folder / "ring"))
        remember_keys()
        screen.print(count("keys.sealed", rotate()))
    screen.complain(t("keys.keep"))
    return OK


def _accept(args: argparse.Namespace, screen: Screen) -> int:
    """The keys that are in their place are those of the installation from now on, if they open all that is sealed."""
    from ansflow.config.startup import expect_tables, start_django  # noqa: PLC0415 — for the parser: options only

    settings = the_settings()
    with alone(settings):
        start_django(settings)
        expect_tables()
        from ansflow.apps.accounts.known_keys import accept_keys  # noqa: PLC0415
        from ansflow.apps.projects.rotation import check_sealed  # noqa: PLC0415

        check_sealed()
        accept_keys()
    screen.print(t("keys.accepted", folder=settings.keys_folder))
    return OK


def _add(settings: Settings) -> str:
    """The name of a new key in the ring, with which this process seals from now on."""
    from django.conf import settings as django_settings  # noqa: PLC0415

    from ansflow.config.keys import add_ring_key  # noqa: PLC0415

    ring = add_ring_key(settings.keys_folder / "ring")
    django_settings.ANSFLOW_KEY_RING = ring
    return list(ring)[-1]


VERBS = {"rotate": (_no_options, _rotate), "accept": (_no_options, _accept)}
