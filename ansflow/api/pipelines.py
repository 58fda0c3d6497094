"""Pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.api.base.turns import GIT_HOSTS
from ansflow.apps.pipelines import actions, queries
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.access import Permission
from ansflow.core.status import ExecutionStatus
from ansflow.document.listed import KEYS
from ansflow.document.yaml import MAX_BYTES

EXECUTION_STATUSES = [status.value for status in ExecutionStatus]
MAX_STEPS = 1000
FROM_A_HOST = (429, 502)  # what asking a Git host may come to


class LastExecution(serializers.Serializer[Any]):
    """The newest execution of a pipeline, in short. `waits`: nothing of it runs, and a step waits for an approval."""

    id = serializers.IntegerField(source="last_id")
    number = serializers.IntegerField(source="last_number")
    status = serializers.ChoiceField(source="last_status", choices=EXECUTION_STATUSES)
    waits = serializers.BooleanField(source="last_waits")
    reason = serializers.CharField(source="last_reason")
    message = serializers.CharField(source="last_message")
    trigger_type = serializers.CharField(source="last_trigger_type")
    created_at = serializers.DateTimeField(source="last_created_at")
    started_at = serializers.DateTimeField(source="last_started_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="last_ended_at", allow_null=True)

    def to_representation(self, instance: Any) -> Any:
        return None if instance.last_id is None else super().to_representation(instance)


class PipelineBody(serializers.Serializer[Any]):
    """`version` is the number of the newest version; `changed_at` is when that was saved."""

    id = serializers.IntegerField()
    project = serializers.IntegerField(source="project_id")
    project_name = serializers.CharField(source="project.name")
    name = serializers.CharField()
    description = serializers.CharField()
    execution_mode = serializers.CharField()
    repository_path = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField(source="latest.number")
    executions_count = serializers.IntegerField()
    last_execution = LastExecution(source="*", allow_null=True)
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(source="latest.created_at")
    archived_at = serializers.DateTimeField(allow_null=True)


class PipelineWithSource(PipelineBody):
    """`commit` is what the text was read at, where it comes from the repository."""

    source = serializers.CharField(source="latest.source")  # type: ignore[assignment]  # a field of that name
    commit = serializers.CharField(source="latest.commit")


class PipelineFilter(Strict):
    project = serializers.IntegerField(required=False, help_text="Only those of this project.")
    search = serializers.CharField(required=False, help_text="Words that stand in the name or the description.")
    status = serializers.ChoiceField(
        [*EXECUTION_STATUSES, "never"], required=False, help_text="Of the last execution; `never`: has not run yet."
    )
    archived = serializers.BooleanField(required=False, default=False, help_text="The archived ones instead.")
    ordering = serializers.ChoiceField(queries.ORDERINGS, required=False, default="name")


def text_field(**known: Any) -> serializers.CharField:
    """The text of a pipeline file, kept byte for byte."""
    return serializers.CharField(
        trim_whitespace=False, max_length=MAX_BYTES, help_text="The text of the pipeline file.", **known
    )


def _of_the_file(key: str) -> serializers.JSONField:
    return serializers.JSONField(required=False, help_text=f"As `{key}` of a step in the pipeline file.")


class OwnKeys(Strict):
    """One step. Beside these keys it takes every key of a step in the pipeline file."""

    id = serializers.CharField(required=False, help_text="Its id in the file. Left out: made from the name.")
    name = serializers.CharField(required=False)
    step_type = serializers.CharField(required=False, help_text="A step type; `custom` where it is left out.")
    parameters = serializers.DictField(required=False, allow_null=True, help_text="What the type wants to know.")
    dependencies = serializers.ListField(
        child=serializers.JSONField(), required=False, allow_null=True, help_text="Names or ids of other steps."
    )


OWN_KEYS = ("id", "name", "step_type", "parameters", "dependencies")
ListedStep: Any = type(
    "ListedStep",
    (OwnKeys,),
    {"__doc__": OwnKeys.__doc__} | {key: _of_the_file(key) for key in KEYS if key not in OWN_KEYS},
)


class NewPipeline(Strict):
    """One of `source`, `steps` and `repository_path` says what runs."""

    project = serializers.IntegerField()
    name = serializers.CharField(required=False, max_length=100, help_text="Left out: the name that the file gives.")
    description = serializers.CharField(required=False, allow_blank=True)
    source = text_field(required=False)  # type: ignore[assignment]  # as above
    steps = serializers.ListField(
        child=ListedStep(), required=False, min_length=1, max_length=MAX_STEPS, help_text="Turned into a clean file."
    )
    repository_path = serializers.CharField(
        required=False, max_length=400, help_text="Path of the file in the project's repository, such as .ansflow.yml."
    )
    ref = serializers.CharField(
        required=False, max_length=254, help_text="Branch, tag or commit. Left out: the project's default branch."
    )
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class PipelineChanges(Strict):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    archived = serializers.BooleanField()
    source = text_field()  # type: ignore[assignment]  # as above
    base_version = serializers.IntegerField(
        help_text="With `source`: the version that was edited. Where it is not the newest any more: 409."
    )
    message = serializers.CharField(allow_blank=True, max_length=400, help_text="What the new version is for.")


class SyncRequest(Strict):
    ref = serializers.CharField(required=False, max_length=254)
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class Pipelines(Resource):
    @operation(SignedIn(), answer=PipelineBody, paged=True, query=PipelineFilter)
    def list(self, request: Call) -> Iterable[Pipeline]:
        """The pipelines that you may see, each with its last execution."""
        return queries.pipelines(request.actor, **request.query)

    @operation(
        Needs(Permission.PIPELINE_CHANGE),
        body=NewPipeline,
        answer=PipelineWithSource,
        status=201,
        atomic=False,
        errors=FROM_A_HOST,
    )
    def create(self, request: Call) -> Pipeline:
        """Make a pipeline: from the text of its file, from a list of steps, or from the project's repository."""
        reads = GIT_HOSTS.take(request.actor.user_id) if request.body.get("repository_path") else nullcontext()
        with reads:
            return actions.create(request.actor, **request.body)

    @operation(Needs(Permission.PIPELINE_VIEW), answer=PipelineWithSource)
    def retrieve(self, request: Call, id: int) -> Pipeline:
        """One pipeline, with the text of its newest version."""
        return queries.pipeline(request.actor, id)

    @operation(Needs(Permission.PIPELINE_CHANGE), body=PipelineChanges, answer=PipelineWithSource)
    def partial_update(self, request: Call, id: int) -> Pipeline:
        """Change a pipeline; a new text becomes its next version."""
        return actions.update(request.actor, id, **request.body)

    @operation(Needs(Permission.PIPELINE_DELETE), status=204)
    def destroy(self, request: Call, id: int) -> None:
        """Archive a pipeline. Its versions and executions stay."""
        actions.archive(request.actor, id)

    @operation(
        Needs(Permission.PIPELINE_CHANGE),
        body=SyncRequest,
        answer=PipelineWithSource,
        atomic=False,
        errors=FROM_A_HOST,
    )
    def sync(self, request: Call, id: int) -> Pipeline:
        """Read the file from the repository again."""
        with GIT_HOSTS.take(request.actor.user_id):
            return actions.sync(request.actor, id, **request.body)


urlpatterns = [
    path("pipelines/", Pipelines.as_view({"get": "list", "post": "create"})),
    path(
        "pipelines/<int:id>/",
        Pipelines.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("pipelines/<int:id>/sync/", Pipelines.as_view({"post": "sync"})),
]
