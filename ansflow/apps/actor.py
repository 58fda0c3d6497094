"""Who asks, as every action and query wants to know it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What an API token may be limited to."""

    READ = "read"
    RUN = "run"
    WRITE = "write"
    APPROVE = "approve"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A signed-in person, or a token of theirs. `scopes` None: all that the person may. `project_ids` None: no limit.

    `SYSTEM` stands for this installation's own chores.
    """

    user_id: int | None
    name: str
    tenant_id: int
    is_admin: bool = False
    is_superuser: bool = False
    scopes: frozenset[str] | None = None
    project_ids: frozenset[int] | None = None
    token_id: int | None = None
    groups: tuple[str, ...] = ()
    address: str = ""
    request_id: str = ""


def system(tenant_id: int, name: str = "AnsFlow") -> Actor:
    """The installation itself, in one tenant."""
    return Actor(user_id=None, name=name, tenant_id=tenant_id, is_admin=True)
