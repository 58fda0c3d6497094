"""`ansflow pipelines`: the pipelines of a server."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.asked import add_file, at_least_one, inputs_of, the_file
from ansflow.cli.exits import OK
from ansflow.cli.problems import refuse
from ansflow.cli.remote.executions import show_started
from ansflow.cli.remote.server import Json, Server
from ansflow.cli.remote.tables import ago, said, show_table, status_of
from ansflow.cli.remote.verbs import add_id, add_json, add_verbs, carry_out
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json
from ansflow.core.errors import InvalidSpec
from ansflow.document.reader import read_file


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "pipelines", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return carry_out(args, screen, VERBS)


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=int, default=None, metavar="ID", help=t("pipelines.project"))
    parser.add_argument("-n", "--limit", type=at_least_one, default=50, metavar="N", help=t("remote.limit"))
    add_json(parser)


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = list(server.every("pipelines/", limit=args.limit, project=args.project))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    show_table(screen, [_row(screen, one) for one in found], empty=t("pipelines.none"))
    return OK


def _row(screen: Screen, one: Json) -> tuple[str, ...]:
    last = one.get("last_execution")
    state = (status_of(screen, last), ago(last["created_at"])) if last else ("", "")
    return (str(one["id"]), said(one["project_name"]), said(one["name"]), *state)


def _view_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("pipelines.id"))
    add_json(parser)


def _view(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    """The text of the file itself, so that it can be sent into one."""
    found = server.get(f"pipelines/{args.id}/")
    if args.json:
        write_json(screen, found, indent=2)
    else:
        for line in found["source"].splitlines():
            screen.print(said(line))
    return OK


def _create_options(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("--project", type=int, required=True, metavar="ID", help=t("pipelines.project"))
    parser.add_argument("--name", default="", metavar="NAME", help=t("pipelines.name"))
    add_json(parser)


def _create(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    file = the_file(args.file)
    body = {"project": args.project, "source": _text(file), **({"name": args.name} if args.name else {})}
    try:
        made = server.post("pipelines/", body)
    except InvalidSpec as error:
        return refuse(screen, error, file)
    if args.json:
        write_json(screen, made, indent=2)
    else:
        screen.print(t("pipelines.made", name=said(made["name"]), id=made["id"]))
    return OK


def _update_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("pipelines.id"))
    add_file(parser)
    parser.add_argument("--message", default="", metavar="TEXT", help=t("pipelines.message"))
    parser.add_argument("--base", type=int, default=None, metavar="VERSION", help=t("pipelines.base"))
    add_json(parser)


def _update(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    """Saves the file as the next version, unless somebody saved one meanwhile, or since the version it began with."""
    file = the_file(args.file)
    before = server.get(f"pipelines/{args.id}/")
    base = before["version"] if args.base is None else args.base
    body = {"source": _text(file), "base_version": base, "message": args.message}
    try:
        saved = server.patch(f"pipelines/{args.id}/", body)
    except InvalidSpec as error:
        return refuse(screen, error, file)
    if args.json:
        write_json(screen, saved, indent=2)
    elif saved["version"] == before["version"]:
        screen.print(t("pipelines.same", version=saved["version"]))
    else:
        screen.print(t("pipelines.saved", version=saved["version"]))
    return OK


def _text(file: Path) -> str:
    document = read_file(file)
    if document.problems and not document.text:  # it could not even be read
        raise InvalidSpec(document.problems)
    return document.text


def _run_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("pipelines.id"))
    parser.add_argument("--branch", default="", metavar="NAME", help=t("pipelines.branch"))
    parser.add_argument("--message", default="", metavar="TEXT", help=t("pipelines.run_message"))
    parser.add_argument("-i", "--input", action="append", default=[], metavar="NAME=VALUE", help=t("option.input"))
    parser.add_argument("-w", "--watch", action="store_true", help=t("pipelines.watch"))
    add_json(parser)


def _run(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    body: Json = {"pipeline_id": args.id, "trigger_type": "manual", "parameters": inputs_of(args)}
    body |= {name: value for name in ("branch", "message") if (value := getattr(args, name))}
    return show_started(args, screen, server, server.post("cicd/executions/", body))


VERBS = {
    "list": (_list_options, _list),
    "view": (_view_options, _view),
    "create": (_create_options, _create),
    "update": (_update_options, _update),
    "run": (_run_options, _run),
}
