"""Pipelines and their versions."""

from __future__ import annotations

from django.db import models


class Pipeline(models.Model):
    """`repository_path` set: the text comes from the project's repository; else it is edited here."""

    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="pipelines")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    execution_mode = models.CharField(max_length=20, default="local")
    repository_path = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=True)
    latest = models.ForeignKey("pipelines.Version", null=True, on_delete=models.PROTECT, related_name="+")
    executions_count = models.PositiveIntegerField(default=0)  # the number of the last one; never used again
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="pipelines_pipeline_name")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """One text of a pipeline. Never changed: a save makes the next.

    `commit` and `templates` (path → text, of those that the source uses) are there where it came from a repository.
    """

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField()
    digest = models.CharField(max_length=64)  # SHA-256 of the source
    message = models.CharField(max_length=400, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    templates = models.JSONField(default=dict)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "number"], name="pipelines_version_number")]
