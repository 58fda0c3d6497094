"""One chain of entries per tenant: each holds the hash of the one before it."""

from __future__ import annotations

from django.db import models


class Chain(models.Model):
    """The head of a tenant's chain. Whoever appends holds its row."""

    tenant_id = models.BigIntegerField(unique=True)
    length = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")


class Entry(models.Model):
    """One deed. Never changed, never deleted; numbers and names stand here by value, so that it outlives their rows."""

    tenant_id = models.BigIntegerField()
    number = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    actor_id = models.BigIntegerField(null=True)
    token_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(max_length=254, blank=True)
    project_id = models.BigIntegerField(null=True, db_index=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "entries"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "number"], name="audit_entry_number")]
        indexes = [models.Index(fields=["tenant_id", "at"], name="audit_entry_at")]
