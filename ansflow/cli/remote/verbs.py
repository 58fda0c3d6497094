"""Commands of the form `ansflow NOUN VERB`: how their words are read, and which function carries each out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from ansflow.cli import exits
from ansflow.cli.parser import add_shared
from ansflow.cli.remote.server import NotSignedIn, Server
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t

Options = Callable[[argparse.ArgumentParser], None]
Carry = Callable[[argparse.Namespace, Screen, Server], int]
Verbs = Mapping[str, tuple[Options, Carry]]


def add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", default="", metavar="URL", help=t("remote.server"))


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=t("option.json"))


def add_id(parser: argparse.ArgumentParser, *, name: str = "id", help_text: str) -> None:
    parser.add_argument(name, type=int, metavar=name.upper(), help=help_text)


def add_verbs(parser: argparse.ArgumentParser, noun: str, verbs: Verbs) -> None:
    subparsers = parser.add_subparsers(dest="verb", metavar=t("remote.verb"), required=True)
    for name, (options, _) in verbs.items():
        text = t(f"{noun}.do.{name}")
        verb = subparsers.add_parser(name, help=text, description=text)
        options(verb)
        add_server(verb)
        add_shared(verb, suppress=True)


def carry_out(args: argparse.Namespace, screen: Screen, verbs: Verbs) -> int:
    try:
        return verbs[args.verb][1](args, screen, Server.asked(args))
    except NotSignedIn as error:
        screen.complain(f"{screen.errors.paint('red', t('error'))}{error}")
        return exits.NOT_SIGNED_IN
