"""What operators see of projects: never what is sealed."""

from __future__ import annotations

from typing import ClassVar

from ansflow.apps.projects.models import DataKey, Environment, GitCredential, Member, Project, Secret, Variable
from ansflow.apps.shown import Shown


class Projects(Shown):
    list_display = ("name", "tenant", "visibility", "repository", "created_at", "archived_at")
    list_filter = ("visibility", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("name", "repository")


class InProject(Shown):
    list_filter: ClassVar[tuple[str, ...]] = ("project__tenant",)
    list_select_related: ClassVar[tuple[str, ...]] = ("project",)


class Members(InProject):
    list_display = ("project", "user", "role")
    list_filter = ("role", "project__tenant")
    list_select_related = ("project", "user")
    search_fields = ("project__name", "user__username")


class Environments(InProject):
    list_display = ("project", "name", "required_approvals", "self_approval")
    search_fields = ("project__name", "name")


class Variables(InProject):
    list_display = ("project", "environment", "name")
    search_fields = ("project__name", "name")


class Secrets(InProject):
    list_display = ("project", "environment", "name", "key_version", "updated_at", "updated_by")
    search_fields = ("project__name", "name")


class GitCredentials(InProject):
    list_display = ("project", "name", "host", "kind", "username", "key_version", "updated_at")
    search_fields = ("project__name", "name", "host")


class DataKeys(Shown):
    list_display = ("tenant", "version", "sealed_by", "created_at")
    list_select_related = ("tenant",)


SHOWN = {
    Project: Projects,
    Member: Members,
    Environment: Environments,
    Variable: Variables,
    Secret: Secrets,
    GitCredential: GitCredentials,
    DataKey: DataKeys,
}
