"""Secrets of a local run: from a file of `NAME=value` lines, or from `ANSFLOW_SECRET_NAME` variables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ansflow.core.errors import InvalidSpec, NotFound, Problem

VARIABLE = "ANSFLOW_SECRET_"
LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


class LocalSecrets:
    """`Secrets` by name, for every step of a local run. The file wins over the variables."""

    def __init__(self, file: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        known = os.environ if environment is None else environment
        self._values = {
            name.removeprefix(VARIABLE): value for name, value in known.items() if name.startswith(VARIABLE)
        }
        if file is not None:
            self._values |= read_secret_file(file)

    def values(self, execution: int, names: Sequence[str], *, environment: str = "") -> Mapping[str, str]:
        missing = [name for name in names if name not in self._values]
        if missing:
            raise NotFound(_missing(missing), code="secret_missing")
        return {name: self._values[name] for name in names}

    def login(self, execution: int, name: str) -> None:
        """The repository of a local run is on this machine; a Git credential is a thing of a server."""
        if name:
            raise NotFound(
                f"{name} is no secret of this step, and Git credentials are kept on a server only. "
                f"To run it here, add it to the step: secrets: [{name}]",
                code="unknown_secret",
            )


def _missing(names: Sequence[str]) -> str:
    if len(names) > 1:
        return (
            f"There are no secrets {' and '.join(names)}: pass --secret-file FILE with a line NAME=… for each, "
            f"or set {VARIABLE}NAME for each."
        )
    (name,) = names
    return f"There is no secret {name}: pass --secret-file FILE with a line {name}=…, or set {VARIABLE}{name}."


def read_secret_file(file: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` comments; a value may stand in quotes, and then run over several lines."""
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidSpec(
            [Problem(code="unreadable", message=f"The secret file {file} cannot be read: {reason}.", file=str(file))]
        ) from None
    values: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise _bad_line(file, number, "is not of the form NAME=value")
        name, value = found[1], found[2]
        if name in values:
            raise _bad_line(file, number, "gives a name that an earlier line has given")
        if value[:1] in ("'", '"'):
            value = _quoted(value, lines, file, number)
        values[name] = value
    return values


def _quoted(value: str, lines: Iterator[tuple[int, str]], file: Path, number: int) -> str:
    """The text between the quotes, read on over the following lines where it does not end on this one."""
    quote, rest = value[0], value[1:]
    parts = [rest]
    while not parts[-1].rstrip().endswith(quote):
        following = next(lines, None)
        if following is None:
            raise _bad_line(file, number, f"opens a {quote} that is never closed")
        parts.append(following[1])
    return "\n".join(parts).rstrip()[:-1]


def _bad_line(file: Path, number: int, what: str) -> InvalidSpec:
    # The line itself is not shown: it may hold a secret.
    message = f"Line {number} of {file.name} {what}."
    return InvalidSpec([Problem(code="bad_secret_file", message=message, line=number, column=1, file=str(file))])
