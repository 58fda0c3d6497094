"""`ansflow approve`: what waits for an answer on a server, and answering it."""

from __future__ import annotations

import argparse

from ansflow.cli.asked import refused
from ansflow.cli.exits import NOT_SIGNED_IN, OK
from ansflow.cli.remote.server import NotSignedIn, Server
from ansflow.cli.remote.tables import ago, said, show_table
from ansflow.cli.remote.verbs import add_json, add_server
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", type=int, default=None, metavar="ID", help=t("approve.id"))
    parser.add_argument("--reject", action="store_true", help=t("approve.reject"))
    parser.add_argument("-m", "--comment", default="", metavar="TEXT", help=t("approve.comment"))
    parser.add_argument("-f", "--field", action="append", default=[], metavar="NAME=VALUE", help=t("approve.field"))
    add_server(parser)
    add_json(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    try:
        server = Server.asked(args)
        return _list(args, screen, server) if args.id is None else _respond(args, screen, server)
    except NotSignedIn as error:
        screen.complain(f"{screen.errors.paint('red', t('error'))}{error}")
        return NOT_SIGNED_IN


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    if args.reject or args.comment or args.field:
        raise refused("approval", t("approve.which"))
    found = list(server.every("approvals/", status="pending"))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    rows = [
        (
            str(one["id"]),
            f"{said(one['project_name'])}/{said(one['pipeline_name'])} #{one['execution_number']}",
            said(one["step"]),
            said(one["message"]),
            ago(one["requested_at"]),
        )
        for one in found
    ]
    show_table(screen, rows, empty=t("approve.none"))
    return OK


def _respond(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    action = "reject" if args.reject else "approve"
    body = {"action": action, "comment": args.comment, "fields": _fields(args.field)}
    answer = server.post(f"approvals/{args.id}/respond/", {name: value for name, value in body.items() if value})
    if args.json:
        write_json(screen, answer, indent=2)
    else:
        screen.print(t(f"approve.done.{answer['status']}", step=said(answer["step"])))
    return OK


def _fields(given: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise refused("field", t("approve.form", given=pair))
        fields[name] = value
    return fields
