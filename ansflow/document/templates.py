"""A pipeline file with the templates that it uses, read from the files of its repository.

A template has `version`, `name`, `description`, `inputs` and `steps`. Its path is relative to the file that uses it and
may not lead out of the repository, also not by a symbolic link. What is wrong in a template is told with its file.
"""

from __future__ import annotations

from pathlib import Path

from ansflow.document.reader import Document, read_file


def read_with_templates(path: Path | str, root: Path | None = None) -> Document:
    """Never raises. `root` is the repository: the folder around the file that holds `.git`, unless it is given."""
    document = read_file(path)
    if document.draft is None:
        return document
    steps = (*document.draft.steps.values(), *document.draft.final_steps.values())
    if not any(step.uses.startswith(".") for step in steps):
        return document
    from ansflow.document.expansion import with_templates  # noqa: PLC0415 — most files use none

    return with_templates(document, Path(path), root)
