"""The text of a pipeline, read as this server understands it."""

from __future__ import annotations

from dataclasses import dataclass

from ansflow.apps.pipelines.available import available
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import Document, read
from ansflow.plugins.checking import check, notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A text with all that is to be said about it. `spec` is there when nothing is wrong."""

    document: Document
    spec: PipelineSpec | None
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def check_source(text: str) -> Checked:
    """Never raises: every problem and note, placed in the text."""
    document = read(text)
    here = available()
    problems = tuple(check(document, here))
    spec = None if problems else document.spec
    return Checked(document=document, spec=spec, problems=problems, notes=tuple(notes(document, here)))


def read_source(text: str) -> tuple[Document, PipelineSpec]:
    """Raises InvalidSpec with every problem, placed."""
    checked = check_source(text)
    if checked.spec is None:
        raise InvalidSpec(checked.problems)
    return checked.document, checked.spec
