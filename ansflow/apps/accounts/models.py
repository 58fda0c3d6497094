"""Tenants, their people and groups, and API tokens."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Tenant(models.Model):
    """An organisation: its people see nothing of another's."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """`is_admin` rules the tenant; `is_superuser` also the installation. Raising `token_version` ends every token."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="users")
    email = models.EmailField(unique=True)
    is_admin = models.BooleanField(default=False)
    token_version = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=10, default="en")


class Group(models.Model):
    """People who may answer for a gate together."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(User, related_name="approval_groups", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="accounts_group_name")]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """`ansf_…`, of which only the SHA-256 is kept. `project_ids` empty: every project of its user."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    project_ids = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
