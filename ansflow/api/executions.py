"""Executions: started, followed, stopped."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.paging import Pages
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.api.problems import ProblemBody
from ansflow.apps.executions import actions, details, events, queries, rendering
from ansflow.apps.executions.models import PipelineExecution
from ansflow.apps.executions.planning import Wish
from ansflow.apps.projects.access import Permission
from ansflow.core.spec import EVENTS
from ansflow.core.status import ExecutionStatus, StepStatus

STATUSES = [status.value for status in ExecutionStatus]
STEP_STATUSES = [status.value for status in StepStatus]
TRIGGER_TYPES = [choice.value for choice in PipelineExecution.TriggerType]


class TestsBody(serializers.Serializer[Any]):
    """Numbers as the test tool wrote them."""

    __test__ = False

    total = serializers.IntegerField()
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a name of the report, and one of DRF's
    skipped = serializers.IntegerField()
    seconds = serializers.FloatField()


class StepExecutionBody(serializers.Serializer[Any]):
    """One step of an execution. `log_bytes` belongs to its last attempt."""

    id = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    step_type = serializers.CharField()
    status = serializers.ChoiceField(STEP_STATUSES)
    reason = serializers.CharField()
    message = serializers.CharField()
    attempt = serializers.IntegerField()
    group = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())
    matrix = serializers.DictField()
    worker = serializers.CharField()
    allowed_failure = serializers.BooleanField()
    gate = serializers.ChoiceField(["", "pending", "approved", "rejected", "timeout"])
    due_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True)
    exit_code = serializers.IntegerField(allow_null=True)
    tests = TestsBody(allow_null=True)
    artifacts_count = serializers.IntegerField()
    log_bytes = serializers.IntegerField()


class ExecutionBody(serializers.Serializer[Any]):
    """One execution. `number` counts within its pipeline; `counts` says how many steps have each status."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    project = serializers.IntegerField()
    project_name = serializers.CharField()
    pipeline = serializers.IntegerField()
    pipeline_name = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(STATUSES)
    reason = serializers.CharField()
    message = serializers.CharField()
    trigger_type = serializers.ChoiceField(TRIGGER_TYPES)
    trigger_message = serializers.CharField(help_text="What it is for: as its caller says, or its commit.")
    execution_mode = serializers.ChoiceField(["local", "remote", "hybrid"])
    cicd_tool = serializers.IntegerField(allow_null=True)
    triggered_by = serializers.CharField()
    parameters = serializers.DictField()
    event = serializers.CharField()
    branch = serializers.CharField()
    commit = serializers.CharField()
    rerun_of = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True)
    seq = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())


class ListedExecutionBody(ExecutionBody):
    """An execution in a list, with its steps where `steps=true` asks for them."""

    step_executions = StepExecutionBody(many=True, required=False)


class WholeExecutionBody(ExecutionBody):
    """The execution with its steps, in the order of the file."""

    step_executions = StepExecutionBody(many=True)


class BegunExecutionBody(WholeExecutionBody):
    """The execution that has begun, and what is to be said of its plan: a queue that no worker serves, for one."""

    notes = ProblemBody(many=True)


@extend_schema_field(str)
class Words(serializers.CharField):
    """`a,b,c` of known words."""

    def __init__(self, known: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known = known

    def to_internal_value(self, data: Any) -> Any:
        words = [word.strip() for word in super().to_internal_value(data).split(",")]
        for word in words:
            if word not in self.known:
                raise serializers.ValidationError(f"{word!r} is none of {', '.join(self.known)}.")
        return words


class ExecutionFilter(Strict):
    project = serializers.IntegerField(required=False)
    pipeline = serializers.IntegerField(required=False)
    status = Words(STATUSES, required=False, help_text="One, or several with commas between them.")
    trigger_type = serializers.ChoiceField(TRIGGER_TYPES, required=False)
    branch = serializers.CharField(required=False)
    triggered_by = serializers.CharField(required=False, help_text="The name of who started it.")
    created_after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this moment.")
    ordering = serializers.ChoiceField(queries.ORDERINGS, required=False, default="-id")
    steps = serializers.BooleanField(required=False, default=False, help_text="With the steps of each.")


class Asked(Strict):
    """What may be said about an execution that is to begin."""

    trigger_type = serializers.ChoiceField(
        TRIGGER_TYPES,
        required=False,
        default="manual",
        help_text="manual or api. The others are said by this installation itself, of what it has seen.",
    )
    parameters = serializers.DictField(required=False, help_text="The inputs of the pipeline, by name.")
    version = serializers.IntegerField(required=False, min_value=1, help_text="Left out: the newest.")
    cicd_tool_id = serializers.IntegerField(
        required=False, allow_null=True, help_text="Left out: this installation's own workers."
    )
    event = serializers.ChoiceField(EVENTS, required=False, help_text="What `when` sees; follows from trigger_type.")
    branch = serializers.CharField(required=False, max_length=254, help_text="Left out: the project's default.")
    tag = serializers.CharField(required=False, max_length=254)
    commit = serializers.CharField(required=False, max_length=64)
    message = serializers.CharField(required=False, max_length=400, help_text="What it is for.")
    steps = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        max_length=1000,
        help_text="Only these, with what they need.",
    )


