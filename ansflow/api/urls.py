"""Every path of the API, one line per resource file."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("v1/", include("ansflow.api.audit")),
    path("v1/", include("ansflow.api.auth")),
    path("v1/", include("ansflow.api.groups")),
    path("v1/", include("ansflow.api.tickets")),
    path("v1/", include("ansflow.api.tokens")),
    path("v1/", include("ansflow.api.users")),
    path("v1/", include("ansflow.api.projects")),
    path("v1/", include("ansflow.api.members")),
    path("v1/", include("ansflow.api.environments")),
    path("v1/", include("ansflow.api.variables")),
    path("v1/", include("ansflow.api.secrets")),
    path("v1/", include("ansflow.api.pipelines")),
    path("v1/", include("ansflow.api.refs")),
    path("v1/", include("ansflow.api.planning")),
    path("v1/", include("ansflow.api.versions")),
    path("v1/", include("ansflow.api.git_credentials")),
    path("v1/", include("ansflow.api.tools")),
    path("v1/", include("ansflow.api.atomic_steps")),
    path("v1/", include("ansflow.api.executions")),
    path("v1/", include("ansflow.api.deployments")),
    path("v1/", include("ansflow.api.logs")),
    path("v1/", include("ansflow.api.artifacts")),
    path("v1/", include("ansflow.api.approvals")),
    path("v1/", include("ansflow.api.statistics")),
    path("v1/", include("ansflow.api.workers")),
    path("v1/", include("ansflow.api.reports")),
    path("", include("ansflow.api.documentation")),
]
