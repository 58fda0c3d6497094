"""A pipeline file with the templates that it uses, read from the files of its repository.

A template has `version`, `name`, `description`, `inputs` and `steps`. Its path is relative to the file that uses it and
may not lead out of the repository, also not by a symbolic link. What is wrong in a template is told with its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ansflow.core.errors import Problem
from ansflow.core.schema import Record
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import Document, read, read_file


class Files(Protocol):
    """The files of a repository. `target` is a path from its root, with `/` and without `..`."""

    def holds(self, target: str) -> bool:
        """False for a path that a symbolic link leads out of the repository."""
        ...

    def read(self, target: str, grammar: Record) -> Document:
        """Never raises; a file that is not there is a document with that problem, and without a text."""
        ...


class Folder:
    """A repository that is checked out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def holds(self, target: str) -> bool:
        return (self.root / target).resolve().is_relative_to(self.root)

    def read(self, target: str, grammar: Record) -> Document:
        return read_file(self.root / target, grammar)


class Texts:
    """Templates that were read before, by their paths. `missing` is the sentence for any other."""

    def __init__(self, texts: Mapping[str, str], missing: str) -> None:
        self.texts = texts
        self.missing = missing

    def holds(self, target: str) -> bool:
        return True

    def read(self, target: str, grammar: Record) -> Document:
        if target in self.texts:
            return read(self.texts[target], grammar)
        return Document(text="", digest="", problems=(Problem(code="unreadable_file", message=self.missing),))


def read_with_templates(path: Path | str, root: Path | None = None) -> Document:
    """Never raises. `root` is the repository: the folder around the file that holds `.git`, unless it is given."""
    document = read_file(path)
    if not uses_templates(document.draft):
        return document
    root = (root or _repository(Path(path))).resolve()
    return put_in_place(document, Path(path).resolve().relative_to(root).as_posix(), Folder(root))


def put_in_place(document: Document, file: str, files: Files) -> Document:
    """The document of `file`, a path from the root, with the templates that it uses. Never raises."""
    if not uses_templates(document.draft):
        return document
    from ansflow.document.expansion import with_templates  # noqa: PLC0415 — most files use none

    return with_templates(document, file, files)


def uses_templates(spec: PipelineSpec | None) -> bool:
    """Whether a step is to be replaced by a file of the repository."""
    steps = (*spec.steps.values(), *spec.final_steps.values()) if spec else ()
    return any(step.uses.startswith(".") for step in steps)


def _repository(path: Path) -> Path:
    folder = path.resolve().parent
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
