"""`ansflow completion`: scripts made from the parser. A TAB starts no Python, except to name the steps of a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from ansflow.cli.exits import OK
from ansflow.cli.parser import build_parser, commands_of
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t

BASH = """\
# ansflow completion for bash
_ansflow() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in {names}) command=${{COMP_WORDS[i]}}; break ;; esac
    done
    COMPREPLY=()
    case $before in
        -s|--step) mapfile -t COMPREPLY < <(compgen -W "$(_ansflow_steps)" -- "$word"); return ;;
{choices}
    esac
    case $command in
{options}
    esac
    [[ $word == -* || -z $command ]] || mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$word")
}}
_ansflow_steps() {{
    sed -n '/^\\(steps\\|finally\\):/,/^[^ #]/s/^  \\([A-Za-z_][A-Za-z0-9_-]*\\):.*/\\1/p' \\
        .ansflow.yml ansflow.yml 2>/dev/null
}}
complete -o filenames -F _ansflow ansflow
"""

ZSH = """\
#compdef ansflow
# ansflow completion for zsh
_ansflow_steps() {{
    compadd -- ${{(f)"$(sed -n '/^\\(steps\\|finally\\):/,/^[^ #]/s/^  \\([A-Za-z_][A-Za-z0-9_-]*\\):.*/\\1/p' \\
        .ansflow.yml ansflow.yml 2>/dev/null)"}}
}}
_ansflow() {{
    local command=${{words[(r)({names})]}}
    case $command in
{options}
        *) _arguments '1:command:(({summaries}))' ;;
    esac
}}
_ansflow "$@"
"""

FISH = """\
# ansflow completion for fish
function __ansflow_steps
    sed -n '/^\\(steps\\|finally\\):/,/^[^ #]/s/^  \\([A-Za-z_][A-Za-z0-9_-]*\\):.*/\\1/p' \\
        .ansflow.yml ansflow.yml 2>/dev/null
end
{lines}
"""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help=t("completion.shell"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    commands = commands_of(build_parser(every=True))
    script = {"bash": bash, "zsh": zsh, "fish": fish}[args.shell](commands)
    screen.out.write(script)
    return OK


Commands = Mapping[str, argparse.ArgumentParser]


def flags(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    return (action for action in parser._actions if action.option_strings)


def bash(commands: Commands) -> str:
    def case(pattern: str, words: str) -> str:
        return f'        {pattern}) mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word") ;;'

    written = [case(name, " ".join((*_words(parser), *verbs(parser)))) for name, parser in commands.items()]
    written.append(case("*", " ".join((*commands, "--help", "--version", "--lang", "--color"))))
    return BASH.format(names="|".join(commands), options="\n".join(written), choices="\n".join(_bash_choices(commands)))


def _words(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in flags(parser):
        yield from action.option_strings


def verbs(parser: argparse.ArgumentParser) -> list[str]:
    """What may follow a command by name: `set` of `edit`, `show` of `steps`."""
    named = (action for action in parser._actions if not action.option_strings and action.choices)
    return [str(word) for action in named for word in action.choices or ()]


def _bash_choices(commands: Commands) -> Iterator[str]:
    """Values of options that know them: `--event push`."""
    known = {
        " ".join(action.option_strings): action.choices
        for parser in commands.values()
        for action in flags(parser)
        if action.choices
    }
    for names, choices in known.items():
        pattern, words = names.replace(" ", "|"), " ".join(map(str, choices))
        yield f'        {pattern}) mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word"); return ;;'


def zsh(commands: Commands) -> str:
    written = []
    for name, parser in commands.items():
        specs = " ".join(_zsh_flag(action) for action in flags(parser))
        words = f"{{compadd -- {' '.join(verbs(parser))}; _files}}" if verbs(parser) else "_files"
        written.append(f"        {name}) _arguments {specs} '*:word:{words}' ;;")
    summaries = " ".join(f"{name}\\:{_quoted(t(f'{name}.summary'))}" for name in commands)
    return ZSH.format(names="|".join(commands), options="\n".join(written), summaries=summaries)


def _zsh_flag(action: argparse.Action) -> str:
    text = "".join(" " if mark in "[]:'\"\\`$" else mark for mark in action.help or "")
    if action.nargs == 0:
        value = ""
    elif "--step" in action.option_strings:
        value = ":step:_ansflow_steps"
    else:
        value = f":value:({' '.join(map(str, action.choices))})" if action.choices else ":value:_files"
    return " ".join(f"'*{name}[{text}]{value}'" for name in action.option_strings)


def _quoted(text: str) -> str:
    return '"' + "".join(" " if mark in "\"'`$\\()" else mark for mark in text) + '"'


def fish(commands: Commands) -> str:
    lines = []
    for name, parser in commands.items():
        lines.append(f"complete -c ansflow -n __fish_use_subcommand -f -a {name} -d {_quoted(t(f'{name}.summary'))}")
        lines += [f"complete -c ansflow -n '__fish_seen_subcommand_from {name}' -a {verb}" for verb in verbs(parser)]
        lines += [_fish_flag(name, action) for action in flags(parser)]
    return FISH.format(lines="\n".join(lines))


def _fish_flag(command: str, action: argparse.Action) -> str:
    names = " ".join(f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}" for one in action.option_strings)
    value = "" if action.nargs == 0 else " -r"
    if "--step" in action.option_strings:
        value = " -x -a '(__ansflow_steps)'"
    elif action.choices:
        value = f" -x -a '{' '.join(map(str, action.choices))}'"
    condition = f"'__fish_seen_subcommand_from {command}'"
    return f"complete -c ansflow -n {condition} {names}{value} -d {_quoted(action.help or '')}"
