"""What steps of an execution wait for, as the server tells it now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from threading import Thread
from time import monotonic

from ansflow.cli.remote.server import Server
from ansflow.cli.remote.tables import reason_of
from ansflow.cli.sentences import why
from ansflow.core.errors import AnsFlowError

AGAIN = 3.0
"""Seconds: what a step waits for changes without an event of its execution."""


def waits(server: Server, path: str) -> dict[str, str]:
    """The sentence of each step that is ready and that no worker has begun, by its key, in their order. Empty where the
    server is too old to tell."""
    with suppress(AnsFlowError):  # the steps themselves have been shown
        found = server.get(f"{path}why/", offered="true")["decisions"]
        return {entry["step"]: entry["message"] for entry in found}
    return {}


def _waits_of(server: Server, path: str, steps: Collection[str]) -> dict[str, str]:
    """Of each of these how it stands, also of one that is not ready: what the server says last of it is so now."""
    with suppress(AnsFlowError):
        told = {key: server.get(f"{path}why/", step=key)["decisions"] for key in steps}
        return {
            key: why(reason_of(entry), entry["message"])
            for key, decisions in told.items()
            for entry in decisions
            if entry["step"] == key
        }
    return {}


class Waits:
    """Asks beside whoever draws, who is answered at once with what was heard last: of these `steps`, whatever they wait
    for, or of all that are ready.

    Nothing is asked before `AGAIN` seconds are over: most steps wait for a moment only.
    """

    def __init__(self, server: Server, path: str, steps: Collection[str] = ()) -> None:
        self._server = server
        self._path = path
        self._steps = steps
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
        steps = self._steps
        self._known = _waits_of(self._server, self._path, steps) if steps else waits(self._server, self._path)
