"""Writes docs/reference/cli.md from the parser of the command line: run it after a change of an option.

python docs/cli.py
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansflow.cli.parser import GROUPS, build_parser, commands_of
from ansflow.cli.texts import choose_language, t

PAGE = Path(__file__).parent / "reference" / "cli.md"
HEAD = """\
<!-- Written by docs/cli.py from ansflow/cli: change it there. -->
# Command line

`ansflow COMMAND --help` shows the same in a terminal, in English and in Chinese.

Every command understands `--lang en|zh` (also `ANSFLOW_LANG`; otherwise the locale decides) and
`--color auto|always|never` (`auto` heeds `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb`).
Of what a step prints, only colours reach the terminal.

## Exit codes

| code | meaning |
|---|---|
| 0 | done; the run succeeded |
| 1 | the run failed, or something else went wrong |
| 2 | the run was cancelled, other than by a signal |
| 3 | the run exceeded its own `timeout` |
| 4 | the server does not know who asks: sign in again |
| 5 | the pipeline file, an input or the command line is wrong; nothing was started |
| 130 | Ctrl-C; every process of the run has ended (129 after SIGHUP, 143 after SIGTERM) |
| 141 | nobody reads the output any more, as in `ansflow run \\| head`; the run was ended |

A wrong command line is 5 and not 2, so that 2 always means that a run was cancelled.
"""
SHARED = {"help", "lang", "color"}


def page() -> str:
    """The whole page, in English whatever the locale is."""
    choose_language(("--lang", "en"), {})
    commands = commands_of(build_parser(every=True))
    parts = [HEAD]
    for group, names in GROUPS.items():
        parts.append(f"## {t(f'help.group.{group}')}\n")
        parts += ["\n".join(_command(name, commands[name])) for name in names]
    return "\n".join(parts)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"### `ansflow {name}`\n"
    yield f"{t(f'{name}.about')}\n"
    yield from ("```bash", *(line.strip() for line in t(f"{name}.examples").splitlines()), "```\n")
    verbs = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    yield from _table([action for action in parser._actions if action not in verbs])
    for verb, verb_parser in (item for action in verbs for item in action.choices.items()):
        yield f"`{verb}`: {t(f'{name}.do.{verb}')}\n"
        yield from _table(verb_parser._actions, skip={"dry_run"})


def _table(actions: Sequence[argparse.Action], skip: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    shown = [action for action in actions if action.dest not in SHARED | skip]
    if shown:
        yield "| | |\n|---|---|"
        yield from (f"| {_written(action)} | {(action.help or '').replace('|', chr(92) + '|')} |" for action in shown)
        yield ""


def _written(action: argparse.Action) -> str:
    names = action.option_strings or [str(action.metavar or action.dest)]
    value = f" {action.metavar}" if action.option_strings and action.metavar else ""
    return ", ".join(f"`{name}{value}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
