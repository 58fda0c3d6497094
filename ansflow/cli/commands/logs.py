"""`ansflow logs`: what the steps of a run printed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count as numbers_from

from ansflow.cli.asked import at_least_one, refused
from ansflow.cli.exits import OK
from ansflow.cli.found import Hit, search_options, show_found
from ansflow.cli.look import duration, look_of
from ansflow.cli.marks import Marked
from ansflow.cli.sentences import side_by_side, translated, why
from ansflow.cli.stamps import stamped_by
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import count, t
from ansflow.config.folders import data_folder
from ansflow.config.records import ExecutionRecord, Records, StepRecord
from ansflow.core.errors import NotFound
from ansflow.core.log_times import LogTimes
from ansflow.core.schema import nearest
from ansflow.core.status import StepStatus
from ansflow.infra.storage.logs import FileLogs

Read = Callable[[int, int], list[bytes]]

PAGE = 1000
RANGE = re.compile(r"(\d*)-(\d*)|(\d+)")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("execution", nargs="?", type=int, metavar=t("meta.execution"), help=t("logs.execution"))
    parser.add_argument("-s", "--step", action="append", default=[], metavar="ID", help=t("logs.step"))
    parser.add_argument("--attempt", type=at_least_one, default=0, metavar="N", help=t("logs.attempt"))
    parser.add_argument("--lines", default="", metavar="A-B", help=t("logs.lines"))
    parser.add_argument("--failed", action="store_true", help=t("logs.failed"))
    parser.add_argument("-t", "--timestamps", action="store_true", help=t("logs.timestamps"))
    search_options(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    first, last = line_range(args.lines)
    data = data_folder()
    record = _record(Records(data), args.execution)
    chosen = list(_chosen(record, args))
    if not chosen:
        screen.complain(t("logs.none"))
    elif args.attempt > (most := max(step.attempt for _, step in chosen)):
        raise refused("attempt", count("logs.no_attempt", most, attempt=args.attempt))
    logs = FileLogs(data / "logs")
    whole_lines(args)
    if args.search:
        if chosen and not show_found(screen, _found(args, logs, record.number, chosen)):
            screen.complain(t("logs.nothing_found"))
        return OK
    for key, step in chosen:
        if len(chosen) > 1:
            screen.print(_heading(screen, key, step))
        attempt = args.attempt or step.attempt
        if attempt <= step.attempt:  # others, of the same run, were tried more often
            fold = logs.outline(record.number, key, attempt) if args.fold else None
            of = (record.number, key, attempt)
            stamps = stamped_by(partial(_times, logs, of), screen) if args.timestamps else None
            marked = Marked(screen, fold=fold, first=first, stamps=stamps)
            show_lines(screen, line_blocks(partial(_lines, logs, of), first, last), marked, partial(logs.count, *of))
    return OK


@dataclass(frozen=True, slots=True)
class Kept:
    """A log as a search wants it."""

    logs: FileLogs
    execution: int
    step: str
    attempt: int
    length: int

    def read(self, start: int, end: int) -> bytes:
        return self.logs.read(self.execution, self.step, self.attempt, start=start, end=end)

    def lines(self, first: int, last: int) -> list[bytes]:
        return self.logs.lines(self.execution, self.step, self.attempt, first=first, last=last)


def _found(
    args: argparse.Namespace, logs: FileLogs, execution: int, chosen: list[tuple[str, StepRecord]]
) -> Iterator[Hit]:
    from ansflow.infra.searching import Place, Wanted, search  # noqa: PLC0415 — the engine of patterns is large

    attempts = [(key, args.attempt or step.attempt) for key, step in chosen if args.attempt <= step.attempt]
    among = [Kept(logs, execution, key, attempt, logs.length(execution, key, attempt)) for key, attempt in attempts]
    wanted = Wanted(text=args.search, regex=args.regex, case=args.case, around=args.around)
    place: Place | None = Place(0)
    while place is not None:
        found = search(among, wanted, after=place)
        yield from (hit._asdict() for hit in found.hits)
        place = found.next


def show_lines(screen: Screen, pieces: Iterable[bytes], marked: Marked, there: Callable[[], int]) -> None:
    """Pieces of whole lines; where there are none it says why. `there`: how many lines the whole log has."""
    printed = False
    for piece in pieces:
        screen.write(marked.show(piece))
        printed = True
    if not printed:
        lines = there()
        said = count("logs.beyond", lines) if lines else t("logs.silent")
        screen.complain(screen.errors.paint("dim", said))


def line_range(given: str) -> tuple[int, int | None]:
    """`120-160`, `120-`, `-160` or `120`, as first and last line."""
    if not given:
        return 1, None
    found = RANGE.fullmatch(given)
    if not found or given == "-":
        raise refused("lines", t("logs.lines_form", given=given))
    first = int(found[3] or found[1] or 1)
    last = int(found[3] or found[2]) if found[3] or found[2] else None
    if first < 1 or (last is not None and last < first):
        raise refused("lines", t("logs.lines_order", given=given))
    return first, last


def whole_lines(args: argparse.Namespace) -> None:
    if args.search and args.timestamps:
        raise refused("timestamps", t("logs.timestamps_alone"))


def _record(records: Records, number: int | None) -> ExecutionRecord:
    if number is not None:
        return records.read(number)
    newest = next(records.newest_first(), None)
    if newest is None:
        raise NotFound(t("list.none"))
    return newest


def _chosen(record: ExecutionRecord, args: argparse.Namespace) -> Iterator[tuple[str, StepRecord]]:
    known = {*record.steps, *(step.step_id for step in record.steps.values())}
    for name in args.step:
        if name not in known:
            hint = nearest(name, known) or t("logs.known", known=", ".join(record.steps))
            raise NotFound(side_by_side(t("logs.no_step", execution=record.number, step=name), translated(hint)))
    for key, step in record.steps.items():
        named = not args.step or key in args.step or step.step_id in args.step
        failed = not args.failed or step.status is StepStatus.FAILED
        if named and failed and step.attempt:
            yield key, step


def _heading(screen: Screen, key: str, step: StepRecord) -> str:
    look = look_of(step.status, step.reason, allowed=step.allowed_failure)
    seconds = (step.ended_at - step.started_at).total_seconds() if step.started_at and step.ended_at else None
    parts = [look.word, *([duration(seconds)] if seconds is not None else [])]
    said = " ".join([*parts, why(step.reason, step.message)]).rstrip()
    return f"{look.sign(screen)} {screen.paint('bold', plain(key))}  {screen.paint('dim', said)}"


def _lines(logs: FileLogs, attempt: tuple[int, str, int], first: int, last: int) -> list[bytes]:
    return logs.lines(*attempt, first=first, last=last)


def _times(logs: FileLogs, attempt: tuple[int, str, int], first: int, last: int) -> LogTimes:
    return logs.times(*attempt, first=first, last=last)


def line_blocks(read: Read, first: int, last: int | None) -> Iterator[bytes]:
    """The lines asked for, so many at a time: a log may be longer than the memory is large."""
    for start in numbers_from(first, PAGE):
        end = start + PAGE - 1 if last is None else min(start + PAGE - 1, last)
        lines = read(start, end)
        if lines:
            yield b"\n".join(lines) + b"\n"
        if len(lines) < PAGE:
            return
