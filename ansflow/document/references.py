"""Where a text reads `steps.<id>`: in `${{ … }}`, or all over in a bare condition. Everything else is left alone."""

from __future__ import annotations

from collections.abc import Iterator

from ansflow.core.expressions.parsing import IN_BRACES, TOKEN

OPEN = "${{"


def renamed_references(text: str, old: str, new: str, *, bare: bool) -> str:
    """The text with `steps.old` and `steps['old']` reading `new`."""
    for at in reversed(references(text, old, bare=bare)):
        text = text[:at] + new + text[at + len(old) :]
    return text


def references(text: str, step: str, *, bare: bool) -> list[int]:
    """Where the id of the step stands. `bare`: a text without braces is an expression as a whole."""
    regions = list(_regions(text))
    if not regions and bare:
        regions = [(0, len(text))]
    return [start + at for start, end in regions for at in _names(text[start:end], step)]


def _regions(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        ends = (found.start() for found in IN_BRACES.finditer(text, start + 3) if found[0] == "}}")
        at = next(ends, len(text))
        yield start + 3, at


def _names(expression: str, wanted: str) -> Iterator[int]:
    """The places of the id, in `steps.id` and in `steps['id']`."""
    tokens = [found for found in TOKEN.finditer(expression) if found.lastgroup != "space"]
    for index, token in enumerate(tokens[:-2]):
        if token[0] != "steps" or (index and tokens[index - 1][0] == "."):
            continue
        joint, name = tokens[index + 1], tokens[index + 2]
        if joint[0] == "." and name[0] == wanted:
            yield name.start()
        elif joint[0] == "[" and name.lastgroup == "text" and name[0][1:-1] == wanted:
            yield name.start() + 1
