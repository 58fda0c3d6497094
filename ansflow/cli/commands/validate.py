"""`ansflow validate`: every problem of pipeline files, placed."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from ansflow.cli.asked import the_file
from ansflow.cli.exits import INVALID, OK
from ansflow.cli.look import LOOKS
from ansflow.cli.pipeline import STDIN, document_of, shown_name
from ansflow.cli.problems import show_problems
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import count, t
from ansflow.core.errors import Problem
from ansflow.plugins.checking import check


@dataclass(frozen=True, slots=True)
class Checked:
    file: str
    source: str
    problems: tuple[Problem, ...]
    steps: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar=t("meta.file"), help=t("validate.files"))
    parser.add_argument("--json", action="store_true", help=t("option.json"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    checked = [_check(name) for name in args.files or [str(the_file(""))]]
    if args.json:
        _show_json(screen, checked)
    else:
        for one in checked:
            _show(screen, one)
    return INVALID if any(one.problems for one in checked) else OK


def _check(name: str) -> Checked:
    document = document_of(name if name == STDIN else str(the_file(name)))
    steps = len(document.spec.steps) + len(document.spec.final_steps) if document.spec else 0
    return Checked(shown_name(name), document.text, tuple(check(document)), steps)


def _show(screen: Screen, checked: Checked) -> None:
    file = plain(checked.file)
    if not checked.problems:
        screen.print(f"{LOOKS['success'].sign(screen)} {count('validate.ok', checked.steps, file=file)}")
        return
    show_problems(screen, checked.file, checked.source, checked.problems)
    screen.print(f"{LOOKS['failed'].sign(screen)} {count('validate.bad', len(checked.problems), file=file)}")


def _show_json(screen: Screen, checked: list[Checked]) -> None:
    from ansflow.cli.views.jsonl import write_json  # noqa: PLC0415 — for programs only

    files = [
        {
            "file": one.file,
            "valid": not one.problems,
            "steps": one.steps,
            "problems": [problem.for_programs() for problem in one.problems],
        }
        for one in checked
    ]
    write_json(screen, {"valid": not any(one.problems for one in checked), "files": files}, indent=2)
