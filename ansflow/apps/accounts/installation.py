"""What an installation begins with: a tenant, and somebody who may do everything."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from ansflow.apps.accounts.models import Tenant, User
from ansflow.apps.actor import system
from ansflow.apps.audit.actions import record
from ansflow.core.errors import Conflict, InvalidSpec, Problem

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
    user = User(tenant=tenant, username=username.strip(), email=email.strip().lower(), language=language)
    user.is_admin = user.is_superuser = user.is_staff = True
    user.set_password(password)
    _check(user, password)
    user.save()
    facts = {"username": user.username, "email": user.email, "is_superuser": True}
    record(system(tenant.id), "user.create", object_type="user", object_id=user.id, object_name=user.username,
           after=facts)  # fmt: skip
    return user


def _check(user: User, password: str) -> None:
    problems: list[Problem] = []
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems.append(Problem(code="invalid", message=" ".join(error.messages), path=("password",)))
    try:
        user.full_clean()
    except ValidationError as error:
        problems += [
            Problem(code="invalid", message=" ".join(said), path=(field,)) for field, said in error.message_dict.items()
        ]
    if problems:
        raise InvalidSpec(problems)
