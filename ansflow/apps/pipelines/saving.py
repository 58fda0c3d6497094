"""The next version of a pipeline. The caller holds the pipeline's row, in a transaction."""

from __future__ import annotations

from hashlib import sha256

from ansflow.apps.actor import Actor
from ansflow.apps.pipelines import comparing, drafting
from ansflow.apps.pipelines.drafting import Draft
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.core.errors import Conflict, InvalidSpec, Problem


def save(actor: Actor, pipeline: Pipeline, draft: Draft, *, message: str = "") -> Version:
    """The newest version: a new one, unless the text and its templates are what they were."""
    latest = pipeline.latest
    if latest is not None and (latest.source, latest.templates) == (draft.source, dict(draft.templates)):
        return latest
    made = Version.objects.create(
        pipeline=pipeline,
        number=latest.number + 1 if latest else 1,
        source=draft.source,
        digest=sha256(draft.source.encode()).hexdigest(),
        message=message,
        commit=draft.commit,
        templates=dict(draft.templates),
        created_by=actor.name,
    )
    pipeline.latest = made
    pipeline.save(update_fields=["latest"])
    return made


def save_over(actor: Actor, pipeline: Pipeline, source: str, *, base_version: int | None, message: str = "") -> Version:
    """Saves a text that was edited from version `base_version`. Raises InvalidSpec, or Conflict: with what changed in
    between (`details`) where that version is not the newest any more."""
    if pipeline.repository_path:
        text = f"The text of this pipeline comes from {pipeline.repository_path} of the repository: change it there."
        raise Conflict(text)
    if base_version is None:
        text = "A new text wants the number of the version that was edited."
        raise InvalidSpec([Problem(code="missing_key", message=text, path=("base_version",))])
    latest = pipeline.latest
    assert latest is not None  # made together with the pipeline
    if base_version != latest.number:
        raise _stale(pipeline, latest, base_version)
    return save(actor, pipeline, drafting.written(source), message=message)


def _stale(pipeline: Pipeline, latest: Version, base_version: int) -> Exception:
    base = pipeline.versions.filter(number=base_version).first()
    if base is None:
        text = f"There is no version {base_version}: the newest is {latest.number}."
        return InvalidSpec([Problem(code="invalid", message=text, path=("base_version",))])
    found = comparing.versions_differ(base, latest)
    who = f" by {latest.created_by}" if latest.created_by else ""
    text = f"Version {latest.number} was saved{who} after the version {base_version} that you edited."
    details = {"version": latest.number, "changes": found.changes, "diff": found.text}
    return Conflict(text, code="stale_version", details=details)
