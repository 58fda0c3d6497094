"""The words of the command line. Only the command that was asked for is imported: start-up is part of a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from ansflow import __version__
from ansflow.cli import exits
from ansflow.cli.sentences import side_by_side, translated
from ansflow.cli.terminal import Screen, pad, width, wrap
from ansflow.cli.texts import LANGUAGES, section, t

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

GROUPS: dict[str, tuple[str, ...]] = {
    "running": ("run", "plan", "list", "logs"),
    "server": (
        *("serve", "worker", "scheduler", "edge"),
        *("check", "backup", "restore", "migrate", "user", "keys", "audit", "scanners", "demo"),
    ),
    "remote": ("login", "logout", "projects", "pipelines", "executions", "approve", "workers", "token"),
    "writing": ("init", "validate", "graph", "steps", "edit"),
    "more": ("completion",),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)


def command_of(name: str) -> ModuleType:
    return import_module(f"ansflow.cli.commands.{name}")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the exit code for an invalid request."""

    def __init__(self, prog: str | None = None, *, description: str | None = None) -> None:
        super().__init__(prog, description=description, allow_abbrev=False, formatter_class=Help, add_help=False)
        self.add_argument("-h", "--help", action="help", help=t("option.help"))

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """What should be a number and is none: argparse would name the type as Python does."""
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            if action.type is not int:
                raise
            raise argparse.ArgumentError(action, t("help.no_number", given=arg_string)) from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A word that is no command, with the command that was probably meant."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            from ansflow.core.schema import nearest  # noqa: PLC0415 — 12 ms, for a word that was mistyped

            known = nearest(value, action.choices) or t("help.known", commands=", ".join(action.choices))
            raise argparse.ArgumentError(None, side_by_side(t("help.no_command", command=value), translated(known)))
        super()._check_value(action, value)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(exits.INVALID, f"{t('error')}{message}\n{t('help.more', command=self.prog)}\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """argparse's own passes over an output that cannot be written."""
        (file or sys.stderr).write(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        if message:
            self._print_message(message, sys.stderr)
        sys.stdout.flush()
        sys.exit(status)


class Help(argparse.HelpFormatter):
    """Wraps by columns, not characters: Chinese has no spaces and is two columns wide."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(Screen(sys.stdout).columns, 100) - 2)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Paragraphs are wrapped; indented lines are examples and stay as they are."""
        lines = (
            [line] if line.startswith(" ") else [indent + part for part in wrap(line, width)]
            for line in text.splitlines()
        )
        return "\n".join(line for wrapped in lines for line in wrapped)

    def _format_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None) -> str:
        """argparse breaks the usage by characters: as many columns as that is too wide, it is made narrower."""
        text = super()._format_usage(usage, actions, groups, prefix)
        over = max(map(width, text.splitlines()), default=0) - self._width
        if over <= 0:
            return text
        self._width -= over
        try:
            return super()._format_usage(usage, actions, groups, prefix)
        finally:
            self._width += over

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, t("help.usage") if prefix is None else prefix)


class TopParser(Parser):
    def format_help(self) -> str:
        """The commands by what they are for, and examples: what a newcomer reads first."""
        columns = min(Screen(sys.stdout).columns, 100)
        lines = [*wrap(t("help.about"), columns), "", t("help.usage") + t("help.synopsis")]
        for group, names in GROUPS.items():
            lines += ["", t(f"help.group.{group}")]
            lines += _columns(((name, t(f"{name}.summary")) for name in names), columns)
        lines += ["", t("help.options")]
        options = [action for action in self._actions if action.help and action.option_strings]
        lines += _columns(((_written(action), action.help or "") for action in options), columns)
        lines += ["", t("help.examples"), *t("help.example_lines").splitlines()]
        return "\n".join([*lines, "", t("help.more", command="ansflow " + t("help.command")), ""])


def _columns(rows: Iterable[tuple[str, str]], columns: int, first: int = 24) -> list[str]:
    lines = []
    for name, text in rows:
        head, *rest = wrap(text, max(columns - first, 20))
        lines.append(
            f"  {pad(name, first - 3)} {head}" if width(name) < first - 2 else f"  {name}\n{' ' * first}{head}"
        )
        lines += [" " * first + part for part in rest]
    return lines


def _written(action: argparse.Action) -> str:
    name = ", ".join(action.option_strings)
    return f"{name} {action.metavar}" if action.metavar else name


def build_parser(argv: Sequence[str] = (), *, every: bool = False) -> Parser:
    """The whole parser; the options of a command only when it is asked for (`every` for documents and completion)."""
    _translate_argparse()
    parser = TopParser(prog="ansflow")
    parser.add_argument("--version", action="version", version=f"ansflow {__version__}", help=t("option.version"))
    add_shared(parser, suppress=False)
    commands = parser.add_subparsers(dest="command", metavar=t("help.command"), parser_class=Parser)
    asked = next((word for word in argv if word in COMMANDS), None)
    for name in COMMANDS:
        command = commands.add_parser(name, help=t(f"{name}.summary"), description=t(f"{name}.summary"))
        if every or name == asked:
            command.description = t(f"{name}.about")
            command.epilog = f"{t('help.examples')}\n{t(f'{name}.examples')}"
            command_of(name).options(command)
            add_shared(command, suppress=True)
    return parser


def parse(parser: Parser, argv: Sequence[str]) -> argparse.Namespace:
    """The words as options. Files may also stand behind options; what nobody knows is told with its command's usage."""
    args, left = parser.parse_known_args(argv)
    if left and "files" in args and not any(word.startswith("-") for word in left):
        args.files += left
    elif left:
        command = commands_of(parser)[args.command] if args.command else parser
        command.error(t("help.unknown", words=" ".join(left)))
    return args


def add_shared(parser: argparse.ArgumentParser, *, suppress: bool) -> None:
    """Understood before and after the command's name. After it, leaving them out must not reset what stood before."""
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        metavar="LANG",
        default=argparse.SUPPRESS if suppress else "",
        help=t("option.lang", known=", ".join(LANGUAGES)),
    )
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        metavar="WHEN",
        default=argparse.SUPPRESS if suppress else "auto",
        help=t("option.color"),
    )


def _translate_argparse() -> None:
    """argparse looks its own sentences up through `_`: its door for other languages."""
    messages = section("argparse.")
    setattr(argparse, "_", lambda text: messages.get(text, text))  # noqa: B010 — the name is not in its stub


def commands_of(parser: Parser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by name."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)
