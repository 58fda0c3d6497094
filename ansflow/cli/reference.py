"""The reference page of the command line, made from the parser: `make docs` writes `docs/reference/cli.md`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from ansflow.cli.parser import GROUPS, build_parser, commands_of
from ansflow.cli.texts import choose_language, t


def page() -> str:
    """Markdown, in English whatever the locale is."""
    choose_language(("--lang", "en"), {})
    commands = commands_of(build_parser(every=True))
    parts = [t("reference.intro")]
    for group, names in GROUPS.items():
        parts.append(f"## {t(f'help.group.{group}')}")
        parts += ["\n".join(_command(name, commands[name])) for name in names]
    return "\n\n".join([*parts, t("reference.end")]) + "\n"


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"### ansflow {name}\n"
    yield f"{t(f'{name}.about')}\n"
    yield from ("```", *(line.strip() for line in t(f"{name}.examples").splitlines()), "```\n")
    yield from _table([action for action in parser._actions if "--lang" not in action.option_strings])
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, verb_parser in action.choices.items():
                yield f"\n`{verb}`: {t(f'edit.do.{verb}')}\n"
                yield from _table(verb_parser._actions)


def _table(actions: Sequence[argparse.Action]) -> Iterator[str]:
    shown = [action for action in actions if action.help and action.dest not in {"help", "color"}]
    if not shown:
        return
    yield "| | |"
    yield "|---|---|"
    for action in shown:
        yield f"| {_written(action)} | {_escaped(action.help or '')} |"


def _written(action: argparse.Action) -> str:
    value = f" {action.metavar or ''}".rstrip()
    names = action.option_strings or [str(action.metavar or action.dest)]
    return ", ".join(f"`{name}{value if action.option_strings else ''}`" for name in names)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
