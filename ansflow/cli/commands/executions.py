"""`ansflow executions`: what runs and ran on a server."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ansflow.cli.asked import at_least_one, inputs_of, refused
from ansflow.cli.commands.logs import line_blocks, line_range, show_lines, whole_lines
from ansflow.cli.exits import OK
from ansflow.cli.found import search_options, show_found
from ansflow.cli.marks import Marked
from ansflow.cli.remote import artifacts
from ansflow.cli.remote.executions import follow, follow_logs, row, show, show_started
from ansflow.cli.remote.server import Json, Server
from ansflow.cli.remote.tables import reason_of, said, show_table, status_of
from ansflow.cli.remote.verbs import add_id, add_json, add_verbs, carry_out
from ansflow.cli.remote.waits import waits
from ansflow.cli.sentences import side_by_side, translated, why
from ansflow.cli.stamps import line_times, stamped_by
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json
from ansflow.core.codec import load
from ansflow.core.errors import NotFound
from ansflow.core.log_times import LineTime
from ansflow.core.outline import Outline
from ansflow.core.schema import nearest
from ansflow.core.status import ExecutionStatus

PIECE = 2**20
"""Bytes of a log that are fetched at once."""


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "executions", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return carry_out(args, screen, VERBS)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=int, default=None, metavar="ID", help=t("pipelines.project"))
    parser.add_argument("--pipeline", type=int, default=None, metavar="ID", help=t("pipelines.id"))
    statuses = [str(status) for status in ExecutionStatus]
    known = t("executions.status", known=", ".join(statuses))
    parser.add_argument("--status", choices=statuses, default="", metavar="STATUS", help=known)
    parser.add_argument("--branch", default="", metavar="NAME", help=t("executions.branch"))
    parser.add_argument("-n", "--limit", type=at_least_one, default=20, metavar="N", help=t("remote.limit"))
    add_json(parser)


def _list(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    wanted = {name: getattr(args, name) for name in ("project", "pipeline", "status", "branch")}
    found = list(server.every("cicd/executions/", limit=args.limit, **wanted))
    if args.json:
        write_json(screen, found, indent=2)
    else:
        show_table(screen, [row(screen, one) for one in found], empty=t("executions.none"))
    return OK


def _one_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("executions.id"))
    add_json(parser)


def _view(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = server.get(_path(args))
    if args.json:
        write_json(screen, found, indent=2)
    else:
        is_pending = any(step["status"] == "pending" for step in found["step_executions"])
        show(screen, found, waits(server, _path(args)) if is_pending else {})
    return OK


def _watch(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    return follow(args, screen, server, args.id)


def _why(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = server.get(f"{_path(args)}why/")
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    for decision in found["decisions"]:
        about = said(decision["step"]) or t("executions.whole")
        sentence = why(reason_of(decision), decision["message"])
        screen.print(f"{status_of(screen, decision)}  {screen.paint('bold', about)}  {sentence}".rstrip())
    return OK


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _logs_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("executions.id"))
    parser.add_argument("-s", "--step", action="append", default=[], metavar="KEY", help=t("logs.step"))
    parser.add_argument("--attempt", type=at_least_one, default=0, metavar="N", help=t("logs.attempt"))
    parser.add_argument("--lines", default="", metavar="A-B", help=t("logs.lines"))
    parser.add_argument("--failed", action="store_true", help=t("logs.failed"))
    parser.add_argument("-t", "--timestamps", action="store_true", help=t("logs.timestamps"))
    search_options(parser)
    parser.add_argument("-f", "--follow", action="store_true", help=t("logs.follow"))


def _logs(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    first, last = line_range(args.lines)
    if args.follow:
        return _follow_logs(args, screen, server)
    whole_lines(args)
    chosen = list(_chosen(args, server.get(_path(args))["step_executions"]))
    if not chosen:
        screen.complain(t("logs.none"))
    if args.search:
        if chosen and not show_found(screen, _found(args, server, chosen)):
            screen.complain(t("logs.nothing_found"))
        return OK
    for step in chosen:
        if len(chosen) > 1:
            screen.print(f"{status_of(screen, step)}  {screen.paint('bold', said(step['key']))}")
        query = {"step": step["key"], "attempt": args.attempt or step["attempt"]}
        lines = partial(_lines, args, server, query)
        pieces = line_blocks(lines, first, last) if args.lines else _bytes(args, server, query)
        fold = _outline(server.get(f"{_path(args)}logs/outline/", **query)) if args.fold else None
        stamps = stamped_by(partial(_times, args, server, query), screen) if args.timestamps else None
        marked = Marked(screen, fold=fold, first=first, stamps=stamps)
        show_lines(screen, pieces, marked, partial(_count, args, server, query))
    return OK


def _count(args: argparse.Namespace, server: Server, query: Json) -> int:
    lines: int = server.get(f"{_path(args)}logs/outline/", **query)["lines"]
    return lines


def _outline(found: Json) -> Outline:
    return load(Outline, {name: found[name] for name in ("lines", "groups", "annotations", "omitted")})


def _found(args: argparse.Namespace, server: Server, chosen: list[Json]) -> Iterator[Json]:
    """Page by page. All steps are searched at once, unless some were chosen."""
    asked = {"q": args.search, "regex": args.regex or None, "case": args.case or None, "around": args.around}
    each = [{"step": step["key"], "attempt": args.attempt or step["attempt"]} for step in chosen]
    for query in each if args.step or args.failed or args.attempt else [{}]:
        after = None
        while True:
            answer = server.get(f"{_path(args)}logs/search/", **asked, **query, after=after)
            yield from answer["results"]
            if not answer["next"]:
                break
            after = parse_qs(urlsplit(answer["next"]).query)["after"][0]


def _follow_logs(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    if args.lines or args.failed or args.attempt or args.search or args.fold:
        raise refused("follow", t("logs.follow_alone"))
    _expect_steps(args, server.get(_path(args))["step_executions"])
    return follow_logs(screen, server, args.id, args.step, timestamps=args.timestamps)


def _chosen(args: argparse.Namespace, steps: list[Json]) -> Iterator[Json]:
    _expect_steps(args, steps)
    for step in steps:
        named = not args.step or step["key"] in args.step
        failed = not args.failed or step["status"] == "failed"
        if named and failed and step["attempt"]:
            yield step


def _expect_steps(args: argparse.Namespace, steps: list[Json]) -> None:
    """Raises NotFound for a `--step` that is none of the execution."""
    known = [step["key"] for step in steps]
    for name in args.step:
        if name not in known:
            hint = nearest(name, known) or t("logs.known", known=", ".join(map(said, known)))
            raise NotFound(side_by_side(t("logs.no_step", execution=args.id, step=name), translated(hint)))


def _bytes(args: argparse.Namespace, server: Server, query: Json) -> Iterator[bytes]:
    """The whole log in pieces of whole lines: it may be longer than the memory is large."""
    start, rest = 0, b""
    while piece := server.read(f"{_path(args)}logs/", **query, start=start, end=start + PIECE):
        start += len(piece)
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline:
            yield whole + newline
    if rest:
        yield rest + b"\n"


def _lines(args: argparse.Namespace, server: Server, query: Json, first: int, last: int) -> list[bytes]:
    piece = server.read(f"{_path(args)}logs/", **query, first=first, last=last)
    return piece.removesuffix(b"\n").split(b"\n") if piece else []


def _times(args: argparse.Namespace, server: Server, query: Json, first: int, last: int) -> list[LineTime]:
    return line_times(server.get(f"{_path(args)}logs/times/", **query, first=first, last=last))


# ── what it kept ─────────────────────────────────────────────────────────────────────────────────────────────────


def _artifacts_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("executions.id"))
    parser.add_argument("-s", "--step", action="append", default=[], metavar="KEY", help=t("artifacts.step"))
    add_json(parser)


def _artifacts(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    found = [one for one in _kept(args, server) if not args.step or one["step"] in args.step]
    if args.json:
        write_json(screen, found, indent=2)
    else:
        show_table(screen, map(artifacts.row, found), empty=t("artifacts.none"))
    return OK


def _download_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("executions.id"))
    parser.add_argument("-s", "--step", action="append", default=[], metavar="KEY", help=t("artifacts.step"))
    parser.add_argument("-p", "--path", action="append", default=[], metavar="PATTERN", help=t("artifacts.path"))
    parser.add_argument("-d", "--dir", type=Path, default=Path(), metavar="FOLDER", help=t("artifacts.folder"))


def _download(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    """Of one step that is named, the files lie in the folder itself."""
    found = artifacts.chosen(_kept(args, server), steps=args.step, patterns=args.path)
    artifacts.fetch(screen, server, args.id, found, args.dir, flat=len(args.step) == 1)
    return OK


def _kept(args: argparse.Namespace, server: Server) -> Iterable[Json]:
    if args.step:
        _expect_steps(args, server.get(_path(args))["step_executions"])
    return server.every(f"{_path(args)}artifacts/")


# ── changing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _cancel_options(parser: argparse.ArgumentParser) -> None:
    add_id(parser, help_text=t("executions.id"))
    parser.add_argument("-s", "--step", default="", metavar="KEY", help=t("executions.cancel_step"))
    parser.add_argument("--immediate", action="store_true", help=t("executions.immediate"))
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help=t("executions.message"))
    add_json(parser)


def _cancel(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    given = {"step": args.step, "immediate": args.immediate, "message": args.message}
    answer = server.post(f"{_path(args)}cancel/", {name: value for name, value in given.items() if value})
    if args.json:
        write_json(screen, answer, indent=2)
    else:
        screen.print(t("executions.cancelling", id=args.id))
    return OK


def _again_options(parser: argparse.ArgumentParser) -> None:
    _one_options(parser)
    parser.add_argument("-w", "--watch", action="store_true", help=t("pipelines.watch"))


def _rerun_options(parser: argparse.ArgumentParser) -> None:
    _again_options(parser)
    parser.add_argument("-i", "--input", action="append", default=[], metavar="NAME=VALUE", help=t("option.input"))


def _rerun(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    body = {"parameters": inputs_of(args)} if args.input else {}
    return show_started(args, screen, server, server.post(f"{_path(args)}rerun/", body))


def _retry(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    return show_started(args, screen, server, server.post(f"{_path(args)}retry/"))


def _resume_options(parser: argparse.ArgumentParser) -> None:
    _again_options(parser)
    parser.add_argument("--from", dest="step", default="", metavar="KEY", help=t("executions.from"))


def _resume(args: argparse.Namespace, screen: Screen, server: Server) -> int:
    if not args.step:
        raise refused("from", t("executions.from_where"))
    return show_started(args, screen, server, server.post(f"{_path(args)}resume/", {"from_step": args.step}))


def _path(args: argparse.Namespace) -> str:
    return f"cicd/executions/{args.id}/"


VERBS = {
    "list": (_list_options, _list),
    "view": (_one_options, _view),
    "watch": (_one_options, _watch),
    "logs": (_logs_options, _logs),
    "why": (_one_options, _why),
    "artifacts": (_artifacts_options, _artifacts),
    "download": (_download_options, _download),
    "cancel": (_cancel_options, _cancel),
    "rerun": (_rerun_options, _rerun),
    "retry": (_again_options, _retry),
    "resume": (_resume_options, _resume),
}
