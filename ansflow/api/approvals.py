"""Gates that wait for people."""

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
from ansflow.api.executions import DEPLOYMENT, DeploymentBody
from ansflow.apps.approvals import actions, queries
from ansflow.apps.executions import rendering
from ansflow.apps.projects.access import Permission


class AnswerBody(serializers.Serializer[Any]):
    by = serializers.CharField()
    comment = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


class FieldBody(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(["string", "number", "boolean", "choice"])
    options = serializers.ListField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]  # the file's word, and one of DRF's


class ApprovalBody(serializers.Serializer[Any]):
    """A gate with what it is about: the execution, the text (`digest`), the commit and the parameters."""

    id = serializers.IntegerField()
    execution = serializers.IntegerField()
    execution_number = serializers.IntegerField()
    project = serializers.IntegerField()
    project_name = serializers.CharField()
    pipeline = serializers.IntegerField()
    pipeline_name = serializers.CharField()
    step = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(queries.STATUSES)
    message = serializers.CharField()
    environment = serializers.CharField()
    deployment = DeploymentBody(allow_null=True, help_text=DEPLOYMENT)
    required = serializers.IntegerField()  # type: ignore[assignment]  # the file's word, and one of DRF's
    answers = AnswerBody(many=True)
    users = serializers.ListField(child=serializers.CharField())
    groups = serializers.ListField(child=serializers.CharField())
    self_approval = serializers.BooleanField()
    fields = FieldBody(many=True)  # type: ignore[assignment]
    requested_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    triggered_by = serializers.CharField()
    branch = serializers.CharField()
    commit = serializers.CharField()
    parameters = serializers.DictField()
    digest = serializers.CharField()
    may_respond = serializers.BooleanField()
    why_not = serializers.CharField()


class ApprovalFilter(Strict):
    status = serializers.ChoiceField(queries.STATUSES, required=False, default="pending")
    project = serializers.IntegerField(required=False)
    pipeline = serializers.IntegerField(required=False)
    execution = serializers.IntegerField(required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only those that you may answer now.")


@extend_schema_field({"oneOf": [{"type": "string", "maxLength": 4000}, {"type": "number"}, {"type": "boolean"}]})
class AnsweredField(serializers.Field[str, Any, str, Any]):
    """A text; also a number, true or false as JSON writes them."""

    def __init__(self) -> None:
        super().__init__()
        self._text = serializers.CharField(allow_blank=True, max_length=4000)

    def to_internal_value(self, data: Any) -> str:
        return str(self._text.run_validation(str(data).lower() if isinstance(data, bool) else data))


class ApprovalResponse(Strict):
    action = serializers.ChoiceField(actions.ACTIONS)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    fields = serializers.DictField(  # type: ignore[assignment]
        child=AnsweredField(), required=False
    )
    digest = serializers.CharField(
        required=False, max_length=64, help_text="Of the text you have looked at: the answer counts for no other."
    )


class Approvals(Resource):
    @operation(SignedIn(), answer=ApprovalBody, paged=True, query=ApprovalFilter)
    def list(self, request: Call) -> HttpResponse:
        """Gates of the executions that you may see; those that wait, unless another status is asked for."""
        pages = Pages()
        page: Any = pages.paginate_queryset(queries.approvals(request.actor, **request.query), request.http, view=self)
        return pages.as_json(rendering.encode, queries.as_rows(request.actor, page))

    @operation(Needs(Permission.EXECUTION_VIEW), answer=ApprovalBody)
    def retrieve(self, request: Call, id: int) -> HttpResponse:
        """One gate."""
        return _json(request, queries.approval(request.actor, id))

    @operation(Needs(Permission.APPROVAL_RESPOND), body=ApprovalResponse, answer=ApprovalBody, atomic=False)
    def respond(self, request: Call, id: int) -> HttpResponse:
        """Approve or reject."""
        return _json(request, actions.respond(request.actor, id, **request.body))


def _json(request: Call, found: Any) -> HttpResponse:
    (row,) = queries.as_rows(request.actor, [found])
    return HttpResponse(rendering.encode(row), content_type="application/json")


urlpatterns = [
    path("approvals/", Approvals.as_view({"get": "list"})),
    path("approvals/<int:id>/", Approvals.as_view({"get": "retrieve"})),
    path("approvals/<int:id>/respond/", Approvals.as_view({"post": "respond"})),
]
