"""Groups: people who may answer for a gate together."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Admin, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.accounts import actions, queries
from ansflow.apps.accounts.models import Group

MOST_MEMBERS = 1000


class GroupMemberBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()


class GroupBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    members = GroupMemberBody(many=True, source="members.all")


class NewGroup(Strict):
    name = serializers.CharField(max_length=100)
    members = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=MOST_MEMBERS, required=False, help_text="Ids of users."
    )


class GroupUpdate(Strict):
    name = serializers.CharField(max_length=100)
    members = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=MOST_MEMBERS, help_text="Ids of users: all of them."
    )


class Groups(Resource):
    @operation(SignedIn(), answer=GroupBody, paged=True)
    def list(self, request: Call) -> QuerySet[Group]:
        """The groups of your tenant."""
        return queries.groups(request.actor)

    @operation(Admin(), body=NewGroup, answer=GroupBody, status=201)
    def create(self, request: Call) -> Group:
        """A new group."""
        return actions.create_group(request.actor, **request.body)

    @operation(SignedIn(), answer=GroupBody)
    def retrieve(self, request: Call, group: int) -> Group:
        """One group."""
        return queries.group(request.actor, group)

    @operation(Admin(), body=GroupUpdate, answer=GroupBody)
    def partial_update(self, request: Call, group: int) -> Group:
        """Changes a group. `members` replaces all of them."""
        return actions.update_group(request.actor, group, **request.body)

    @operation(Admin(), status=204)
    def destroy(self, request: Call, group: int) -> None:
        """Removes a group. A gate that names it can then be answered by nobody."""
        actions.delete_group(request.actor, group)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("auth/groups/", Groups.as_view({"get": "list", "post": "create"})),
    path("auth/groups/<int:group>/", Groups.as_view(ONE)),
]
