"""Making, changing and archiving pipelines. History is never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.pipelines import queries
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.pipelines.sources import read_source
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Project
from ansflow.core.errors import Conflict, InvalidSpec, Problem

NAME_LENGTH = 100


@transaction.atomic
def create(
    actor: Actor, *, project: int, source: str, name: str = "", description: str = "", message: str = ""
) -> Pipeline:
    """`name` and `description` are taken from the text where they are left out."""
    place = access.project(actor, project, Permission.PIPELINE_CHANGE)
    if place.archived_at is not None:
        raise Conflict(f"The project {place.name} is archived.")
    _, spec = read_source(source)
    name = _name(name.strip() or spec.name)
    made = _insert(place, name, description or spec.description)
    _save(actor, made, source, message=message)
    _record(actor, "pipeline.create", made, after=facts(made))
    return queries.pipeline(actor, made.id)


@transaction.atomic
def update(
    actor: Actor,
    pipeline_id: int,
    *,
    base_version: int | None = None,
    message: str = "",
    **changes: Any,
) -> Pipeline:
    """`changes`: name, description, is_active, archived, source. A source wants `base_version`: the version that was
    edited. Raises Conflict, with what changed since, where somebody saved another one before."""
    needed = Permission.PIPELINE_DELETE if "archived" in changes else Permission.PIPELINE_CHANGE
    queries.pipeline(actor, pipeline_id, needed)
    found = locked(pipeline_id)
    before = facts(found)
    source = changes.pop("source", None)
    _apply(found, changes)
    if source is not None:
        _save_over(actor, found, source, base_version, message)
    after = facts(found)
    if after != before:
        changed = {key for key in after if after[key] != before[key]}
        _record(
            actor,
            "pipeline.update",
            found,
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
        )
    return queries.pipeline(actor, pipeline_id)


@transaction.atomic
def archive(actor: Actor, pipeline_id: int) -> None:
    """It can no longer be run or found by its list; its executions and versions stay."""
    queries.pipeline(actor, pipeline_id, Permission.PIPELINE_DELETE)
    found = locked(pipeline_id)
    if found.archived_at is None:
        found.archived_at = timezone.now()
        found.save(update_fields=["archived_at"])
        _record(actor, "pipeline.archive", found)


def locked(pipeline_id: int) -> Pipeline:
    """The row, held until the transaction ends: whoever saves or runs goes one after the other."""
    return Pipeline.objects.select_for_update().get(id=pipeline_id)


def facts(pipeline: Pipeline) -> dict[str, Any]:
    """What the audit trail keeps of a pipeline. The texts stand in its versions."""
    return {
        "name": pipeline.name,
        "description": pipeline.description,
        "is_active": pipeline.is_active,
        "archived": pipeline.archived_at is not None,
        "repository_path": pipeline.repository_path,
        "version": pipeline.latest.number if pipeline.latest else 0,
    }


def _apply(pipeline: Pipeline, changes: Mapping[str, Any]) -> None:
    if "name" in changes:
        pipeline.name = _name(changes["name"].strip())
        _refuse_taken(pipeline)
    if "archived" in changes:
        pipeline.archived_at = (pipeline.archived_at or timezone.now()) if changes["archived"] else None
    for field in ("description", "is_active"):
        setattr(pipeline, field, changes.get(field, getattr(pipeline, field)))
    pipeline.save(update_fields=["name", "archived_at", "description", "is_active"])


def _name(name: str) -> str:
    if not name:
        raise _wrong("name", "The pipeline has no name.", "Give one here, or write `name:` into the file.")
    if len(name) > NAME_LENGTH:
        raise _wrong("name", f"The name has more than {NAME_LENGTH} characters.")
    return name


def _insert(project: Project, name: str, description: str) -> Pipeline:
    made = Pipeline(project=project, name=name, description=description)
    _refuse_taken(made)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:  # somebody took the name just now
        _refuse_taken(made)
        raise
    return made


def _refuse_taken(pipeline: Pipeline) -> None:
    other = Pipeline.objects.filter(project=pipeline.project, name=pipeline.name).exclude(id=pipeline.id).first()
    if other is not None:
        archived = ", and is archived" if other.archived_at else ""
        raise Conflict(f"There is a pipeline {pipeline.name!r} in {pipeline.project.name} already{archived}.")


def _save_over(actor: Actor, pipeline: Pipeline, source: str, base_version: int | None, message: str) -> None:
    if pipeline.repository_path:
        text = f"The text of this pipeline comes from {pipeline.repository_path} of the repository: change it there."
        raise Conflict(text)
    if base_version is None:
        raise _wrong("base_version", "A new text wants the number of the version that was edited.")
    latest = pipeline.latest
    assert latest is not None  # made with the pipeline
    if base_version != latest.number:
        who = f" by {latest.created_by}" if latest.created_by else ""
        text = f"Version {latest.number} was saved{who} after the version {base_version} that you edited."
        raise Conflict(text, code="stale_version")
    read_source(source)
    if source != latest.source:
        _save(actor, pipeline, source, message=message)


def _save(actor: Actor, pipeline: Pipeline, source: str, *, message: str = "", commit: str = "") -> Version:
    """The next version. The caller holds the pipeline's row."""
    number = pipeline.latest.number + 1 if pipeline.latest else 1
    made = Version.objects.create(
        pipeline=pipeline,
        number=number,
        source=source,
        digest=sha256(source.encode()).hexdigest(),
        message=message,
        commit=commit,
        created_by=actor.name,
    )
    pipeline.latest = made
    pipeline.save(update_fields=["latest"])
    return made


def _record(actor: Actor, action: str, pipeline: Pipeline, **what: Any) -> None:
    record(
        actor,
        action,
        object_type="pipeline",
        object_id=pipeline.id,
        object_name=pipeline.name,
        project_id=pipeline.project_id,
        **what,
    )


def _wrong(field: str, message: str, hint: str = "") -> InvalidSpec:
    return InvalidSpec([Problem(code="invalid", message=message, hint=hint, path=(field,))])
