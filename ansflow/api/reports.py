"""Reports by project and day."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.analytics import queries
from ansflow.apps.analytics.models import Report


class SlowStep(serializers.Serializer[Any]):
    """`seconds` is the 95th percentile of its runs on that day."""

    pipeline = serializers.CharField()
    step = serializers.CharField()
    runs = serializers.IntegerField()
    seconds = serializers.FloatField()


class FailingStep(serializers.Serializer[Any]):
    pipeline = serializers.CharField()
    step = serializers.CharField()
    failures = serializers.IntegerField()


class DailyReportBody(serializers.Serializer[Report]):
    """Of the executions that ended on that day, in UTC. Null: nothing to measure."""

    project = serializers.IntegerField(source="project_id")
    project_name = serializers.CharField(source="project.name")
    day = serializers.DateField()
    executions = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    success_rate = serializers.FloatField(allow_null=True)
    p50_seconds = serializers.FloatField(allow_null=True)
    p95_seconds = serializers.FloatField(allow_null=True)
    slowest = SlowStep(many=True)
    failing = FailingStep(many=True)
    made_at = serializers.DateTimeField()


class DailyReportFilter(Strict):
    project = serializers.IntegerField(required=False)
    since = serializers.DateField(required=False, help_text="The first day.")
    until = serializers.DateField(required=False, help_text="The last day.")


class Reports(Resource):
    @operation(SignedIn(), answer=DailyReportBody, paged=True, query=DailyReportFilter)
    def list(self, request: Call) -> QuerySet[Report]:
        """Reports on the projects that you may see, newest day first."""
        return queries.reports(request.actor, **request.query)


urlpatterns = [path("analytics/reports/", Reports.as_view({"get": "list"}))]
