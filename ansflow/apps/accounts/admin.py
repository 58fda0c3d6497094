"""What operators see of people, and the two things that they may do to them here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.admin import action
from django.db.models import QuerySet
from django.http import HttpRequest

from ansflow.apps.accounts import actions, queries
from ansflow.apps.accounts.models import (
    ApiToken,
    Group,
    KeyCheck,
    PasswordReset,
    SignInAttempt,
    SocketTicket,
    Tenant,
    User,
)
from ansflow.apps.actor import Actor
from ansflow.apps.shown import Shown


def operator(request: HttpRequest, tenant_id: int) -> Actor:
    """Who uses the operators' site, acting in a tenant."""
    assert isinstance(request.user, User)
    asks = queries.actor(request.user, address=str(request.META.get("REMOTE_ADDR") or ""))
    return replace(asks, tenant_id=tenant_id, is_admin=True)


class Tenants(Shown):
    list_display = ("name", "created_at")
    search_fields = ("name",)


class Users(Shown):
    hidden = ("password", "user_permissions", "groups")
    list_display = ("username", "name", "email", "tenant", "is_admin", "is_superuser", "is_active", "last_login")
    list_filter = ("is_active", "is_admin", "is_superuser", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    actions = ("deactivate", "activate")

    @action(description="Deactivate: sessions and tokens end at once")
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, active=False, done="is deactivated.")

    @action(description="Activate")
    def activate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, active=True, done="is active.")

    def _set_active(self, request: HttpRequest, chosen: QuerySet[User], *, active: bool, done: str) -> None:
        def do(user: User) -> Any:
            return actions.update_user(operator(request, user.tenant_id), user.id, is_active=active)

        self.do_to_each(request, chosen, do, done)


class Groups(Shown):
    list_display = ("name", "tenant")
    list_filter = ("tenant",)
    list_select_related = ("tenant",)
    search_fields = ("name",)


class ApiTokens(Shown):
    hidden = ("digest",)
    list_display = ("prefix", "name", "user", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username")
    ordering = ("-id",)


class PasswordResets(Shown):
    hidden = ("digest",)
    list_display = ("user", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__username",)


class SocketTickets(Shown):
    hidden = ("digest", "session")
    list_display = ("id", "user", "token", "expires_at")
    list_select_related = ("user", "token")
    ordering = ("-id",)


class KeyChecks(Shown):
    hidden = ("digest",)
    list_display = ("name",)
    ordering = ("name",)


class SignInAttempts(Shown):
    hidden = ("key",)
    list_display = ("id", "at")
    ordering = ("-at",)


SHOWN = {
    Tenant: Tenants,
    User: Users,
    Group: Groups,
    ApiToken: ApiTokens,
    PasswordReset: PasswordResets,
    SocketTicket: SocketTickets,
    SignInAttempt: SignInAttempts,
    KeyCheck: KeyChecks,
}
