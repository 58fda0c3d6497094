"""Lists for people: columns as wide as what stands in them, cut where the terminal ends, whole in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ansflow.cli.look import duration, look_of
from ansflow.cli.terminal import Screen, pad, plain, width
from ansflow.cli.texts import t
from ansflow.core.status import Reason


def show_table(screen: Screen, rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """`rows` may hold colours of our own; what came from outside has gone through `plain`."""
    lines = [list(row) for row in rows]
    if not lines:
        screen.complain(empty)
        return
    widths = [max(width(row[column]) for row in lines) for column in range(len(lines[0]))]
    for row in lines:
        text = "  ".join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip()
        screen.print(screen.fitted(text))


def status_of(screen: Screen, thing: dict[str, Any]) -> str:
    """The status of an execution or step: sign and word, coloured. An execution waits while only gates are open."""
    counts = thing.get("counts") or {}
    waits = thing.get("waits")  # a pipeline's last execution comes without counts
    if waits is None:
        waits = thing["status"] == "running" and counts.get("waiting") and not counts.get("running")
    status = "waiting" if waits else thing["status"]
    look = look_of(status, reason_of(thing), allowed=bool(thing.get("allowed_failure")))
    return f"{look.sign(screen)} {look.said(screen)}"


def reason_of(thing: dict[str, Any]) -> Reason | None:
    """A reason that this client does not know yet is none: the sentence stands beside it."""
    reason = thing.get("reason")
    return Reason(reason) if reason in set(Reason) else None


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def ago(text: str | None) -> str:
    """`5m ago`; "" for what has not happened."""
    at = time_of(text)
    if at is None:
        return ""
    return t("remote.ago", time=duration(max((datetime.now(UTC) - at).total_seconds(), 1)))


def lasted(thing: dict[str, Any]) -> str:
    seconds = thing.get("duration_seconds")
    return "" if seconds is None else duration(seconds)


def said(value: Any) -> str:
    """Any value from outside, safe for a terminal and on one line."""
    return "" if value is None else plain(str(value))
