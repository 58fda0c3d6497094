"""Files kept from an execution, its own and those of the steps that it took over from an earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansflow.apps.executions import running
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.core.errors import NotFound
from ansflow.core.outcome import KeptFile
from ansflow.core.status import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """`execution` is the number under which it is kept: an earlier one's, for a step that was taken over."""

    execution: int
    step: str
    file: KeptFile

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive), piece by piece. Raises NotFound where the content is gone."""
        at = 0
        for chunk in running.engine().artifacts.open(self.execution, self.step, self.file.path):
            if at + len(chunk) > start:
                yield chunk[max(0, start - at) : end - at]
            at += len(chunk)
            if at >= end:
                return


def artifacts(execution: PipelineExecution) -> list[Artifact]:
    """By step and path."""
    found = []
    for number, steps in _sources(execution):
        for step, files in running.engine().artifacts.files(number).items():
            if steps is None or step in steps:
                found += [Artifact(execution=number, step=step, file=file) for file in files]
    return sorted(found, key=lambda artifact: (artifact.step, artifact.file.path))


def artifact(execution: PipelineExecution, place: str) -> Artifact:
    """`place` is `step/path`; a step's key may hold slashes of its own. Raises NotFound."""
    for found in artifacts(execution):
        if place == f"{found.step}/{found.file.path}":
            return found
    raise NotFound("There is no such artifact.")


def as_row(artifact: Artifact) -> dict[str, Any]:
    file = artifact.file
    return {
        "step": artifact.step,
        "path": file.path,
        "size": file.size,
        "sha256": file.sha256,
        "execution": artifact.execution,
    }


def _sources(execution: PipelineExecution) -> Iterator[tuple[int, set[str] | None]]:
    """The execution itself, and each earlier one with the steps that were taken over from it."""
    yield execution.id, None
    at: PipelineExecution | None = execution
    steps: set[str] | None = None
    while at is not None and at.rerun_of_id is not None:
        kept = StepExecution.objects.filter(execution=at, reason=Reason.KEPT)
        taken = set(kept.values_list("key", flat=True))
        steps = taken if steps is None else steps & taken
        if not steps:
            return
        at = PipelineExecution.objects.filter(id=at.rerun_of_id).first()
        if at is not None:
            yield at.id, steps