class NewExecution(Asked):
    pipeline_id = serializers.IntegerField()


class Cancellation(Strict):
    step = serializers.CharField(required=False, max_length=254, help_text="Only this step.")
    immediate = serializers.BooleanField(
        required=False, default=False, help_text="No grace for what runs, and no `finally`."
    )
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class Resumption(Strict):
    from_step = serializers.CharField(max_length=254, help_text="A key, or the id of a step with all its legs.")


class Rerun(Strict):
    version = serializers.ChoiceField(["same", "latest"], required=False, default="same")
    parameters = serializers.DictField(required=False, help_text="Left out: those of the execution.")


class EventsQuery(Strict):
    after = serializers.IntegerField(required=False, default=0, min_value=0, help_text="The number of the last known.")


class EventBody(serializers.Serializer[Any]):
    """`data` is that of the frame of the same type (see the contract of the socket)."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    type = serializers.ChoiceField(["execution_update", "step_update"])
    data = serializers.DictField()  # type: ignore[assignment]


class EventsBody(serializers.Serializer[Any]):
    """`seq` is the number of the last event here: ask again after it."""

    events = EventBody(many=True)
    seq = serializers.IntegerField()


class WhyQuery(Strict):
    step = serializers.CharField(required=False, max_length=254, help_text="Only what concerns this step.")
    offered = serializers.BooleanField(
        required=False, default=False, help_text="Only steps that are ready and not begun, with what each waits for."
    )


class DecisionBody(serializers.Serializer[Any]):
    """`kind` is `plan` (before it began), `event`, or `now` (of what has not ended, where no event has said it). `step`
    empty: of the whole."""

    kind = serializers.ChoiceField(["plan", "event", "now"])
    seq = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    step = serializers.CharField()
    status = serializers.CharField()
    attempt = serializers.IntegerField()
    reason = serializers.CharField()
    message = serializers.CharField()


class DecisionsBody(serializers.Serializer[Any]):
    decisions = DecisionBody(many=True)


class ReportBody(serializers.Serializer[Any]):
    """What an attempt left. `tests` with the failing ones, `scan` with every finding, `summary` in Markdown."""

    outputs = serializers.DictField(child=serializers.CharField())
    tests = serializers.DictField(allow_null=True)
    coverage = serializers.DictField(allow_null=True)
    scan = serializers.DictField(allow_null=True)
    artifacts = serializers.ListField(child=serializers.DictField())
    summary = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())


class AttemptBody(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    status = serializers.CharField()
    reason = serializers.CharField()
    message = serializers.CharField()
    worker = serializers.CharField()
    exit_code = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True)
    log_bytes = serializers.IntegerField()
    report = ReportBody()


LAST = (
    "The last successful execution of the same pipeline whose step deployed there: the newest while the step has not"
    " ended, and the one before this execution afterwards. Null: there was none."
)
DEPLOYMENT = "Null: the step names no environment, or only the run can tell which."


class DeployedBody(serializers.Serializer[Any]):
    """An execution that deployed."""

    execution = serializers.IntegerField()
    number = serializers.IntegerField()
    commit = serializers.CharField()
    branch = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="Of the pipeline.")
    at = serializers.DateTimeField(help_text="When the step that deployed ended.")
    by = serializers.CharField(help_text="Who started the execution.")


class DeploymentBody(serializers.Serializer[Any]):
    """What a step brings to an environment, beside what was brought there last."""

    environment = serializers.CharField()
    commit = serializers.CharField()
    branch = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="Of the pipeline.")
    last = DeployedBody(allow_null=True, help_text=LAST)


class StepDetailBody(StepExecutionBody):
    """One step with its attempts side by side; `report` is that of the newest that has ended."""

    execution = serializers.IntegerField()
    report = ReportBody()
    attempts = AttemptBody(many=True)
    deployment = DeploymentBody(allow_null=True, help_text=DEPLOYMENT)


class Executions(Resource):
    @operation(SignedIn(), answer=ListedExecutionBody, paged=True, query=ExecutionFilter)
    def list(self, request: Call) -> HttpResponse:
        """The executions that you may see, newest first."""
        wanted = dict(request.query)
        steps = wanted.pop("steps")
        found: Any = queries.listed(request.actor, **wanted)
        pages = Pages()
        page: Any = pages.paginate_queryset(found, request.http, view=self)
        return pages.as_json(rendering.encode, rendering.page(page, steps=steps))

    @operation(Needs(Permission.EXECUTION_RUN), body=NewExecution, answer=BegunExecutionBody, status=201, atomic=False)
    def create(self, request: Call) -> HttpResponse:
        """Run a pipeline."""
        wanted = dict(request.body)
        return begun(request, wanted.pop("pipeline_id"), wanted)

    @operation(Needs(Permission.EXECUTION_VIEW), answer=WholeExecutionBody)
    def retrieve(self, request: Call, id: int) -> HttpResponse:
        """One execution with its steps."""
        queries.require(request.actor, id)
        return _json(rendering.execution(id))

    @operation(Needs(Permission.EXECUTION_CANCEL), body=Cancellation, answer=WholeExecutionBody, atomic=False)
    def cancel(self, request: Call, id: int) -> HttpResponse:
        """Stop an execution, or one of its steps."""
        actions.cancel(request.actor, id, **request.body)
        return _json(rendering.execution(id))

    @operation(Needs(Permission.EXECUTION_RUN), answer=BegunExecutionBody, status=201, atomic=False)
    def retry(self, request: Call, id: int) -> HttpResponse:
        """Run again what failed and what follows from it, as a new execution."""
        return _json(rendering.begun(actions.retry(request.actor, id)), status=201)

    @operation(Needs(Permission.EXECUTION_RUN), body=Resumption, answer=BegunExecutionBody, status=201, atomic=False)
    def resume(self, request: Call, id: int) -> HttpResponse:
        """Run again from one step on, as a new execution."""
        made = actions.resume(request.actor, id, from_step=request.body["from_step"])
        return _json(rendering.begun(made), status=201)

    @operation(Needs(Permission.EXECUTION_RUN), body=Rerun, answer=BegunExecutionBody, status=201, atomic=False)
    def rerun(self, request: Call, id: int) -> HttpResponse:
        """Run all of it again, as a new execution.

        Event, branch and tool stay as they were; what triggered it is `manual`, since somebody asked for it.
        """
        latest = request.body.get("version") == "latest"
        made = actions.rerun(request.actor, id, latest=latest, parameters=request.body.get("parameters"))
        return _json(rendering.begun(made), status=201)

    @operation(Needs(Permission.EXECUTION_VIEW), query=EventsQuery, answer=EventsBody)
    def events(self, request: Call, id: int) -> HttpResponse:
        """What happened after a number, in order; at most 1,000 events at once."""
        execution = queries.execution(request.actor, id)
        return _json(events.frames(execution, after=request.query["after"]))

    @operation(Needs(Permission.EXECUTION_VIEW), query=WhyQuery, answer=DecisionsBody)
    def why(self, request: Call, id: int) -> HttpResponse:
        """Every decision with its reason and a sentence: why it went as it did, and what is still waited for."""
        execution = queries.execution(request.actor, id)
        tells = events.offered if request.query["offered"] else events.why
        return _json({"decisions": tells(request.actor, execution, step=request.query.get("step", ""))})

    @operation(Needs(Permission.EXECUTION_LOG), answer=StepDetailBody)
    def step(self, request: Call, id: int, key: str) -> HttpResponse:
        """One step with every attempt: its tests, findings, summary and artifacts."""
        execution = queries.execution(request.actor, id, Permission.EXECUTION_LOG)
        return _json(details.step(execution, key))


class PipelineRun(Resource):
    @operation(Needs(Permission.EXECUTION_RUN), body=Asked, answer=BegunExecutionBody, status=201, atomic=False)
    def create(self, request: Call, id: int) -> HttpResponse:
        """Run this pipeline."""
        return begun(request, id, dict(request.body))


def begun(request: Call, pipeline_id: int, wanted: dict[str, Any]) -> HttpResponse:
    version, tool = wanted.pop("version", None), wanted.pop("cicd_tool_id", None)
    made = actions.trigger(request.actor, pipeline_id, Wish(**wanted), version=version, cicd_tool_id=tool)
    return _json(rendering.begun(made), status=201)


def _json(value: Any, *, status: int = 200) -> HttpResponse:
    return HttpResponse(rendering.encode(value), content_type="application/json", status=status)


urlpatterns = [
    path("cicd/executions/", Executions.as_view({"get": "list", "post": "create"})),
    path("cicd/executions/<int:id>/", Executions.as_view({"get": "retrieve"})),
    path("cicd/executions/<int:id>/cancel/", Executions.as_view({"post": "cancel"})),
    path("cicd/executions/<int:id>/retry/", Executions.as_view({"post": "retry"})),
    path("cicd/executions/<int:id>/resume/", Executions.as_view({"post": "resume"})),
    path("cicd/executions/<int:id>/rerun/", Executions.as_view({"post": "rerun"})),
    path("cicd/executions/<int:id>/events/", Executions.as_view({"get": "events"})),
    path("cicd/executions/<int:id>/why/", Executions.as_view({"get": "why"})),
    path("cicd/executions/<int:id>/steps/<path:key>/", Executions.as_view({"get": "step"})),
    path("pipelines/<int:id>/run/", PipelineRun.as_view({"post": "create"})),
]
