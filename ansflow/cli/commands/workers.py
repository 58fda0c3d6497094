"""`ansflow workers`: who runs steps, what waits for them, and what operators tell them."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.look import Look, duration
from ansflow.cli.remote.server import Json, Server
from ansflow.cli.remote.tables import said, show_table
from ansflow.cli.remote.verbs import add_json, add_verbs, carry_out
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import count, t
from ansflow.cli.views.jsonl import write_json
from ansflow.core.errors import NotFound

SIGNS = {
    "online": Look("online", "●", "*", "green"),
    "draining": Look("draining", "◐", "~", "amber"),
    "drained": Look("drained", "‖", "-", "grey"),
    "stopping": Look("stopping", "◑", "~", "amber"),
    "lost": Look("lost", "■", "#", "dark red"),
}


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "workers", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return carry_out(args, screen, VERBS)


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = list(server.every("workers/"))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    show_table(screen, [_row(screen, one) for one in found], empty=t("workers.none"))
    return OK


def _row(screen: Screen, one: Json) -> tuple[str, ...]:
    return (
        _state(screen, one),
        said(one["name"]),
        t("workers.slots", used=one["running"], slots=one["slots"]),
        said(",".join(one["queues"])) or t("workers.every"),
        "" if one["load"] is None else t("workers.load", load=f"{one['load']:.2f}"),
        said(one["version"]),
        t("remote.ago", time=duration(one["silent_seconds"])),
        _steps(one),
    )


def _state(screen: Screen, one: Json) -> str:
    """A state that this client does not know yet is its own word."""
    look = SIGNS.get(one["state"])
    return f"{look.sign(screen)} {_word(screen, look)}" if look else said(one["state"])


def _word(screen: Screen, look: Look) -> str:
    return screen.paint(look.style, t(f"workers.state.{look.token}"))


def _steps(one: Json) -> str:
    """`shop #4 unit`, and how many more that one may not see."""
    named = [f"{said(step['pipeline_name'])} #{step['number']} {said(step['step'])}" for step in one["steps"]]
    unseen = one["running"] - len(named)
    return ", ".join([*named, *([count("workers.unseen", unseen)] if unseen else [])])


def _queues(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = list(server.every("workers/queues/"))
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    show_table(screen, [_queue(one) for one in found], empty=t("workers.no_queues"))
    for one in filter(lambda queue: queue["message"], found):
        screen.print(screen.paint("red", f"! {said(translated(one['message']))}"))
    return OK


def _queue(one: Json) -> tuple[str, ...]:
    oldest = one["oldest_seconds"]
    return (
        said(one["name"]),
        t("workers.waiting", number=one["waiting"]),
        "" if oldest is None else t("workers.oldest", time=duration(oldest)),
        t("workers.slots", used=one["running"], slots=one["slots"]),
        said(", ".join(one["workers"])),
    )


def _name_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=t("workers.name"))
    add_json(parser)


def _tell(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    """Of several lives of one worker, the last is meant."""
    lives = list(server.every("workers/", name=args.name))
    if not lives:
        raise NotFound(t("workers.unknown", name=args.name))
    told = server.post(f"workers/{max(life['id'] for life in lives)}/{args.verb}/")
    if args.json:
        write_json(screen, told, indent=2)
        return OK
    runs = count("workers.runs", told["running"]) if told["running"] and args.verb != "resume" else ""
    screen.print(t(f"workers.told.{args.verb}", name=said(told["name"])) + runs)
    return OK


VERBS = {
    "list": (add_json, _list),
    "queues": (add_json, _queues),
    "drain": (_name_options, _tell),
    "resume": (_name_options, _tell),
    "stop": (_name_options, _tell),
}
