"""Before anything runs: what is wrong with a text, what would run for an event, and what an edit would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.api.pipelines import text_field
from ansflow.api.problems import ChangeBody, ProblemBody
from ansflow.apps.pipelines import editing, planning, queries
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.pipelines.sources import Checked, check_source, check_version
from ansflow.apps.projects.access import Permission
from ansflow.core.plan import Plan
from ansflow.core.spec import EVENTS

SOURCES = ("source", "version")


class SourceBody(Strict):
    source = text_field()  # type: ignore[assignment]  # a field of that name


class Verdict(serializers.Serializer[Any]):
    """`valid`: it can be saved and run here. Notes are no reason to refuse it."""

    valid = serializers.BooleanField()
    steps = serializers.IntegerField(help_text="How many steps it has; 0 where it is not valid.")
    problems = ProblemBody(many=True)
    notes = ProblemBody(many=True)


class Wished(Strict):
    """What an execution would be started with."""

    event = serializers.ChoiceField(EVENTS, required=False)
    branch = serializers.CharField(required=False, max_length=254)
    tag = serializers.CharField(required=False, max_length=254)
    author = serializers.CharField(required=False, max_length=254)
    inputs = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False)
    changed = serializers.ListField(
        child=serializers.CharField(max_length=4096),
        required=False,
        allow_null=True,
        max_length=10_000,
        help_text="Paths that changed. Left out: nobody knows, and every `path` rule counts as met.",
    )
    steps = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        max_length=1000,
        help_text="Only these, and what they need.",
    )


class TextWishBody(Wished):
    """What an execution of that text would be started with."""

    source = text_field()  # type: ignore[assignment]  # as above


class WishBody(Wished):
    """What an execution would be started with. Without `source` and `version`: the newest version."""

    source = text_field(required=False)  # type: ignore[assignment]  # as above
    version = serializers.IntegerField(required=False)

    def validate(self, attrs: Any) -> Any:
        if all(key in attrs for key in SOURCES):
            raise serializers.ValidationError({"version": ["'source' and 'version' cannot stand together."]})
        return attrs


class NeedBody(serializers.Serializer[Any]):
    key = serializers.CharField()
    statuses = serializers.ListField(child=serializers.CharField())
    optional = serializers.BooleanField()
    group = serializers.CharField(help_text="The group or matrix that the need was written as; empty: one step.")


class SkipBody(serializers.Serializer[Any]):
    reason = serializers.CharField()
    message = serializers.CharField()


class PlannedStepBody(serializers.Serializer[Any]):
    """One step that would be there; `skip` says why it would not run."""

    key = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    step_type = serializers.CharField()
    group = serializers.CharField()
    final = serializers.BooleanField(help_text="Stands under `finally`.")
    matrix = serializers.DictField(child=serializers.JSONField(allow_null=True))
    needs = NeedBody(many=True)
    skip = SkipBody(allow_null=True)
    condition = serializers.CharField(help_text="`if`; decided when its turn comes.")
    approval = serializers.JSONField(allow_null=True)
    environment = serializers.JSONField(allow_null=True)
    executor = serializers.CharField(help_text="Empty: this server's own choice.")
    timeout = serializers.CharField()


class AskedInput(serializers.Serializer[Any]):
    """One field of the form that asks for the inputs."""

    name = serializers.CharField()
    type = serializers.ChoiceField(["string", "number", "boolean", "choice"])
    description = serializers.CharField()
    default = serializers.JSONField(allow_null=True)
    required = serializers.BooleanField()  # type: ignore[assignment]  # as above
    options = serializers.ListField(child=serializers.CharField())
    pattern = serializers.CharField()


class InputBody(AskedInput):
    """One field of the form that asks for the inputs; `value` is what would be taken."""

    value = serializers.JSONField(allow_null=True)


class FormBody(serializers.Serializer[Any]):
    """What somebody is asked who starts an execution of that version."""

    version = serializers.IntegerField()
    inputs = AskedInput(many=True)
    steps = serializers.ListField(child=serializers.CharField(), help_text="Ids, in the order of the file.")


class FormQuery(Strict):
    version = serializers.IntegerField(required=False, help_text="Left out: the newest.")


class BundleBody(serializers.Serializer[Any]):
    """Steps that are joined: a group, or the legs of a matrix."""

    name = serializers.CharField()
    keys = serializers.ListField(child=serializers.CharField())
    join = serializers.ChoiceField(["wait_all", "wait_any", "fail_fast"])
    max_parallel = serializers.IntegerField(allow_null=True)
    timeout = serializers.CharField(allow_null=True)


class PlanBody(serializers.Serializer[Any]):
    """The exact plan: every step with its needs, and why the rest would not run."""

    name = serializers.CharField()
    digest = serializers.CharField()
    event = serializers.CharField()
    branch = serializers.CharField()
    tag = serializers.CharField()
    max_parallel = serializers.IntegerField()
    timeout = serializers.CharField(allow_null=True)
    concurrency = serializers.JSONField(allow_null=True)
    inputs = InputBody(many=True)
    steps = PlannedStepBody(many=True)
    bundles = BundleBody(many=True)
    notes = ProblemBody(many=True)


class PlansBody(Strict):
    before = WishBody()
    after = WishBody()


class PlanDifference(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["added", "removed", "runs", "skipped", "reason", "needs"])
    step = serializers.CharField()
    sentence = serializers.CharField()


class EditsBody(Strict):
    """The words of `ansflow edit`, one list for each edit: `["set", "steps.unit.timeout", "5m"]`."""

    edits = serializers.ListField(
        child=serializers.ListField(
            child=serializers.CharField(trim_whitespace=False, allow_blank=True), max_length=50
        ),
        min_length=1,
        max_length=200,
    )
    source = text_field(required=False)  # type: ignore[assignment]  # as above
    save = serializers.BooleanField(required=False, help_text="Makes the result the next version.")  # type: ignore[assignment]
    base_version = serializers.IntegerField(required=False, help_text="With `save`: the version that was edited.")
    message = serializers.CharField(required=False, allow_blank=True, max_length=400)


class EditedBody(serializers.Serializer[Any]):
    """`version` is null unless the result was saved."""

    source = serializers.CharField()  # type: ignore[assignment]  # as above
    diff = serializers.CharField()
    changes = ChangeBody(many=True, allow_null=True)
    problems = ProblemBody(many=True, source="checked.problems")
    notes = ProblemBody(many=True, source="checked.notes")
    version = serializers.IntegerField(allow_null=True)


class Planning(Resource):
    @operation(SignedIn(), body=SourceBody, answer=Verdict)
    def validate_text(self, request: Call) -> Mapping[str, Any]:
        """Everything that is wrong with a text, and what is to be noted, with line and column."""
        return _verdict(check_source(request.body["source"]))

    @operation(Needs(Permission.PIPELINE_VIEW), body=SourceBody, answer=Verdict)
    def validate(self, request: Call, id: int) -> Mapping[str, Any]:
        """The same for a text that is to stand in this pipeline: with the templates that the pipeline has."""
        return _verdict(_check(queries.pipeline(request.actor, id), request.body))

    @operation(SignedIn(), body=TextWishBody, answer=PlanBody)
    def plan_text(self, request: Call) -> Mapping[str, Any]:
        """What would run of a text that is no pipeline yet, and why the rest would not. Starts nothing."""
        return _shown(check_source(request.body["source"]), request.body)

    @operation(Needs(Permission.PIPELINE_VIEW), body=WishBody, answer=PlanBody)
    def plan(self, request: Call, id: int) -> Mapping[str, Any]:
        """What would run for an event, and why the rest would not. Starts nothing."""
        return _shown(_check(queries.pipeline(request.actor, id), request.body), request.body)

    @operation(Needs(Permission.PIPELINE_VIEW), query=FormQuery, answer=FormBody)
    def form(self, request: Call, id: int) -> Mapping[str, Any]:
        """What to ask somebody who starts the pipeline: its inputs, also those that have no value yet."""
        pipeline = queries.pipeline(request.actor, id)
        checked = _check(pipeline, request.query)
        number = request.query.get("version", queries.latest_number(pipeline))
        return {"version": number, **planning.form(checked.required())}

    @operation(Needs(Permission.PIPELINE_VIEW), body=PlansBody, answer=PlanDifference, many=True)
    def compare_plans(self, request: Call, id: int) -> list[dict[str, Any]]:
        """What runs in one plan and not in another: for two events, two versions, or both."""
        pipeline = queries.pipeline(request.actor, id)
        wishes = (request.body[name] for name in ("before", "after"))
        before, after = (_planned(_check(pipeline, wish), wish) for wish in wishes)
        return planning.plans_differ(before, after)

    @operation(Needs(Permission.PIPELINE_VIEW), body=EditsBody, answer=EditedBody)
    def edit(self, request: Call, id: int) -> editing.Edited:
        """Edit the text, keeping every other byte; saved only where `save` says so."""
        return editing.edit(request.actor, id, **request.body)


def _check(pipeline: Pipeline, body: Mapping[str, Any]) -> Checked:
    latest = pipeline.latest
    assert latest is not None  # made together with the pipeline
    if "source" in body:
        return check_source(body["source"], file=pipeline.repository_path, templates=latest.templates)
    return check_version(queries.version(pipeline, body.get("version", latest.number)))


def _planned(checked: Checked, body: Mapping[str, Any]) -> Plan:
    return planning.planned(checked, planning.Wish(**{key: body[key] for key in body if key not in SOURCES}))


def _shown(checked: Checked, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return planning.shown(_planned(checked, body), checked.required())


def _verdict(checked: Checked) -> dict[str, Any]:
    spec = checked.spec
    return {
        "valid": spec is not None,
        "steps": len(spec.steps) + len(spec.final_steps) if spec else 0,
        "problems": checked.problems,
        "notes": checked.notes,
    }


BELOW = "pipelines/<int:id>/"
urlpatterns = [
    path("pipelines/validate/", Planning.as_view({"post": "validate_text"})),
    path("pipelines/plan/", Planning.as_view({"post": "plan_text"})),
    path(f"{BELOW}validate/", Planning.as_view({"post": "validate"})),
    path(f"{BELOW}plan/", Planning.as_view({"post": "plan"})),
    path(f"{BELOW}form/", Planning.as_view({"get": "form"})),
    path(f"{BELOW}plan/diff/", Planning.as_view({"post": "compare_plans"})),
    path(f"{BELOW}edits/", Planning.as_view({"post": "edit"})),
]
