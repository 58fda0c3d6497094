"""`ansflow token`: API tokens of the person who is signed in."""

from __future__ import annotations

import argparse

from ansflow.cli.asked import at_least_one
from ansflow.cli.commands.login import SCOPES
from ansflow.cli.exits import OK
from ansflow.cli.remote.server import Server
from ansflow.cli.remote.tables import ago, said, show_table
from ansflow.cli.remote.verbs import add_id, add_json, add_verbs, carry_out
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "token", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return carry_out(args, screen, VERBS)


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = list(server.every("auth/tokens/"))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    rows = [
        (
            str(one["id"]),
            f"{said(one['prefix'])}…",
            said(one["name"]),
            ",".join(one["scopes"]),
            ago(one["last_used_at"]),
        )
        for one in found
    ]
    show_table(screen, rows, empty=t("token.none"))
    return OK


def _create_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=t("token.name"))
    parser.add_argument("--scope", action="append", choices=SCOPES, required=True, help=t("token.scope"))
    parser.add_argument("--days", type=at_least_one, default=90, metavar="N", help=t("token.days"))
    parser.add_argument("--project", type=int, action="append", default=[], metavar="ID", help=t("token.project"))
    add_json(parser)


def _create(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    """The token alone on the output, so that it can be sent into a file; it is never shown again."""
    body = {"name": args.name, "scopes": args.scope, "expires_in_days": args.days}
    made = server.post("auth/tokens/", body | ({"project_ids": args.project} if args.project else {}))
    if args.json:
        write_json(screen, made, indent=2)
    else:
        screen.print(said(made["token"]))
        screen.complain(t("token.once", id=made["id"]))
    return OK


def _revoke_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("token.id"))


def _revoke(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    server.delete(f"auth/tokens/{args.id}/")
    screen.print(t("token.revoked", id=args.id))
    return OK


VERBS = {
    "list": (add_json, _list),
    "create": (_create_options, _create),
    "revoke": (_revoke_options, _revoke),
}
