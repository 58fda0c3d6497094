"""Logins at Git hosts: everything but the secret itself can be read."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers

from ansflow.api.base.operations import Call, Resource, operation
from ansflow.api.base.policies import Needs
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects import queries, sealed
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import GitCredential

KINDS = GitCredential.Kind.choices
HOST = "The only host it is sent to, with :port where it has its own."
KNOWN_HOSTS = "The host's own keys, as in ~/.ssh/known_hosts. An ssh_key needs them."


class GitCredentialBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    project = serializers.IntegerField(source="project_id")
    name = serializers.CharField()
    host = serializers.CharField(help_text=HOST)
    kind = serializers.ChoiceField(KINDS)
    username = serializers.CharField()
    known_hosts = serializers.CharField(help_text=KNOWN_HOSTS)
    has_password = serializers.BooleanField()
    has_ssh_key = serializers.BooleanField()
    updated_at = serializers.DateTimeField()
    updated_by = serializers.CharField()


class GitCredentialUpdate(Strict):
    username = serializers.CharField(max_length=254, allow_blank=True, required=False)
    password = serializers.CharField(
        max_length=4096, trim_whitespace=False, required=False, write_only=True, help_text="Or a token."
    )
    ssh_key = serializers.CharField(
        max_length=32_768,
        trim_whitespace=False,
        required=False,
        write_only=True,
        help_text="A private key without a passphrase.",
    )
    known_hosts = serializers.CharField(max_length=65_536, allow_blank=True, required=False, help_text=KNOWN_HOSTS)


class NewGitCredential(GitCredentialUpdate):
    project = serializers.IntegerField()
    name = serializers.CharField(max_length=100)
    host = serializers.CharField(max_length=254, help_text=HOST)


class GitCredentialFilter(Strict):
    project = serializers.IntegerField(required=False)
    search = serializers.CharField(required=False, help_text="Part of the name.")
    host = serializers.CharField(required=False, help_text="Part of the host.")


class GitCredentials(Resource):
    @operation(Needs(Permission.CREDENTIAL_VIEW), answer=GitCredentialBody, query=GitCredentialFilter, paged=True)
    def list(self, request: Call) -> QuerySet[GitCredential]:
        """The Git credentials of your projects, without their secrets."""
        return queries.git_credentials(request.actor, **request.query)

    @operation(Needs(Permission.CREDENTIAL_CHANGE), body=NewGitCredential, answer=GitCredentialBody, status=201)
    def create(self, request: Call) -> GitCredential:
        """Seals a password, token or private key. It is never given out again."""
        wanted = dict(request.body)
        return sealed.create_git_credential(request.actor, wanted.pop("project"), **wanted)

    @operation(Needs(Permission.CREDENTIAL_VIEW), answer=GitCredentialBody)
    def retrieve(self, request: Call, credential: int) -> GitCredential:
        """One Git credential, without its secret."""
        return queries.git_credential_of(request.actor, credential)

    @operation(Needs(Permission.CREDENTIAL_CHANGE), body=GitCredentialUpdate, answer=GitCredentialBody)
    def partial_update(self, request: Call, credential: int) -> GitCredential:
        """Changes what is named. For another name or host make another one."""
        return sealed.update_git_credential(request.actor, credential, **request.body)

    @operation(Needs(Permission.CREDENTIAL_CHANGE), status=204)
    def destroy(self, request: Call, credential: int) -> None:
        """Deletes a Git credential."""
        sealed.delete_git_credential(request.actor, credential)


ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("cicd/git-credentials/", GitCredentials.as_view({"get": "list", "post": "create"})),
    path("cicd/git-credentials/<int:credential>/", GitCredentials.as_view(ONE)),
]
