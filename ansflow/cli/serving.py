"""Commands that run until a signal ends them: what they are told on the command line, and what they tell."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ansflow.cli.sentences import side_by_side, translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t

if TYPE_CHECKING:
    from ansflow.config.settings import Settings


def settings_with(args: argparse.Namespace, options: Mapping[str, str]) -> Settings:
    """Those of the environment; an option, told by its variable, goes before that."""
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — the parser wants this module's users for options

    asked = {name: getattr(args, option.removeprefix("--").replace("-", "_")) for name, option in options.items()}
    given = {name: value for name, value in asked.items() if value is not None}
    return read_settings({**os.environ, **given}, flags={name: options[name] for name in given})


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
