"""How executions went: counted and measured."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.executions import statistics
from ansflow.apps.pipelines import queries as pipelines
from ansflow.apps.projects.access import Permission
from ansflow.core.status import ExecutionStatus


class SpreadBody(serializers.Serializer[Any]):
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)


class CountsBody(serializers.Serializer[Any]):
    """One number per status."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {status.value: serializers.IntegerField() for status in ExecutionStatus}


class StatisticsBody(serializers.Serializer[Any]):
    """`success_rate` is that of the executions that succeeded, failed or ran out of time. Null: nothing to measure."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    total = serializers.IntegerField()
    counts = CountsBody()
    success_rate = serializers.FloatField(allow_null=True)
    measured = serializers.IntegerField()
    duration_seconds = SpreadBody()
    queue_seconds = SpreadBody()


class Window(Strict):
    since = serializers.DateTimeField(required=False, help_text="Left out: 30 days before `until`.")
    until = serializers.DateTimeField(required=False, help_text="Left out: now.")


class StatisticsQuery(Window):
    project = serializers.IntegerField(required=False)
    pipeline = serializers.IntegerField(required=False)


class ExecutionStatistics(Resource):
    @operation(SignedIn(), answer=StatisticsBody, query=StatisticsQuery)
    def retrieve(self, request: Call) -> dict[str, Any]:
        """How the executions that you may see went."""
        return statistics.statistics(request.actor, **request.query)


class PipelineStatistics(Resource):
    @operation(Needs(Permission.PIPELINE_VIEW), answer=StatisticsBody, query=Window)
    def retrieve(self, request: Call, id: int) -> dict[str, Any]:
        """How the executions of one pipeline went."""
        pipelines.pipeline(request.actor, id)
        return statistics.statistics(request.actor, pipeline=id, **request.query)


urlpatterns = [
    path("cicd/executions/statistics/", ExecutionStatistics.as_view({"get": "retrieve"})),
    path("pipelines/<int:id>/statistics/", PipelineStatistics.as_view({"get": "retrieve"})),
]
