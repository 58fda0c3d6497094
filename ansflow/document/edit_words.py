"""The words of `ansflow edit`: `set steps.unit.timeout 5m`, `need deploy build`, … become edits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ansflow.core.errors import InvalidSpec, Path
from ansflow.core.schema import nearest
from ansflow.document.nodes import refusal
from ansflow.document.step_edits import AddNeed, AddStep, MoveStep, RemoveNeed, RemoveStep, RenameStep
from ansflow.document.value_edits import Edit, InsertItem, SetValue, Unset
from ansflow.document.yaml import load

PART = re.compile(
    r"""\.?(?P<bare>[^\s.\[\]"'\\]+)
    | \.?(?P<quoted>"(?:[^"\\]|\\.)*")
    | \.?(?P<single>'[^']*')
    | \[(?P<index>\d+)\]
    | \[(?P<key>"(?:[^"\\]|\\.)*"|'[^']*')\]""",
    re.VERBOSE,
)

FORMS = {
    "set": "set PATH VALUE",
    "unset": "unset PATH",
    "insert": "insert PATH[INDEX] VALUE",
    "add-step": "add-step ID [--type TYPE] [--needs STEP]… [--run SCRIPT] [--after STEP]",
    "rename-step": "rename-step OLD NEW",
    "move-step": "move-step ID --before STEP | --after STEP",
    "remove-step": "remove-step ID",
    "need": "need STEP NEEDED",
    "unneed": "unneed STEP NEEDED",
}
"""Every edit with the words it takes: what a help text shows."""


def parse_path(text: str) -> Path:
    """`steps.unit.needs[0]`; a key with dots or spaces stands in quotes: `env."a.b"`."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        found = PART.match(text, at)
        if found is None or (not parts and text[0] == ".") or (parts and text[at] not in ".["):
            hint = 'Write it like steps.unit.needs[0]; a key with dots or spaces in quotes: env."a.b".'
            raise refusal("bad_path", f"{text!r} is no path: it cannot be read from {text[at:]!r} on.", hint)
        parts.append(_part(found))
        at = found.end()
    if not parts:
        raise refusal("bad_path", "The path is empty.", "Write it like steps.unit.needs[0].")
    return tuple(parts)


def _part(found: re.Match[str]) -> str | int:
    if found["index"]:
        return int(found["index"])
    if found["bare"]:
        return found["bare"]
    quoted: str = found["quoted"] or found["single"] or found["key"]
    return re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted[0] == '"' else quoted[1:-1]


def read_edit(words: Sequence[str]) -> Edit:
    """The edit that the words of a command line ask for; a value is read as YAML. Raises InvalidSpec."""
    name, rest = (words[0], list(words[1:])) if words else ("", [])
    read = READERS.get(name)
    if read is None:
        hint = nearest(name, FORMS) or "Known: " + ", ".join(FORMS) + "."
        raise refusal("unknown_edit", f"{name!r} is no edit.", hint)
    try:
        return read(rest)
    except (IndexError, ValueError):
        message = f"`{name}` cannot be read with these words: {' '.join(rest) or 'none'}."
        raise refusal("bad_words", message, f"Write: {FORMS[name]}.") from None


def _set(words: list[str]) -> Edit:
    path, value = words
    return SetValue(parse_path(path), _value(value))


def _unset(words: list[str]) -> Edit:
    (path,) = words
    return Unset(parse_path(path))


def _insert(words: list[str]) -> Edit:
    path, value = words
    *holder, index = parse_path(path)
    if not isinstance(index, int):
        raise ValueError(path)
    return InsertItem(tuple(holder), index, _value(value))


def _value(text: str) -> object:
    try:
        return load(text).value
    except InvalidSpec as error:
        problem = error.problems[0]
        raise refusal("bad_value", f"The value is no YAML: {problem.message}", problem.hint) from None


def _options(words: list[str], *known: str) -> tuple[list[str], dict[str, list[str]]]:
    """Words without options, and the values of each option; `--needs a,b` names two."""
    plain: list[str] = []
    options: dict[str, list[str]] = {name: [] for name in known}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            plain.append(word)
            continue
        name, has_value, value = word[2:].partition("=")
        if name not in options:
            raise ValueError(word)
        options[name].append(value if has_value else next(rest, ""))
    if any(not value for values in options.values() for value in values):
        raise ValueError("an option without a value")
    return plain, options


def _add_step(words: list[str]) -> Edit:
    (step,), options = _options(words, "type", "needs", "run", "after")
    needs = tuple(need for text in options["needs"] for need in re.split(r"[,\s]+", text) if need)
    one = {name: _one(options[name]) for name in ("type", "run", "after")}
    return AddStep(step, needs=needs, **one)


def _move_step(words: list[str]) -> Edit:
    (step,), options = _options(words, "before", "after")
    if bool(options["before"]) == bool(options["after"]):
        raise ValueError("one of --before and --after")
    return MoveStep(step, before=_one(options["before"]), after=_one(options["after"]))


def _one(values: list[str]) -> str:
    if len(values) > 1:
        raise ValueError("an option twice")
    return values[0] if values else ""


def _rename_step(words: list[str]) -> Edit:
    old, new = words
    return RenameStep(old, new)


def _remove_step(words: list[str]) -> Edit:
    (step,) = words
    return RemoveStep(step)


def _need(words: list[str]) -> Edit:
    step, need = words
    return AddNeed(step, need)


def _unneed(words: list[str]) -> Edit:
    step, need = words
    return RemoveNeed(step, need)


READERS: dict[str, Callable[[list[str]], Edit]] = {
    "set": _set,
    "unset": _unset,
    "insert": _insert,
    "add-step": _add_step,
    "rename-step": _rename_step,
    "move-step": _move_step,
    "remove-step": _remove_step,
    "need": _need,
    "unneed": _unneed,
}
