"""Commands that take one of their words as a program: there a value would be executed, however well it is quoted.

A word comes as text in which VALUE stands for an expression, WRITTEN for one whose values stand in the file itself (a
matrix), and QUOTED_BRACKET for a `[` that quotes made literal. What is WRITTEN is trusted like the script around it,
also as the name of a command: `python${{ matrix.python }}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

VALUE = "\0"
QUOTED_BRACKET = "\1"
WRITTEN = "\2"
JOIN = "\3"
"""Stands for an operator within `[[ … ]]`, where sh would end the command."""

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^\]]*\])?\+?=", re.ASCII)
SUBSCRIPT = re.compile(rf"(?:[A-Za-z_]\w*)?\[[^\]]*{VALUE}", re.ASCII)
KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{"})
STARTS_BUILTIN = frozenset({"command", "builtin", "time"})
STARTS_PROGRAM = frozenset({"sudo", "doas", "exec", "nohup", "setsid", "env", "xargs"})
EVALUATES: Mapping[str, str] = {
    "eval": "executes its words",
    "coproc": "executes its words",
    "trap": "executes its first word later",
    "alias": "makes a command of its words",
    **dict.fromkeys(("let", "compgen", "complete", "bind", "enable"), "evaluates its words"),
    **dict.fromkeys(("unset", "read", "mapfile", "readarray", "getopts"), "evaluates its words as names"),
    "ssh": "hands its words to a shell on the other side",
    **dict.fromkeys(("watch", "parallel"), "hands its words to a shell"),
}
EVALUATED_VARIABLES = frozenset({"PS0", "PS1", "PS4", "PROMPT_COMMAND", "BASH_ENV", "ENV"})
DECLARES = frozenset({"declare", "typeset", "local", "readonly", "export"})
COMPARES_NUMBERS = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})
REDIRECTED = "_="
"""Stands for a redirection in front of a command, after which no word is a keyword."""

_COMMAND = re.compile(r"-[A-Za-z]*c[A-Za-z]*$")
_SCRIPT = re.compile(r"-[A-Za-z]*[eE]$|--eval$|--expression$")
INTERPRETERS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh", "fish", "su", "runuser", "script", "flock"), _COMMAND),
    **dict.fromkeys(("python", "python2", "python3", "pypy3"), _COMMAND),
    **dict.fromkeys(("perl", "ruby", "lua"), _SCRIPT),
    "node": re.compile(r"-[pe]+$|--eval$|--print$"),
    "php": re.compile(r"-[rRBE]$"),
    "pwsh": re.compile(r"(?i)-c(ommand)?$|-e\w*$"),
}
"""With the option whose word is a program."""
FIRST_WORD_IS_PROGRAM: Mapping[str, tuple[str, ...]] = {
    "sed": (),
    **dict.fromkeys(("awk", "gawk", "mawk"), ("-v", "-F")),
}
"""With the options that take a word of their own."""


def why_unsafe(words: Sequence[str]) -> str:
    """Why a value among the words of one simple command would be executed, as a clause; "" when it would not."""
    if not any(VALUE in word for word in words):
        return ""
    command = command_of(words)
    before = words[: len(words) - len(command)]
    if in_subscript([*before, *command[:1]]):
        return "the shell evaluates the index of an array"
    if any(VALUE in word and word.partition("=")[0] in EVALUATED_VARIABLES for word in before):
        return "the shell executes what this variable holds"
    if not command:
        return ""
    if VALUE in command[0]:
        return "it would be the command itself"
    return _why_builtin(command[0], command[1:]) or _why_program(words)


def base_name(word: str) -> str:
    """The name of a program without folder, and without a version that a matrix supplies."""
    name = word.rpartition("/")[2]
    return name.partition(WRITTEN)[0].rstrip("0123456789.-") if WRITTEN in name else name


def is_test(words: Sequence[str]) -> bool:
    """Whether the command is `[[ … ]]`: a keyword, and so only where nothing but keywords stand before it."""
    return "[[" in words and next((word for word in words if word not in KEYWORDS and word != "time"), "") == "[["


def in_subscript(words: Sequence[str]) -> bool:
    return any(SUBSCRIPT.match(word) for word in words)


def command_of(words: Sequence[str]) -> Sequence[str]:
    """The words from the command's name on: without keywords, assignments and commands that only start another."""
    at = 2 if words[:1] == ["function"] else 0
    while at < len(words):
        if words[at] in STARTS_BUILTIN:
            while words[at + 1 : at + 2] and words[at + 1].startswith("-"):
                at += 1
        elif not (words[at] in KEYWORDS or words[at] in STARTS_PROGRAM or ASSIGNMENT.match(words[at])):
            break
        at += 1
    return words[at:]


