"""`ansflow list`: the runs that are kept on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice

from ansflow.cli.asked import at_least_one
from ansflow.cli.exits import OK
from ansflow.cli.look import duration, look_of
from ansflow.cli.terminal import Screen, cut, pad, plain, width
from ansflow.cli.texts import t
from ansflow.config.folders import data_folder
from ansflow.config.records import ExecutionRecord, Records
from ansflow.core.codec import dump


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--limit", type=at_least_one, default=20, metavar="N", help=t("list.limit"))
    parser.add_argument("--json", action="store_true", help=t("option.json"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    records = list(islice(Records(data_folder()).newest_first(), args.limit))
    if args.json:
        from ansflow.cli.views.jsonl import write_json  # noqa: PLC0415 — for programs only

        write_json(screen, [dump(record) for record in records], indent=2)
    elif records:
        for line in _table(screen, records):
            screen.print(line)
    else:
        screen.complain(t("list.none"))
    return OK


def _table(screen: Screen, records: list[ExecutionRecord]) -> Iterator[str]:
    numbers = max(len(str(record.number)) for record in records)
    names = min(max(width(plain(record.pipeline)) for record in records), max(screen.columns // 3, 8))
    words = max(width(look_of(record.status).word) for record in records)
    for record in records:
        look = look_of(record.status)
        started = record.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
        line = (
            f"{record.number:>{numbers}} {look.sign(screen)} {pad(cut(plain(record.pipeline), names), names)}  "
            f"{screen.paint(look.style, pad(look.word, words))}  {_seconds(record):>7}  {screen.paint('dim', started)}"
        )
        yield screen.fitted(line)


def _seconds(record: ExecutionRecord) -> str:
    return duration((record.ended_at - record.started_at).total_seconds()) if record.ended_at else ""
