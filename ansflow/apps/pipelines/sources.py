"""The text of a pipeline, read as this server understands it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansflow.apps.pipelines.available import available
from ansflow.apps.pipelines.models import Version
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import Document, read
from ansflow.document.templates import Texts, put_in_place
from ansflow.plugins.checking import Available, check, notes

FILE = ".ansflow.yml"
NO_TEMPLATES = (
    "Templates are files of a repository, and the text of this pipeline is kept on the server. "
    "Make the pipeline from its repository instead (`repository_path`)."
)
NEW_TEMPLATE = "This version has no such template. Commit it to the repository, and sync the pipeline."


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A text with all that is to be said about it. `spec` is there when nothing is wrong."""

    document: Document
    spec: PipelineSpec | None
    problems: tuple[Problem, ...]
    here: Available

    @property
    def notes(self) -> tuple[Problem, ...]:
        return tuple(notes(self.document, self.here))

    def required(self) -> PipelineSpec:
        """Raises InvalidSpec with every problem, placed."""
        if self.spec is None:
            raise InvalidSpec(self.problems)
        return self.spec


def check_source(text: str, *, file: str = "", templates: Mapping[str, str] | None = None) -> Checked:
    """Never raises: every problem and note, placed. `file` is the path in the repository that the text came from, and
    `templates` are those that it uses from there, by their paths."""
    return check_document(document_of(text, file=file, templates=templates))


def check_document(document: Document) -> Checked:
    here = available()
    problems = tuple(check(document, here))
    spec = None if problems else document.spec
    return Checked(document=document, spec=spec, problems=problems, here=here)


def check_version(version: Version) -> Checked:
    """A saved text, judged by what this server can do today."""
    return check_source(version.source, file=version.pipeline.repository_path, templates=version.templates)


def document_of(text: str, *, file: str = "", templates: Mapping[str, str] | None = None) -> Document:
    known = Texts(templates or {}, NEW_TEMPLATE if file else NO_TEMPLATES)
    return put_in_place(read(text), file or FILE, known)
