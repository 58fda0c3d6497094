"""The operators' site at `/admin/`: Django's admin over every table, for superusers, to look and not to edit.

Whoever signs in here is counted, refused and recorded as at the API. What the site can do to a row goes through the
verbs of the row's app.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from ansflow.apps.accounts import queries, signing_in
from ansflow.apps.accounts.models import User

APPS = ("accounts", "projects", "pipelines", "executions", "atomic_steps", "tools", "analytics", "audit")


class SignIn(AdminAuthenticationForm):
    """Asks for the password as the API does: so many times a minute, and without telling who exists."""

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            assert self.request is not None
            try:
                user = signing_in.sign_in(name, password, address=_address(self.request))
            except signing_in.TooManyAttempts as error:
                raise ValidationError(str(error), code="throttled") from None
            if user is None or not user.is_superuser:  # who may not come in learns nothing about the password
                raise self.get_invalid_login_error()
            self.user_cache = user
        return self.cleaned_data


class Site(AdminSite):
    site_title = site_header = "AnsFlow"
    site_url = None
    login_form = SignIn
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    def login(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().login(request, dict(extra_context or {}))
        if request.method == "POST" and isinstance(request.user, User):
            signing_in.tell_signed_in(request.user, address=_address(request))
        return answer

    def logout(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> TemplateResponse:
        if request.method == "POST" and isinstance(request.user, User):
            asks = queries.actor(request.user, address=_address(request))
            signing_in.close_session(asks, request.session)
        return super().logout(request, dict(extra_context or {}))

    def password_change(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> NoReturn:
        """One's own password is changed over the API, an operator's also by `ansflow user password`."""
        raise Http404


def site() -> Site:
    """With every app's tables on it."""
    made = Site("admin")
    for app in APPS:
        for model, shown in import_module(f"ansflow.apps.{app}.admin").SHOWN.items():
            made.register(model, shown)
    return made


def _address(request: HttpRequest) -> str:
    """As the door has established it."""
    return str(request.META.get("REMOTE_ADDR") or "")
