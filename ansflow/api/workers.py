"""Workers, and the queues that they serve."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Operator, SignedIn
from ansflow.api.base.serializers import Empty, Strict
from ansflow.apps.workers import actions, queries
from ansflow.apps.workers.queries import Command, State

STATES = [state.value for state in State]
COMMANDS = [command.value for command in Command]


class RunningStepBody(serializers.Serializer[Any]):
    execution = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Of the execution, within its pipeline.")
    pipeline_name = serializers.CharField()
    project_name = serializers.CharField()
    step = serializers.CharField(help_text="Its key.")
    name = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)


class WorkerBody(serializers.Serializer[Any]):
    """One life of a worker: a process that runs steps. Times are judged by the database's clock."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    host = serializers.CharField(allow_null=True, help_text="null but for operators of the installation.")
    state = serializers.ChoiceField(STATES)
    queues = serializers.ListField(child=serializers.CharField(), help_text="That it serves; none: every one.")
    slots = serializers.IntegerField(help_text="How many steps it runs at once.")
    running = serializers.IntegerField(help_text="How many it runs now.")
    steps = RunningStepBody(many=True, help_text="Those of them that you may see.")
    executor = serializers.CharField(help_text="The strongest isolation that it has proved.")
    version = serializers.CharField()
    load = serializers.FloatField(allow_null=True, help_text="Of its machine, per core; null: it has not said.")
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    silent_seconds = serializers.FloatField(help_text="How long ago it was heard of.")
    commands = serializers.ListField(
        child=serializers.ChoiceField(COMMANDS), help_text="What you may tell it, as it is now."
    )


class QueueBody(serializers.Serializer[Any]):
    """Where steps wait for a worker: `runs_on` names it."""

    name = serializers.CharField()
    waiting = serializers.IntegerField(help_text="Steps that a worker could take.")
    oldest_at = serializers.DateTimeField(allow_null=True, help_text="Since when the first of them has waited.")
    oldest_seconds = serializers.FloatField(allow_null=True)
    running = serializers.IntegerField()
    slots = serializers.IntegerField(help_text="Of the workers that serve it.")
    workers = serializers.ListField(child=serializers.CharField(), help_text="That serve it; also those that drain.")
    reason = serializers.ChoiceField(["", "no_worker", "draining"], help_text="Why steps wait in vain.")
    message = serializers.CharField(help_text="The same as a sentence.")


class WorkerFilter(Strict):
    name = serializers.CharField(max_length=128, required=False, help_text="The whole name.")


class Workers(Resource):
    @operation(SignedIn(), answer=WorkerBody, query=WorkerFilter, paged=True)
    def list(self, request: Call) -> Any:
        """The workers of this installation, by name. What runs in projects that you may not see is only counted."""
        return queries.workers(request.actor, **request.query)

    @operation(Operator(), body=Empty, answer=WorkerBody)
    def drain(self, request: Call, worker: int) -> dict[str, Any]:
        """It finishes what it runs, and takes nothing new."""
        return actions.command(request.actor, worker, Command.DRAIN)

    @operation(Operator(), body=Empty, answer=WorkerBody)
    def resume(self, request: Call, worker: int) -> dict[str, Any]:
        """It takes steps again."""
        return actions.command(request.actor, worker, Command.RESUME)

    @operation(Operator(), body=Empty, answer=WorkerBody)
    def stop(self, request: Call, worker: int) -> dict[str, Any]:
        """It finishes what it runs, takes nothing new, and its process ends then. Until then it can be resumed."""
        return actions.command(request.actor, worker, Command.STOP)


class Queues(Resource):
    @operation(SignedIn(), answer=QueueBody, paged=True)
    def list(self, request: Call) -> Any:
        """The queues that workers serve, and those in which steps that you may see wait or run."""
        return queries.queues(request.actor)


urlpatterns = [
    path("workers/", Workers.as_view({"get": "list"})),
    path("workers/queues/", Queues.as_view({"get": "list"})),
    path("workers/<int:worker>/drain/", Workers.as_view({"post": "drain"})),
    path("workers/<int:worker>/resume/", Workers.as_view({"post": "resume"})),
    path("workers/<int:worker>/stop/", Workers.as_view({"post": "stop"})),
]
