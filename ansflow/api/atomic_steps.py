"""The library of steps: the types of this installation, and steps that were saved to be used again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.api.pipelines import text_field
from ansflow.apps.atomic_steps import actions, queries
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.atomic_steps.types import TypeFacts, type_named, types
from ansflow.apps.projects.access import Permission

KINDS = ("type", "saved")


class TypeBody(serializers.Serializer[Any]):
    """One step type."""

    name = serializers.CharField()
    summary = serializers.CharField()
    docs = serializers.CharField()
    parameters = serializers.DictField(help_text="JSON Schema of what stands under `with` (here: `parameters`).")
    example = serializers.CharField(help_text="One step as it stands in a pipeline file, below its id.")


class LibraryEntry(serializers.Serializer[Any]):
    """A step type, or a saved step. `id` and `project` are null for a type; `parameters` is there for types."""

    kind = serializers.ChoiceField(KINDS)
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    step_type = serializers.CharField()
    description = serializers.CharField()
    definition = serializers.CharField(help_text="One step as it stands in a pipeline file, below its id.")
    parameters = serializers.DictField(allow_null=True, help_text="JSON Schema of what the type wants to know.")
    scope = serializers.ChoiceField(["installation", "tenant", "project"])
    project = serializers.IntegerField(allow_null=True)
    project_name = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class LibraryFilter(Strict):
    kind = serializers.ChoiceField(KINDS, required=False)
    step_type = serializers.CharField(required=False, max_length=60)
    project = serializers.IntegerField(required=False, help_text="What can be used in this project.")
    search = serializers.CharField(required=False, max_length=100)


class NewAtomicStep(Strict):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(required=False, allow_blank=True)
    definition = text_field()
    project = serializers.IntegerField(
        required=False, allow_null=True, help_text="Left out: for everyone, which an administrator may."
    )


class AtomicStepChanges(Strict):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(allow_blank=True)
    definition = text_field()


class Joined(Sequence[Any]):
    """Types, and behind them saved steps, of which only the page is read."""

    def __init__(self, kinds: Sequence[Any], saved: Any) -> None:
        self.kinds = kinds
        self.saved = saved

    def __len__(self) -> int:
        return len(self.kinds) + int(self.saved.count())

    def __getitem__(self, place: Any) -> Any:
        first, last, _ = place.indices(len(self))
        skipped = len(self.kinds)
        behind = self.saved[max(first - skipped, 0) : max(last - skipped, 0)]
        return [*self.kinds[first:last], *map(_saved, behind)]


class Library(Resource):
    @operation(SignedIn(), query=LibraryFilter, answer=LibraryEntry, paged=True)
    def list(self, request: Call) -> Iterable[Mapping[str, Any]]:
        """Step types, and behind them the saved steps that you may use."""
        wanted = dict(request.query)
        kind, step_type, search = wanted.pop("kind", ""), wanted.get("step_type", ""), wanted.get("search", "")
        kinds = [] if kind == "saved" else [_type(one) for one in types() if _fits(one, step_type, search)]
        saved = queries.atomic_steps(request.actor, **wanted)
        return Joined(kinds, saved.none() if kind == "type" else saved)

    @operation(Needs(Permission.ATOMIC_STEP_CHANGE), body=NewAtomicStep, answer=LibraryEntry, status=201)
    def create(self, request: Call) -> Mapping[str, Any]:
        """Save a step to be used again."""
        return _saved(actions.create(request.actor, **request.body))

    @operation(SignedIn(), answer=LibraryEntry)
    def retrieve(self, request: Call, id: int) -> Mapping[str, Any]:
        """One saved step."""
        return _saved(queries.atomic_step(request.actor, id))

    @operation(Needs(Permission.ATOMIC_STEP_CHANGE), body=AtomicStepChanges, answer=LibraryEntry)
    def partial_update(self, request: Call, id: int) -> Mapping[str, Any]:
        """Change a saved step. Pipelines that were made with it stay as they are."""
        return _saved(actions.update(request.actor, id, **request.body))

    @operation(Needs(Permission.ATOMIC_STEP_CHANGE), status=204)
    def destroy(self, request: Call, id: int) -> None:
        """Take a saved step out of the library."""
        actions.delete(request.actor, id)

    @operation(SignedIn(), answer=TypeBody, many=True)
    def types(self, request: Call) -> Iterable[TypeFacts]:
        """The step types of this installation, with the schema of their parameters."""
        return types()

    @operation(SignedIn(), answer=TypeBody)
    def type(self, request: Call, name: str) -> TypeFacts:
        """One step type."""
        return type_named(name)


def _fits(kind: TypeFacts, step_type: str, search: str) -> bool:
    text = f"{kind.name} {kind.summary}".lower()
    return step_type in ("", kind.name) and all(word in text for word in search.lower().split())


def _type(kind: TypeFacts) -> dict[str, Any]:
    return {
        "kind": "type",
        "id": None,
        "name": kind.name,
        "step_type": kind.name,
        "description": kind.summary,
        "definition": kind.example,
        "parameters": kind.parameters,
        "scope": "installation",
        "project": None,
        "project_name": "",
        "created_by": "",
        "created_at": None,
        "updated_at": None,
    }


def _saved(step: AtomicStep) -> dict[str, Any]:
    return {
        "kind": "saved",
        "id": step.id,
        "name": step.name,
        "step_type": step.step_type,
        "description": step.description,
        "definition": step.definition,
        "parameters": None,
        "scope": "project" if step.project else "tenant",
        "project": step.project_id,
        "project_name": step.project.name if step.project else "",
        "created_by": step.created_by.get_username() if step.created_by else "",
        "created_at": step.created_at,
        "updated_at": step.updated_at,
    }


BASE = "cicd/atomic-steps/"
urlpatterns = [
    path(BASE, Library.as_view({"get": "list", "post": "create"})),
    path(f"{BASE}types/", Library.as_view({"get": "types"})),
    path(f"{BASE}types/<str:name>/", Library.as_view({"get": "type"})),
    path(f"{BASE}<int:id>/", Library.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
]
