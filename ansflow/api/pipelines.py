"""Pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.pipelines import actions, queries
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.access import Permission
from ansflow.core.status import ExecutionStatus
from ansflow.document.yaml import MAX_BYTES

STATUSES = (*(status.value for status in ExecutionStatus), "never")


class LastExecution(serializers.Serializer[Any]):
    """The newest execution of a pipeline, in short."""

    id = serializers.IntegerField(source="last_id")
    number = serializers.IntegerField(source="last_number")
    status = serializers.ChoiceField(source="last_status", choices=[status.value for status in ExecutionStatus])
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
    source = serializers.CharField(source="latest.source")  # type: ignore[assignment]  # a field of that name
    commit = serializers.CharField(source="latest.commit")


class PipelineFilter(Strict):
    project = serializers.IntegerField(required=False, help_text="Only those of this project.")
    search = serializers.CharField(required=False, help_text="Words that stand in the name or the description.")
    status = serializers.ChoiceField(
        STATUSES, required=False, help_text="Of the last execution; `never`: has not run yet."
    )
    archived = serializers.BooleanField(required=False, default=False, help_text="The archived ones instead.")
    ordering = serializers.ChoiceField(queries.ORDERINGS, required=False, default="name")


def source_field(**known: Any) -> serializers.CharField:
    return serializers.CharField(
        trim_whitespace=False, max_length=MAX_BYTES, help_text="The text of the pipeline file.", **known
    )


class NewPipeline(Strict):
    project = serializers.IntegerField()
    name = serializers.CharField(required=False, max_length=100, help_text="Left out: the name that the file gives.")
    description = serializers.CharField(required=False, allow_blank=True)
    source = source_field()  # type: ignore[assignment]  # as above
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class PipelineChanges(Strict):
    name = serializers.CharField(max_length=100)
    description = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    archived = serializers.BooleanField()
    source = source_field()  # type: ignore[assignment]  # as above
    base_version = serializers.IntegerField(
        help_text="With `source`: the version that was edited. If it is not the newest any more: 409."
    )
    message = serializers.CharField(allow_blank=True, max_length=400, help_text="What the new version is for.")


class Pipelines(Resource):
    @operation(SignedIn(), answer=PipelineBody, paged=True, query=PipelineFilter)
    def list(self, request: Call) -> Iterable[Pipeline]:
        """The pipelines that you may see, each with its last execution."""
        return queries.pipelines(request.actor, **request.query)

    @operation(Needs(Permission.PIPELINE_CHANGE), body=NewPipeline, answer=PipelineWithSource, status=201)
    def create(self, request: Call) -> Pipeline:
        """Make a pipeline from the text of its file."""
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


urlpatterns = [
    path("pipelines/", Pipelines.as_view({"get": "list", "post": "create"})),
    path(
        "pipelines/<int:id>/",
        Pipelines.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
]
