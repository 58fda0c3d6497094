"""What was done, by whom, and whether the record is whole."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Admin, Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.audit import queries
from ansflow.apps.audit.models import Entry
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission


class EntryBody(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    actor_id = serializers.IntegerField(allow_null=True, help_text="null: the installation itself.")
    token_id = serializers.IntegerField(allow_null=True)
    address = serializers.CharField()
    request_id = serializers.CharField()
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.IntegerField(allow_null=True)
    object_name = serializers.CharField()
    project = serializers.IntegerField(source="project_id", allow_null=True)
    before = serializers.DictField()
    after = serializers.DictField()
    previous_hash = serializers.CharField()
    hash = serializers.CharField()


class EntryFilter(Strict):
    actor = serializers.CharField(max_length=254, required=False, help_text="A username.")
    action = serializers.CharField(max_length=64, required=False, help_text="`project.create`, or `project.` for all.")
    object_type = serializers.CharField(max_length=64, required=False)
    object_id = serializers.IntegerField(min_value=0, required=False)
    project = serializers.IntegerField(min_value=1, required=False, source="project_id")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class Noted(Strict):
    length = serializers.IntegerField(min_value=1, required=False, help_text="A length that was noted before …")
    hash = serializers.RegexField(r"\A[0-9a-f]{64}\Z", required=False, help_text="… with the hash it had.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) == 1:
            raise serializers.ValidationError({next(iter(attrs)): ["Give length and hash, or neither."]})
        return attrs


class BrokenBody(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    reason = serializers.CharField()


class VerifiedBody(serializers.Serializer[Any]):
    whole = serializers.BooleanField()
    length = serializers.IntegerField(help_text="Note it elsewhere, with the hash: it proves what came before.")
    hash = serializers.CharField()
    broken = BrokenBody(allow_null=True)


class Entries(Resource):
    @operation(Needs(Permission.AUDIT_VIEW), answer=EntryBody, query=EntryFilter, paged=True)
    def list(self, request: Call) -> QuerySet[Entry]:
        """What was done, newest first: in the projects whose record you may see; everything for administrators."""
        actor, query = request.actor, request.query
        whole = actor.is_admin and actor.project_ids is None
        if "project_id" in query and not whole:
            access.project(actor, query["project_id"], Permission.AUDIT_VIEW)
        projects = None if whole else access.allowed(actor, Permission.AUDIT_VIEW).values("id")
        return queries.entries(actor.tenant_id, projects, **query)

    @operation(Admin(), answer=VerifiedBody, query=Noted)
    def verify(self, request: Call) -> dict[str, Any]:
        """Walks the whole chain, and names the first entry that is not as it was written."""
        known = queries.Head(**request.query) if request.query else None
        head = queries.head(request.actor.tenant_id)
        broken = queries.verify(request.actor.tenant_id, known)
        return {"whole": broken is None, "length": head.length, "hash": head.hash, "broken": broken}


urlpatterns = [
    path("audit/", Entries.as_view({"get": "list"})),
    path("audit/verify/", Entries.as_view({"get": "verify"})),
]
