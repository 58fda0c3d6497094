"""Steps that were saved to be used again."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AtomicStep(models.Model):
    """A saved step. `definition` is the text of one step as it stands in a pipeline file."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="atomic_steps")
    project = models.ForeignKey("projects.Project", null=True, on_delete=models.CASCADE, related_name="atomic_steps")
    name = models.CharField(max_length=100)
    step_type = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    definition = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "cicd_integrations_atomicstep"
        constraints = [models.UniqueConstraint(fields=["tenant", "project", "name"], name="atomic_steps_name")]

    def __str__(self) -> str:
        return self.name
