"""What an installation begins with: a tenant, and somebody who may do everything."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from ansflow.apps.accounts.actions import create_user
from ansflow.apps.accounts.models import Tenant, User
from ansflow.apps.accounts.rules import wrong
from ansflow.apps.actor import system
from ansflow.core.errors import Conflict

DEFAULT_TENANT = "default"


def first_tenant() -> Tenant:
    """The oldest tenant; made when there is none."""
    return Tenant.objects.order_by("id").first() or Tenant.objects.create(name=DEFAULT_TENANT)


def has_administrator() -> bool:
    """Whether somebody who can sign in may do everything here."""
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def is_in_use() -> bool:
    """Whether people have been here before."""
    return User.objects.exists()


@transaction.atomic
def make_first_administrator(*, username: str, email: str, password: str, language: str = "en") -> User:
    """Operator of the installation and administrator of the first tenant.

    Raises Conflict when there is one already, however many ask at once; InvalidSpec that names the fields in error.
    """
    tenant = Tenant.objects.select_for_update().get(id=first_tenant().id)
    if has_administrator():
        raise Conflict("There is an administrator already.", code="administrator_exists")
    if not password:
        raise wrong("password", "A password is wanted.")
    try:
        validate_email(email)
    except ValidationError as error:
        raise wrong("email", " ".join(error.messages)) from None
    user = create_user(
        system(tenant.id), username=username, email=email, password=password, is_admin=True, language=language
    )
    user.is_superuser = user.is_staff = True
    user.save(update_fields=["is_superuser", "is_staff"])
    return user
