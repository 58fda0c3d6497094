"""Whether the other processes of an installation are there: one that spreads the work does nothing alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from ansflow.apps.executions import workers
from ansflow.config.owning import is_owned

NO_WORKER = "No worker is alive: steps wait until one is started, with `ansflow worker`."
NO_SCHEDULER = (
    "No scheduler is alive: retries, deadlines, approvals that run out and lost workers wait until one is started, "
    "with `ansflow scheduler`."
)


class Around:
    """What is missing, as it was last seen. Told when it is new, and when it is over."""

    def __init__(self) -> None:
        self._missing: Mapping[str, str] = {"workers": "", "scheduler": ""}

    def look(self, warn: Callable[[str], None]) -> None:
        """Raises what the database raises while it is away."""
        before = self._missing
        self._missing = {
            "workers": "" if workers.alive().exists() else NO_WORKER,
            "scheduler": "" if is_owned() else NO_SCHEDULER,
        }
        for name, sentence in self._missing.items():
            if sentence and not before[name]:
                warn(sentence)
            elif before[name] and not sentence:
                logging.getLogger("ansflow").info("the %s: alive again", name)

    @property
    def checks(self) -> Mapping[str, Callable[[], str]]:
        return {name: lambda name=name: self._missing[name] for name in self._missing}  # type: ignore[misc]

    def missing_scheduler(self) -> str:
        return self._missing["scheduler"]
