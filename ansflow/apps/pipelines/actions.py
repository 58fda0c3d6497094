"""Making, changing and archiving pipelines. History is never deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.pipelines import drafting, queries, saving
from ansflow.apps.pipelines.drafting import Draft
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Project
from ansflow.core.errors import Conflict, InvalidSpec, Problem

NAME_LENGTH = 100
ORIGINS = ("source", "steps", "repository_path")


def create(
    actor: Actor,
    *,
    project: int,
    name: str = "",
    description: str = "",
    message: str = "",
    ref: str = "",
    **origin: Any,
) -> Pipeline:
    """`origin` is one of `source` (text), `steps` (a list) and `repository_path` (at `ref`). `name` and `description`
    are taken from the text where they are left out. Called outside of a transaction: it may read a repository."""
    place = access.project(actor, project, Permission.PIPELINE_CHANGE)
    _refuse_archived(place)
    name = name.strip()
    draft = _draft(place, origin, ref=ref, name=name, description=description)
    with transaction.atomic():
        made = _insert(
            Pipeline(
                project=place,
                name=_name(name or draft.spec.name),
                description=description or draft.spec.description,
                repository_path=origin.get("repository_path") or "",
            )
        )
        saving.save(actor, made, draft, message=message)
        _record(actor, "pipeline.create", made, after=facts(made))
    return queries.pipeline(actor, made.id, Permission.PIPELINE_CHANGE)


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
        saving.save_over(actor, found, source, base_version=base_version, message=message)
    _record_changes(actor, found, before)
    return queries.pipeline(actor, pipeline_id, needed)


@transaction.atomic
def archive(actor: Actor, pipeline_id: int) -> None:
    """It is no longer listed, and cannot be run; its executions and versions stay."""
    queries.pipeline(actor, pipeline_id, Permission.PIPELINE_DELETE)
    found = locked(pipeline_id)
    if found.archived_at is None:
        found.archived_at = timezone.now()
        found.save(update_fields=["archived_at"])
        _record(actor, "pipeline.archive", found)


def sync(actor: Actor, pipeline_id: int, *, ref: str = "", message: str = "") -> Pipeline:
    """Reads the file from the repository once more; another text, or other templates, become the next version. Called
    outside of a transaction."""
    found = queries.pipeline(actor, pipeline_id, Permission.PIPELINE_CHANGE)
    if not found.repository_path:
        raise Conflict("The text of this pipeline is kept on the server, so there is no repository to read it from.")
    draft = drafting.from_repository(found.project, found.repository_path, ref)
    with transaction.atomic():
        found = locked(pipeline_id)
        before = facts(found)
        saving.save(actor, found, draft, message=message)
        _record_changes(actor, found, before)
    return queries.pipeline(actor, pipeline_id, Permission.PIPELINE_CHANGE)


@transaction.atomic
def restore(
    actor: Actor, pipeline_id: int, number: int, *, base_version: int | None = None, message: str = ""
) -> Pipeline:
    """The text of an older version becomes the next version."""
    found = queries.pipeline(actor, pipeline_id, Permission.PIPELINE_CHANGE)
    older = queries.version(found, number)
    return update(
        actor,
        pipeline_id,
        source=older.source,
        base_version=queries.latest_number(found) if base_version is None else base_version,
        message=message or f"Version {number} restored.",
    )


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


def _draft(place: Project, origin: Mapping[str, Any], *, ref: str, name: str, description: str) -> Draft:
    given = [key for key in ORIGINS if origin.get(key) is not None]
    if not given:
        raise _wrong("source", "There is nothing to run.", "Give source, steps or repository_path.")
    if len(given) > 1:
        raise _wrong(given[1], f"{given[0]!r} and {given[1]!r} cannot stand together.", "Give one of them.")
    if ref and given != ["repository_path"]:
        raise _wrong("ref", "A ref is of a repository.", "Give it with repository_path.")
    if given == ["source"]:
        return drafting.written(origin["source"])
    if given == ["steps"]:
        steps: Sequence[Any] = origin["steps"]
        return drafting.listed(steps, name=_name(name), description=description)
    return drafting.from_repository(place, origin["repository_path"], ref)


def _refuse_archived(project: Project) -> None:
    if project.archived_at is not None:
        raise Conflict(f"The project {project.name} is archived.")


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


def _insert(pipeline: Pipeline) -> Pipeline:
    _refuse_taken(pipeline)
    try:
        with transaction.atomic():
            pipeline.save()
    except IntegrityError:  # somebody took the name just now
        _refuse_taken(pipeline)
        raise
    return pipeline


def _refuse_taken(pipeline: Pipeline) -> None:
    other = Pipeline.objects.filter(project=pipeline.project, name=pipeline.name).exclude(id=pipeline.id).first()
    if other is not None:
        archived = ", and is archived" if other.archived_at else ""
        raise Conflict(f"There is a pipeline {pipeline.name!r} in {pipeline.project.name} already{archived}.")


def _record_changes(actor: Actor, pipeline: Pipeline, before: Mapping[str, Any]) -> None:
    after = facts(pipeline)
    changed = [key for key in after if after[key] != before[key]]
    if changed:
        old, new = ({key: each[key] for key in changed} for each in (before, after))
        _record(actor, "pipeline.update", pipeline, before=old, after=new)


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
