"""Variables: what every step of a project, or of one of its environments, sees."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects import places, queries
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import Variable

LONGEST_VALUE = 32_768
WHERE = "The name of an environment. Empty: all of them."


class VariableBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    environment = serializers.CharField(help_text=WHERE)
    value = serializers.CharField()


class VariableUpdate(Strict):
    value = serializers.CharField(max_length=LONGEST_VALUE, allow_blank=True, trim_whitespace=False)


class NewVariable(VariableUpdate):
    name = serializers.CharField(max_length=100)
    environment = serializers.CharField(max_length=100, allow_blank=True, required=False, help_text=WHERE)


class VariableFilter(Strict):
    search = serializers.CharField(required=False, help_text="Part of the name.")
    environment = serializers.CharField(required=False, allow_blank=True, help_text=WHERE)


class Variables(Resource):
    @operation(Needs(Permission.VARIABLE_VIEW), answer=VariableBody, query=VariableFilter, paged=True)
    def list(self, request: Call, project: int) -> QuerySet[Variable]:
        """The variables of a project."""
        return queries.variables_of(request.actor, project, **request.query)

    @operation(Needs(Permission.VARIABLE_CHANGE), body=NewVariable, answer=VariableBody, status=201)
    def create(self, request: Call, project: int) -> Variable:
        """Sets a variable."""
        return places.create_variable(request.actor, project, **request.body)

    @operation(Needs(Permission.VARIABLE_VIEW), answer=VariableBody)
    def retrieve(self, request: Call, project: int, variable: int) -> Variable:
        """One variable."""
        return queries.variable(request.actor, project, variable)

    @operation(Needs(Permission.VARIABLE_CHANGE), body=VariableUpdate, answer=VariableBody)
    def partial_update(self, request: Call, project: int, variable: int) -> Variable:
        """Gives it another value."""
        return places.update_variable(request.actor, project, variable, **request.body)

    @operation(Needs(Permission.VARIABLE_CHANGE), status=204)
    def destroy(self, request: Call, project: int, variable: int) -> None:
        """Deletes a variable."""
        places.delete_variable(request.actor, project, variable)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("projects/<int:project>/variables/", Variables.as_view({"get": "list", "post": "create"})),
    path("projects/<int:project>/variables/<int:variable>/", Variables.as_view(ONE)),
]
