"""Reads the templates that a document uses, and puts them in place. Imported only for a file that uses some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from ansflow.core.checks import check
from ansflow.core.errors import Path, Problem
from ansflow.core.graph import shown_cycle
from ansflow.core.schema import Record
from ansflow.core.spec import PipelineSpec, StepSpec
from ansflow.core.templates import MAX_DEPTH, Origin, expand, is_file, resolve
from ansflow.document import elsewhere
from ansflow.document.grammar import PIPELINE
from ansflow.document.reader import Document
from ansflow.document.templates import Files

KEYS = ("version", "name", "description", "inputs", "steps")
TEMPLATE = Record(what="the template", elsewhere=elsewhere.TOP, fields={key: PIPELINE.fields[key] for key in KEYS})
BESIDE_USES = frozenset({"uses", "with", "name", "group", "needs", "when", "if", "env"})
MAX_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WithTemplates(Document):
    """A document whose templates have been put in place. A step of a template is placed in the template's file."""

    origins: Mapping[str, Origin] = field(default_factory=dict)
    templates: Mapping[str, Document] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[int, int]:
        document, path, _ = self._where(path)
        return Document.place(document, path)

    def is_written(self, path: Path) -> bool:
        document, path, _ = self._where(path)
        return Document.is_written(document, path)

    def _at_its_place(self, problem: Problem) -> Problem:
        document, path, file = self._where(problem.path, problem.file)
        placed = Document._at_its_place(document, replace(problem, path=path))
        return replace(placed, file=file)

    def _where(self, path: Path, file: str = "") -> tuple[Document, Path, str]:
        origin = self.origins.get(str(path[1])) if not file and len(path) > 1 else None
        if origin is not None:
            path, file = (*origin.path, *path[2:]), origin.file
        return self.templates.get(file, self), path, file


def with_templates(document: Document, file: str, files: Files) -> Document:
    """The document with its templates put in place; see `document.templates`."""
    assert document.draft is not None
    loader = _Loader(files)
    loader.load(document, file, ())
    expanded = expand(document.draft, loader.specs(), file=file)
    result = WithTemplates(
        text=document.text,
        digest=_digest(document, loader.documents),
        draft=expanded.spec,
        loaded=document.loaded,
        origins=expanded.origins,
        templates=loader.documents,
    )
    problems = [*document.problems, *loader.problems, *expanded.problems]
    if problems:
        return replace(result, problems=tuple(result.placed(problems)))
    return replace(result, spec=expanded.spec)


class _Loader:
    """Reads each template once, also when many steps use it."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.documents: dict[str, Document] = {}
        self.problems: list[Problem] = []

    def specs(self) -> dict[str, PipelineSpec]:
        return {file: document.spec for file, document in self.documents.items() if document.spec is not None}

    def load(self, document: Document, file: str, chain: tuple[str, ...]) -> None:
        for place, step in _steps(document.draft) if document.draft else ():
            if is_file(step):
                problem = self.using(document, step, place, (*chain, file))
                if problem:
                    inside = file if chain else ""
                    self.problems.append(replace(problem, path=(*place, *problem.path), file=inside))

    def using(self, document: Document, step: StepSpec, place: Path, chain: tuple[str, ...]) -> Problem | None:
        if key := _without_meaning(document, place):
            message = f"{key!r} has no meaning beside 'uses': write it in the steps of the template."
            return Problem(code="beside_uses", message=message, path=(key,))
        target = resolve(chain[-1], step.uses)
        if not target or not self.files.holds(target):
            message = f"The template {step.uses!r} lies outside of the repository."
            return Problem(code="bad_template", message=message, path=("uses",))
        if target in chain:
            cycle = shown_cycle((*chain[chain.index(target) :], target))
            return Problem(code="template_cycle", message=f"Templates use each other: {cycle}.", path=("uses",))
        if len(chain) > MAX_DEPTH or len(self.documents) >= MAX_FILES:
            message = f"Templates are nested deeper than {MAX_DEPTH}, or are more than {MAX_FILES} files."
            return Problem(code="bad_template", message=message, path=("uses",))
        return self.read(target, chain)

    def read(self, target: str, chain: tuple[str, ...]) -> Problem | None:
        if target not in self.documents:
            found = self.files.read(target, TEMPLATE)
            if found.loaded is None and not found.text:
                return Problem(code="bad_template", message=str(found.problems[0]), path=("uses",))
            self.documents[target] = found
            wrong = found.problems or found.placed(
                check(PipelineSpec(inputs=found.draft.inputs if found.draft else {}))
            )
            self.problems += [replace(problem, file=target) for problem in wrong]
            if wrong:
                self.documents[target] = replace(found, spec=None)
            self.load(self.documents[target], target, chain)
        return None


def _without_meaning(document: Document, place: Path) -> str:
    """The first key of a using step that its template would never hear of."""
    written: Any = document.loaded.value if document.loaded else {}
    for part in place:
        written = written.get(part, {})
    return next((key for key in written if key not in BESIDE_USES and not str(key).startswith("x-")), "")


def _steps(spec: PipelineSpec) -> Iterator[tuple[Path, StepSpec]]:
    for root, steps in (("steps", spec.steps), ("finally", spec.final_steps)):
        for name, step in steps.items():
            yield (root, name), step


def _digest(document: Document, templates: Mapping[str, Document]) -> str:
    """Over the file and every template, so that a plan says exactly what it was made from."""
    parts: Iterable[str] = (f"{name} {template.digest}\n" for name, template in sorted(templates.items()))
    return sha256((document.digest + "\n" + "".join(parts)).encode()).hexdigest()
