"""Answers approvals from the keyboard while the live view is drawn: `y` approves, `n` rejects, without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Mapping
from typing import Any

from ansflow.cli.follow import Run


class Asking:
    """Asks for one step at a time. The keyboard is taken only while something waits, and given back by `close`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.fd = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else -1
        self.before: list[Any] | None = None
        self.step = ""

    def asked(self, step: str) -> bool:
        return step == self.step

    def listen(self, waiting: Mapping[str, object]) -> None:
        """Takes one answer if there is one. Safe to call when nothing waits."""
        self.step = next(iter(waiting), "") if self.fd >= 0 else ""
        if not self.step:
            self.close()
            return
        self._take()
        if select.select([self.fd], [], [], 0)[0]:
            self._answer(os.read(self.fd, 1).lower())

    def close(self) -> None:
        if self.before is not None:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.before)
            self.before = None

    def _take(self) -> None:
        if self.before is None:
            self.before = termios.tcgetattr(self.fd)
            tty.setcbreak(self.fd)

    def _answer(self, key: bytes) -> None:
        if key == b"y":
            self.run.approve(self.step)
        elif key == b"n":
            self.run.reject(self.step)
