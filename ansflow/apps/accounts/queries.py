"""Questions about people."""

from __future__ import annotations

from ansflow.apps.accounts.models import User
from ansflow.apps.actor import Actor


def actor(user: User) -> Actor:
    """The person, signed in with all they may."""
    return Actor(
        user_id=user.id,
        name=user.get_username(),
        tenant_id=user.tenant_id,
        is_admin=user.is_admin,
        is_superuser=user.is_superuser,
        groups=tuple(user.approval_groups.values_list("name", flat=True)),
    )
