"""Commands that run until a signal ends them: what they are told on the command line, and what they tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ansflow.cli.sentences import side_by_side, translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t

if TYPE_CHECKING:
    from ansflow.config.settings import Settings


def settings_with(flags: Mapping[str, str | None]) -> Settings:
    """Those of the environment; a flag goes before its variable."""
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — the parser wants this module's users for options

    said = {name: value for name, value in flags.items() if value is not None}
    return read_settings({**os.environ, **said})


def teller(screen: Screen, command: str) -> Callable[..., None]:
    """What happens, in the words of that command, as it happens."""

    def tell(what: str, **values: str) -> None:
        if what == "warning":
            sign = t("serve.warning")
            said = side_by_side(sign, translated(values["message"]))
            screen.errors.print(screen.errors.paint("yellow", sign) + said.removeprefix(sign))
            screen.errors.out.flush()
            return
        screen.print(t(f"{command}.told.{what}", **values))
        screen.out.flush()

    return tell
