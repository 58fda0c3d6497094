"""Where steps of a server run: in the strongest isolation that proves itself at the start, never in less unasked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansflow.config.settings import Settings
from ansflow.core.errors import NotAvailable
from ansflow.core.schema import Record
from ansflow.plugins import registry
from ansflow.plugins.contracts import Executor, Launch, Running, StepType


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """`executor` is for steps that name none. `warning` is told at the start; `refused` is why no step may run here."""

    executor: str
    host_allowed: bool = False  # in a pipeline file
    warning: str = ""
    refused: str = ""


def choose(settings: Settings, check: Callable[[str], str] = lambda name: registry.executor(name).check()) -> Isolation:
    """`check(executor)` says why it does not work here, "" where it does."""
    allowed = settings.allow_host_executor
    wrong = check("sandbox")
    if not wrong:
        return Isolation(executor="sandbox", host_allowed=allowed)
    if (settings.listens_on_loopback and not settings.is_spread) or allowed:
        why = "as the administrator allows" if allowed else "because only this machine can reach the server"
        warning = f"Steps run without isolation, {why}: they can read whatever the server can. {wrong}"
        return Isolation(executor="host", host_allowed=allowed, warning=warning, refused=check("host"))
    refused = (
        f"Steps are refused: other machines can reach this server, and it has no sandbox to run them in. {wrong} "
        "Or allow them to run without isolation: ANSFLOW_ALLOW_HOST_EXECUTOR=true."
    )
    return Isolation(executor="sandbox", warning=refused, refused=refused)


class Offered:
    """The registry as this server offers it to its engine: the last word, whatever a stored plan asks for."""

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation

    def step_type(self, name: str) -> StepType:
        return registry.step_type(name)

    def executor(self, name: str) -> Executor:
        """Raises NotAvailable with a sentence."""
        if self._isolation.refused:
            return Closed(name, self._isolation.refused)
        if name == "host" and not self._isolation.host_allowed and self._isolation.executor != "host":
            message = "The executor 'host' is not allowed on this server: its steps could read whatever the server can."
            raise NotAvailable(message)
        return registry.executor(name)


class Closed:
    """An executor that cannot be had: the server runs, its steps say why they do not."""

    summary = "Refuses every step."
    options = Record(fields={}, what="`executor` options")

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self._why = why

    def check(self) -> str:
        return self._why

    def open(self) -> None:
        """There is nothing to open."""

    def start(self, launch: Launch) -> Running:
        raise NotAvailable(self._why)

    def adopt(self, launch: Launch) -> Running | None:
        return None

    def close(self) -> None:
        """There is nothing to close."""
