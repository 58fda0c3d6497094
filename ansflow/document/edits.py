"""Byte-faithful edits of a pipeline file: what an edit does not mean to change stays, byte for byte.

An edit is data. `apply` gives the text with it, or raises InvalidSpec with a sentence; undo is to keep the text before.
Every result is read again and compared with what the edit means, so that a wrong text can never come out.
"""

from __future__ import annotations

from ansflow.core.errors import InvalidSpec
from ansflow.document.edit_words import parse_path, read_edit
from ansflow.document.nodes import refusal
from ansflow.document.source import Source
from ansflow.document.splices import Splice, spliced
from ansflow.document.step_edits import AddNeed, AddStep, MoveStep, RemoveNeed, RemoveStep, RenameStep
from ansflow.document.value_edits import Edit, InsertItem, MoveEntry, RenameKey, SetValue, Unset, same
from ansflow.document.yaml import load

__all__ = [
    "AddNeed",
    "AddStep",
    "Edit",
    "InsertItem",
    "MoveEntry",
    "MoveStep",
    "RemoveNeed",
    "RemoveStep",
    "RenameKey",
    "RenameStep",
    "SetValue",
    "Splice",
    "Unset",
    "apply",
    "parse_path",
    "read_edit",
    "splices",
]


def apply(text: str, edit: Edit) -> str:
    """The text after the edit."""
    return spliced(text, splices(text, edit))


def splices(text: str, edit: Edit) -> tuple[Splice, ...]:
    """What the edit replaces in the text, in order; nothing that stays as it is."""
    source = Source(text)
    found = [part for part in edit.splices(source) if text[part.start : part.end] != part.text]
    _verify(spliced(text, found), edit, source)
    return tuple(sorted(found, key=lambda part: (part.start, part.end)))


def _verify(after: str, edit: Edit, source: Source) -> None:
    try:
        means = load(after).value
    except InvalidSpec as error:
        if error.problems[0].code == "unknown_anchor":
            hint = "Write the value out where the alias stands first."
            raise refusal("shared", "An alias would stand before the value that it repeats.", hint) from None
        raise _unsafe(str(error.problems[0])) from None
    if not same(means, edit.meaning(source.value)):
        raise _unsafe("Another value would change with it.")


def _unsafe(why: str) -> InvalidSpec:
    return refusal(
        "unsafe", "This edit cannot be made here without touching more of the file.", f"{why} Edit it by hand."
    )
