"""What the steps of an execution wait for that are ready and that no worker has begun, as the server tells it now."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from time import monotonic

from ansflow.cli.remote.server import Server
from ansflow.core.errors import AnsFlowError

AGAIN = 3.0
"""Seconds: what a step waits for changes without an event of its execution."""


def waits(server: Server, path: str) -> dict[str, str]:
    """Its sentence, by the key of each such step, in their order. Empty where the server is too old to tell."""
    with suppress(AnsFlowError):  # the steps themselves have been shown
        found = server.get(f"{path}why/", offered="true")["decisions"]
        return {entry["step"]: entry["message"] for entry in found}
    return {}


class Waits:
    """Asks beside whoever draws, who is answered at once with what was heard last.

    Nothing is asked before `AGAIN` seconds are over: most steps wait for a moment only.
    """

    def __init__(self, server: Server, path: str) -> None:
        self._server = server
        self._path = path
        self._next = monotonic() + AGAIN
        self._asking: Thread | None = None
        self._known: dict[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        if monotonic() >= self._next and (self._asking is None or not self._asking.is_alive()):
            self._next = monotonic() + AGAIN
            self._asking = Thread(target=self._ask, name="waits", daemon=True)
            self._asking.start()
        return self._known

    def _ask(self) -> None:
        self._known = waits(self._server, self._path)
