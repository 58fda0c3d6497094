"""What rooms of live viewers read: whole pictures, what came after them, and where things are. Nobody is asked here
whether he may: the edge asks for all of its viewers at once (`accounts.credentials`, `projects.crowds`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ansflow.apps.executions import events, rendering, running
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.core.errors import NotFound
from ansflow.core.status import StepStatus

MOST_SHOWN = 500
"""Executions in a picture of all that run: the newest."""
TRIES = 3  # at a picture of one moment, while steps end by the hundred


class Shown(NamedTuple):
    """An execution as the API gives it out, and the number it stands at."""

    execution: int
    project: int
    seq: int
    row: dict[str, Any]


class Printing(NamedTuple):
    """The newest attempt of a step (0: it has not begun), whether it has ended, and how long its log is."""

    step_id: int
    attempt: int
    ended: bool
    length: int


def picture(execution: int) -> Shown:
    """With its steps. Raises NotFound.

    The number is read before the steps: what happens meanwhile comes again as a frame, and nothing is missed.
    """
    for _ in range(TRIES):
        row = _row(execution)
        if positions([execution]).get(execution) == row["seq"]:
            break
    return Shown(execution, row["project"], row["seq"], row)


def pictures() -> Sequence[Shown]:
    """Every execution that has not ended, newest first, without its steps."""
    found = PipelineExecution.objects.filter(ended_at=None).order_by("-id")[:MOST_SHOWN]
    rows = rendering.executions(list(found.values_list(*rendering.COLUMNS)))
    return [Shown(row["id"], row["project"], row["seq"], row) for row in rows]


def newest() -> int:
    """The highest number of an execution."""
    return PipelineExecution.objects.order_by("-id").values_list("id", flat=True).first() or 0


def frames(execution: int, after: int) -> Sequence[dict[str, Any]]:
    """As many as there are at once (`events.frames`)."""
    found = PipelineExecution.objects.select_related("pipeline").filter(id=execution).first()
    if found is None:
        raise NotFound("There is no such execution.")
    told: Sequence[dict[str, Any]] = events.frames(found, after=after)["events"]
    return told


def project_of(execution: int) -> int | None:
    return PipelineExecution.objects.filter(id=execution).values_list("project_id", flat=True).first()


def positions(executions: Collection[int]) -> Mapping[int, int]:
    """The number at which each of them stands."""
    return dict(PipelineExecution.objects.filter(id__in=executions).values_list("id", "seq"))


def running_since(newest: int) -> Mapping[int, tuple[int, int]]:
    """Every execution that has not ended, or is newer than that: its project, and the number at which it stands."""
    found = PipelineExecution.objects.filter(ended_at=None) | PipelineExecution.objects.filter(id__gt=newest)
    return {id: (project, seq) for id, project, seq in found.values_list("id", "project_id", "seq")}


def printing(execution: int, steps: Collection[str] | None) -> Mapping[str, Printing]:
    """Of those of the steps that there are; None: of all."""
    logs = running.engine().logs
    rows = StepExecution.objects.filter(execution=execution)
    if steps is not None:
        rows = rows.filter(key__in=steps)
    return {
        key: Printing(id, attempt, status != StepStatus.RUNNING, logs.length(execution, key, attempt) if attempt else 0)
        for key, id, attempt, status in rows.values_list("key", "id", "attempt", "status")
    }


def length(execution: int, step: str, attempt: int) -> int:
    return running.engine().logs.length(execution, step, attempt)


def read(execution: int, step: str, attempt: int, *, start: int, end: int) -> bytes:
    return running.engine().logs.read(execution, step, attempt, start=start, end=end)


def _row(execution: int) -> dict[str, Any]:
    found = PipelineExecution.objects.filter(id=execution).values_list(*rendering.COLUMNS)
    rows = rendering.executions(list(found), steps=True)
    if not rows:
        raise NotFound("There is no such execution.")
    return rows[0]
