"""The registry of CI/CD tools."""

from __future__ import annotations

from django.db import models

LOCAL = "local"


class CicdTool(models.Model):
    """A place where pipelines run. Every tenant has one of type `local`: this installation's own workers."""

    class Status(models.TextChoices):
        AUTHENTICATED = "authenticated"
        NEEDS_AUTH = "needs_auth"
        OFFLINE = "offline"
        UNKNOWN = "unknown"
        ERROR = "error"

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="cicd_tools")
    project = models.ForeignKey("projects.Project", null=True, on_delete=models.CASCADE, related_name="cicd_tools")
    name = models.CharField(max_length=100)
    tool_type = models.CharField(max_length=40)
    base_url = models.CharField(max_length=1000, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.UNKNOWN)
    message = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "cicd_integrations_cicdtool"
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="cicd_tools_name")]

    def __str__(self) -> str:
        return self.name