def reads_program(words: Sequence[str]) -> bool:
    """Whether a command reads a program from its input, as `bash` and `ssh host` do."""
    for at, word in enumerate(words):
        name = base_name(word)
        rest = words[at + 1 :]
        if name == "ssh":
            return True
        if name in INTERPRETERS and ("-s" in rest or all(argument.startswith("-") for argument in rest)):
            return True
    return False


def _why_builtin(name: str, arguments: Sequence[str]) -> str:
    base = base_name(name)
    if base in EVALUATES:
        return f"{base} {EVALUATES[base]}"
    if name == "[[":
        return _why_test(arguments)
    if (name in ("[", "test") and _takes_name(arguments)) or (name == "printf" and _takes_name(arguments[:2])):
        return f"{name} -v evaluates the name of a variable"
    if name in DECLARES:
        if any(VALUE in argument.partition("=")[0] for argument in arguments):
            return f"{name} evaluates the name of a variable"
        if any(re.fullmatch(r"-[A-Za-z]*[in][A-Za-z]*", argument) for argument in arguments):
            return f"{name} -i and -n evaluate the value"
    return ""


def _why_test(arguments: Sequence[str]) -> str:
    if COMPARES_NUMBERS & set(arguments):
        return "[[ evaluates what it compares as numbers, which [ does not"
    joined = next((at for at, word in enumerate(arguments) if word == JOIN), len(arguments))
    if any(VALUE in word for word in arguments[joined:]):
        return "sh, which does not know [[, would read a command there; write `shell: bash`"
    return ""


def _takes_name(arguments: Sequence[str]) -> bool:
    """`-v NAME`, where the option may itself be a value."""
    return any((one == "-v" or one.startswith(VALUE)) and VALUE in two for one, two in pairwise(arguments))


def _why_program(words: Sequence[str]) -> str:
    """Looks at every word, since interpreters are often started by other programs: `timeout 5 bash -c "…"`."""
    for at, word in enumerate(words):
        name = base_name(word)
        rest = words[at + 1 :]
        if word.startswith(WRITTEN) and _has_option_and_value(rest):
            return "a program that is not named here could execute it"
        if name == "eval" and any(VALUE in argument for argument in rest):
            return "eval executes its words"
        if name in INTERPRETERS and _option_takes_value(INTERPRETERS[name], rest):
            return f"{name} would execute it as a part of its program"
        if name in FIRST_WORD_IS_PROGRAM and _first_word_has_value(FIRST_WORD_IS_PROGRAM[name], rest):
            return f"{name} would execute it as a part of its program"
    return ""


def _option_takes_value(program: re.Pattern[str], rest: Sequence[str]) -> bool:
    for at, word in enumerate(rest):
        if not word.startswith("-"):
            return False
        if program.match(word):
            return any(VALUE in argument for argument in rest[at : at + 2])
        if VALUE in word and program.match(word.partition(VALUE)[0].removesuffix("=")):
            return True
    return False


def _has_option_and_value(rest: Sequence[str]) -> bool:
    return any(word.startswith("-") for word in rest) and any(VALUE in word for word in rest)


def _first_word_has_value(with_word: tuple[str, ...], rest: Sequence[str]) -> bool:
    taken = False
    for word in rest:
        if taken:
            taken = False
        elif word in with_word:
            taken = True
        elif not word.startswith("-"):
            return VALUE in word
    return False
