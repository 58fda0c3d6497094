"""One look per status: icon, word and colour, the same in every view and in the web app."""

from __future__ import annotations

from dataclasses import dataclass

from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.status import Reason, StepStatus

OUR_FAULT = frozenset({Reason.WORKER_LOST, Reason.POISONED, Reason.INTERNAL_ERROR})


@dataclass(frozen=True, slots=True)
class Look:
    token: str
    icon: str
    ascii: str
    style: str

    @property
    def word(self) -> str:
        return t(f"status.{self.token}")

    def sign(self, screen: Screen) -> str:
        return screen.paint(self.style, self.icon if screen.unicode else self.ascii)

    def said(self, screen: Screen) -> str:
        return screen.paint(self.style, self.word)


LOOKS = {
    look.token: look
    for look in (
        Look("pending", "◌", ".", "grey"),
        Look("waiting", "‖", "?", "amber"),
        Look("running", "●", "*", "blue"),
        Look("success", "✓", "+", "green"),
        Look("failed", "✗", "x", "red"),
        Look("error", "■", "#", "dark red"),
        Look("cancelled", "⊘", "/", "grey"),
        Look("skipped", "»", ">", "grey"),
        Look("timeout", "✗", "x", "red"),
        Look("allowed", "!", "!", "orange"),
    )
}


def look_of(status: str, reason: Reason | None = None, *, allowed: bool = False) -> Look:
    """The look of a step's or an execution's status."""
    if status == StepStatus.FAILED and allowed:
        return LOOKS["allowed"]
    if status == StepStatus.FAILED and reason in OUR_FAULT:
        return LOOKS["error"]
    return LOOKS[str(status)]


def duration(seconds: float) -> str:
    """`40ms`, `0.4s`, `12s`, `1m 12s`, `2h 5m`: short, and the same in every language."""
    if seconds < 0.0995:
        return f"{max(round(seconds * 1000), 0)}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes_left}m"
    return f"{minutes}m {rest}s" if minutes else f"{whole}s"
