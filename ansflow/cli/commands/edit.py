"""`ansflow edit`: changes one thing in a pipeline file, and keeps every other byte."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansflow.cli.asked import the_file
from ansflow.cli.exits import INVALID, OK
from ansflow.cli.look import LOOKS
from ansflow.cli.parser import add_shared
from ansflow.cli.pipeline import STDIN, document_of, shown_name
from ansflow.cli.problems import show_problems
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec
from ansflow.core.failing import on_failure
from ansflow.document.edits import apply, read_edit
from ansflow.document.reader import Document, read
from ansflow.plugins.checking import check

Argument = tuple[str, str, str]  # of an edit: name, metavar, key of its text

EDITS: dict[str, tuple[Argument, ...]] = {
    "set": (("path", "PATH", "edit.path"), ("value", "VALUE", "edit.value")),
    "unset": (("path", "PATH", "edit.path"),),
    "insert": (("path", "PATH[INDEX]", "edit.path"), ("value", "VALUE", "edit.value")),
    "add-step": (
        ("step", "ID", "edit.step"),
        ("--type", "TYPE", "edit.type"),
        ("--needs", "STEP", "edit.needs"),
        ("--run", "SCRIPT", "edit.run"),
        ("--after", "STEP", "edit.after"),
    ),
    "rename-step": (("step", "ID", "edit.step"), ("name", "NAME", "edit.name")),
    "move-step": (
        ("step", "ID", "edit.step"),
        ("--before", "STEP", "edit.before"),
        ("--after", "STEP", "edit.after"),
    ),
    "remove-step": (("step", "ID", "edit.step"),),
    "need": (("step", "ID", "edit.step"), ("needed", "NEEDED", "edit.needed")),
    "unneed": (("step", "ID", "edit.step"), ("needed", "NEEDED", "edit.needed")),
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar=t("meta.file"), help=t("edit.file"))
    _dry_run(parser, default=False)
    verbs = parser.add_subparsers(dest="edit", metavar=t("edit.which"), required=True, help=t("edit.which_help"))
    for name, arguments in EDITS.items():
        verb = verbs.add_parser(name, help=t(f"edit.do.{name}"), description=t(f"edit.do.{name}"))
        for argument, metavar, key in arguments:
            more = {"action": "append"} if argument == "--needs" else {}
            verb.add_argument(argument, metavar=metavar, help=t(key), **more)  # type: ignore[arg-type]
        _dry_run(verb, default=argparse.SUPPRESS)
        add_shared(verb, suppress=True)


def _dry_run(parser: argparse.ArgumentParser, *, default: bool | str) -> None:
    parser.add_argument("--dry-run", action="store_true", default=default, help=t("edit.dry_run"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    name = args.file if args.file == STDIN else str(the_file(args.file))
    before = document_of(name)
    if not before.text and before.problems:  # it could not be read at all
        show_problems(screen.errors, name, "", before.problems)
        return INVALID
    try:
        text = apply(before.text, read_edit(list(_words(args))))
    except InvalidSpec as error:
        show_problems(screen.errors, shown_name(name), before.text, error.problems)
        return INVALID
    unfinished = f"steps.{args.step}.run" if args.edit == "add-step" and not args.run else ""
    if _breaks(screen, before, text, name, unfinished):
        return INVALID
    return _keep(args, screen, before.text, text, name)


def _words(args: argparse.Namespace) -> Iterator[str]:
    """The edit as its own reader wants it."""
    yield args.edit
    for argument, _, _ in EDITS[args.edit]:
        given = getattr(args, argument.lstrip("-"))
        if not argument.startswith("--"):
            yield given
            continue
        for value in given if isinstance(given, list) else [given] if given is not None else []:
            yield f"{argument}={value}"


def _breaks(screen: Screen, before: Document, text: str, name: str, unfinished: str) -> bool:
    """A file that was valid stays valid; one that was not may be mended step by step.

    `unfinished` is where a new step says what it runs: that it does not say so yet is told, and refused by `run`.
    """
    problems = check(read(text))
    if problems and all(".".join(map(str, problem.path)) == unfinished for problem in problems):
        screen.complain(t("edit.unfinished", file=plain(shown_name(name)), path=unfinished))
        return False
    if not problems or check(before):
        return False
    screen.complain(t("edit.breaks", file=plain(shown_name(name))))
    show_problems(screen.errors, shown_name(name), text, problems)
    return True


def _keep(args: argparse.Namespace, screen: Screen, before: str, text: str, name: str) -> int:
    if args.dry_run:
        for line in _diff(screen, before, text, name):
            screen.print(line)
    elif name == STDIN:
        sys.stdout.buffer.write(text.encode())
    elif text == before:
        screen.print(t("edit.same", file=plain(name)))
    else:
        _replace(Path(name), text)
        screen.print(f"{LOOKS['success'].sign(screen)} {t('edit.done', file=plain(name))}")
    return OK


def _diff(screen: Screen, before: str, text: str, name: str) -> Iterator[str]:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), name, name, lineterm="")
    for number, line in enumerate(lines):
        yield screen.paint("bold" if number < 2 else styles.get(line[:1], ""), plain(line))


def _replace(file: Path, text: str) -> None:
    """At once and whole: a reader sees the old text or the new one. A link stays a link; the mode stays as it was."""
    file = file.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    with on_failure(lambda: os.unlink(temporary)):
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode())
            os.fchmod(out.fileno(), file.stat().st_mode & 0o7777)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
