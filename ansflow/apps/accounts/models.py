"""Tenants, their people and groups, API tokens, and what signing in leaves behind."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac


def same_name(text: str) -> str:
    """How names and addresses are kept and looked up: in one form of Unicode, in small letters."""
    return unicodedata.normalize("NFKC", text).strip().lower()


class Tenant(models.Model):
    """An organisation: its people see nothing of another's."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """`is_admin` rules the tenant; `is_superuser` also the installation.

    A new password, or a raised `token_version`, ends every session and access token.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="users")
    email = models.EmailField(unique=True)
    is_admin = models.BooleanField(default=False)
    token_version = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=10, default="en")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.username = same_name(self.username)
        self.email = same_name(self.email)
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name()

    def get_session_auth_hash(self) -> str:
        """What a session is bound to: it ends with the password and with the version."""
        return salted_hmac("ansflow.session", f"{self.token_version}:{self.password}", algorithm="sha256").hexdigest()


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


class SocketTicket(models.Model):
    """Opens one socket, once and soon. Only its SHA-256 is kept. `session` and `token`: what it was asked for with."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.CASCADE, related_name="+")
    session = models.CharField(max_length=40, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)


class PasswordReset(models.Model):
    """A code, good once, with which somebody sets a new password. Only its SHA-256 is kept; a new one replaces it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="password_reset")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()


class KeyCheck(models.Model):
    """By which a key of the installation is known again, and which reveals none. `name`: session, signing, ring:k1."""

    name = models.CharField(max_length=50, unique=True)
    digest = models.CharField(max_length=64)


class SignInAttempt(models.Model):
    """A password that did not fit, counted per account and address for a minute. `key` is a keyed hash of both."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["key", "at"], name="accounts_attempt_key"),
            models.Index(fields=["at"], name="accounts_attempt_at"),
        ]
