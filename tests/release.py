"""How much is broken: with every change a little, before a release (`make chaos`) as much as is promised."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Round = TypeVar("Round")

RELEASE = os.environ.get("ANSFLOW_CHAOS") == "release"
BACK = 5.0  # seconds until a server is ready again, on a machine that does nothing else

Progress = Callable[[Sequence[Round], str], Iterable[Round]]
"""Rounds of what takes long, which say how far they are: `for _ in progress(range(1000), "kill -9 of a worker")`."""
