"""`ansflow projects`: the projects of a server."""

from __future__ import annotations

import argparse

from ansflow.cli.asked import at_least_one
from ansflow.cli.exits import OK
from ansflow.cli.remote.server import Server
from ansflow.cli.remote.tables import said, show_table
from ansflow.cli.remote.verbs import add_id, add_json, add_verbs, carry_out
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "projects", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return carry_out(args, screen, VERBS)


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--limit", type=at_least_one, default=50, metavar="N", help=t("remote.limit"))
    add_json(parser)


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = list(server.every("projects/", limit=args.limit))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    rows = [(str(one["id"]), said(one["name"]), said(one.get("my_role")), said(one["description"])) for one in found]
    show_table(screen, rows, empty=t("projects.none"))
    return OK


def _create_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=t("projects.name"))
    parser.add_argument("--description", default="", metavar="TEXT", help=t("projects.description"))
    parser.add_argument("--repository", default="", metavar="URL", help=t("projects.repository"))
    add_json(parser)


def _create(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    given = {"name": args.name, "description": args.description, "repository": args.repository}
    made = server.post("projects/", {name: value for name, value in given.items() if value})
    if args.json:
        write_json(screen, made, indent=2)
    else:
        screen.print(t("projects.made", name=said(made["name"]), id=made["id"]))
    return OK


def _view_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("projects.id"))
    add_json(parser)


def _view(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = server.get(f"projects/{args.id}/")
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    screen.print(screen.paint("bold", said(found["name"])))
    for name in ("description", "repository", "default_branch", "visibility", "my_role"):
        if found.get(name):
            screen.print(f"  {t(f'projects.field.{name}')}: {said(found[name])}")
    return OK


VERBS = {
    "list": (_list_options, _list),
    "create": (_create_options, _create),
    "view": (_view_options, _view),
}
