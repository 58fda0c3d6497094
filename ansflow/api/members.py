"""Who belongs to a project, and as what."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects import actions, queries
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Member, Role


class MemberBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    email = serializers.EmailField(allow_null=True, help_text="Null but for those who may add members.")
    is_active = serializers.BooleanField(source="user.is_active")
    role = serializers.ChoiceField(Role.choices)


class NewMember(Strict):
    user = serializers.CharField(max_length=254, help_text="A username, or an e-mail address.")
    role = serializers.ChoiceField(Role.choices)


class MemberUpdate(Strict):
    role = serializers.ChoiceField(Role.choices)


class MemberFilter(Strict):
    search = serializers.CharField(
        required=False, help_text="Part of the username, or of an e-mail address you may see."
    )
    role = serializers.ChoiceField(Role.choices, required=False)


class Members(Resource):
    @operation(Needs(Permission.MEMBER_VIEW), answer=MemberBody, query=MemberFilter, paged=True)
    def list(self, request: Call, project: int) -> QuerySet[Member]:
        """The people of a project."""
        return queries.members(request.actor, project, **request.query)

    @operation(Needs(Permission.MEMBER_CHANGE), body=NewMember, answer=MemberBody, status=201)
    def create(self, request: Call, project: int) -> Member:
        """Adds somebody, with at most your own role."""
        return actions.add_member(request.actor, project, **request.body)

    @operation(Needs(Permission.MEMBER_VIEW), answer=MemberBody)
    def retrieve(self, request: Call, project: int, member: int) -> Member:
        """One member."""
        return queries.member(request.actor, project, member)

    @operation(Needs(Permission.MEMBER_CHANGE), body=MemberUpdate, answer=MemberBody)
    def partial_update(self, request: Call, project: int, member: int) -> Member:
        """Gives another role. The last owner stays one."""
        return actions.change_role(request.actor, project, member, **request.body)

    @operation(Needs(Permission.MEMBER_CHANGE), status=204)
    def destroy(self, request: Call, project: int, member: int) -> None:
        """Removes somebody. The last owner stays."""
        actions.remove_member(request.actor, project, member)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("projects/<int:project>/members/", Members.as_view({"get": "list", "post": "create"})),
    path("projects/<int:project>/members/<int:member>/", Members.as_view(ONE)),
]
