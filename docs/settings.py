"""Writes docs/reference/settings.md from ansflow/config/settings.py: run it after a change of a setting.

python docs/settings.py
"""

from __future__ import annotations

from dataclasses import Field
from pathlib import Path
from typing import Any

from ansflow.config.settings import IN_FILES, VARIABLES

PAGE = Path(__file__).parent / "reference" / "settings.md"
HEAD = """\
<!-- Written by docs/settings.py from ansflow/config/settings.py: change it there. -->
# Settings of the server

`ansflow serve` needs none of them; workers, schedulers and edges of an installation on many machines read the same
ones. They are variables of the environment, read once at the start; an option of the
command line goes before its variable. A value that does not fit ends the start with a sentence that names the
variable, and a name that looks like one of these and is none is named with the one that was probably meant.

An address with a password need not stand in the environment: {in_files} name a file
instead, whose first line is the value. It must belong to the server's user or to root, and be closed to others.

| variable | meaning | default |
|---|---|---|
"""
DATA_DIR = (
    "| `ANSFLOW_DATA_DIR` | The folder that holds everything the server writes. "
    "| `$XDG_DATA_HOME/ansflow`, else `~/.local/share/ansflow` |"
)


def page() -> str:
    rows = [f"| `{name}` | {known.metadata['about']} | {_default(known)} |" for name, known in VARIABLES.items()]
    names = [f"`{name}`" for name in IN_FILES]
    head = HEAD.replace("{in_files}", f"{', '.join(names[:-1])} and {names[-1]}")
    return head + "\n".join([DATA_DIR, *rows, ""])


def _default(known: Field[Any]) -> str:
    if known.metadata["shown"]:
        return str(known.metadata["shown"])
    value = known.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{value}`" if value not in ("", None) else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
