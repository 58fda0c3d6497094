"""Reads a pipeline file for a command."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec
from ansflow.core.spec import PipelineSpec
from ansflow.document.reader import Document, read
from ansflow.document.templates import read_with_templates
from ansflow.document.yaml import MAX_BYTES
from ansflow.plugins.checking import check

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Checked:
    """A document without fault."""

    document: Document
    spec: PipelineSpec


def checked(file: Path) -> Checked:
    """Raises InvalidSpec with everything that is wrong."""
    document = read_with_templates(file)
    problems = check(document)
    if problems or document.spec is None:
        raise InvalidSpec(problems)
    return Checked(document, document.spec)


def document_of(name: str) -> Document:
    """A file's text, or what comes on standard input for `-`."""
    if name != STDIN:
        return read_with_templates(name)
    return read(sys.stdin.buffer.read(MAX_BYTES + 1).decode("utf-8", "surrogateescape"))


def shown_name(name: str) -> str:
    return t("validate.stdin") if name == STDIN else name
