"""Edits of a pipeline's text that keep every byte they do not mean to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansflow.apps.actor import Actor
from ansflow.apps.pipelines import actions, comparing, queries
from ansflow.apps.pipelines.sources import Checked, check_source
from ansflow.apps.projects.access import Permission
from ansflow.core.errors import InvalidSpec
from ansflow.document.edits import apply, read_edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """`version` is the number of the version that was saved; None where nothing was. `changes` is None where one of
    the texts cannot be understood."""

    source: str
    diff: str
    changes: list[dict[str, Any]] | None
    checked: Checked
    version: int | None


def edit(
    actor: Actor,
    pipeline_id: int,
    *,
    edits: Sequence[Sequence[str]],
    source: str | None = None,
    save: bool = False,
    base_version: int | None = None,
    message: str = "",
) -> Edited:
    """`edits` are the words of `ansflow edit`, one after the other: `["set", "steps.unit.timeout", "5m"]`. `source` is
    an unsaved text to begin with instead of version `base_version` (left out: the newest). Raises InvalidSpec naming
    `edits.N`."""
    wanted = Permission.PIPELINE_CHANGE if save else Permission.PIPELINE_VIEW
    found = queries.pipeline(actor, pipeline_id, wanted)
    latest = found.latest
    assert latest is not None  # made together with the pipeline
    base = latest if base_version is None else queries.version(found, base_version)
    before = base.source if source is None else source
    after = before
    for number, words in enumerate(edits):
        try:
            after = apply(after, read_edit(list(words)))
        except InvalidSpec as error:
            problems = [replace(one, path=("edits", number), line=0, column=0) for one in error.problems]
            raise InvalidSpec(problems) from None
    old, new = (check_source(text, file=found.repository_path, templates=latest.templates) for text in (before, after))
    version = None
    if save:
        saved = actions.update(actor, pipeline_id, source=after, base_version=base_version, message=message)
        version = queries.latest_number(saved)
    return Edited(
        source=after,
        diff=comparing.text_diff(before, after, "before", "after"),
        changes=comparing.meanings_differ(old.document, new.document),
        checked=new,
        version=version,
    )
