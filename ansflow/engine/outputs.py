"""What a step writes to `$ANSFLOW_OUTPUT`: `name=value` lines, and values of several lines.

    version=1.4.2
    notes<<END
    first line
    second line
    END

Only the line that is the delimiter and nothing else ends such a value, so a `name=value` or a second `<<` within it is
text. A delimiter that never comes back makes the file invalid, instead of swallowing what follows.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.plugins.step_files import open_regular

MAX_BYTES = 1 << 20
MAX_OUTPUTS = 1_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


def read_outputs(path: Path) -> dict[str, str]:
    """Later lines win. Raises InvalidSpec with a sentence that names the line."""
    return parse_outputs(read_limited(path, "$ANSFLOW_OUTPUT"))


def read_limited(path: Path, what: str) -> str:
    """A missing file is empty. Raises InvalidSpec when it is too large, or anything but a regular file."""
    try:
        data = _read(path, MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _invalid(f"{what} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise _invalid(f"{what} holds more than {MAX_BYTES >> 20} MiB.")
    return data.decode("utf-8", "replace")


def _read(path: Path, size: int) -> bytes:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with open(open_regular(path.name, folder=folder), "rb") as file:
            return file.read(size)
    finally:
        os.close(folder)


def parse_outputs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        at += 1
        if not line.strip():
            continue
        name, sign, value = _parted(line)
        if not sign or not NAME.fullmatch(name):
            raise _invalid(f"Line {at} of $ANSFLOW_OUTPUT is neither name=value nor name<<DELIMITER.")
        if sign == "<<":
            value, at = _until(lines, at, name, value)
        found[name] = value
        if len(found) > MAX_OUTPUTS:
            raise _invalid(f"A step may write {MAX_OUTPUTS} outputs; this one wrote more.")
    return found


def _parted(line: str) -> tuple[str, str, str]:
    """Name, sign and the rest: whichever sign comes first is meant."""
    equals, heredoc = line.find("="), line.find("<<")
    if heredoc >= 0 and (equals < 0 or heredoc < equals):
        return line[:heredoc], "<<", line[heredoc + 2 :]
    return (line[:equals], "=", line[equals + 1 :]) if equals >= 0 else (line, "", "")


def _until(lines: list[str], at: int, name: str, delimiter: str) -> tuple[str, int]:
    if not delimiter:
        raise _invalid(f"Line {at} of $ANSFLOW_OUTPUT names no delimiter after {name}<<.")
    for end in range(at, len(lines)):
        if lines[end].removesuffix("\r") == delimiter:
            return "\n".join(lines[at:end]), end + 1
    raise _invalid(f"The output {name} has no end: no line is {delimiter!r} alone.")


def _invalid(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="outputs", message=message)])
