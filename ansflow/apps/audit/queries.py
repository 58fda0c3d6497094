"""Questions to the chain: what was done, and whether anybody touched the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from ansflow.apps.audit.chain import START, canonical, hash_of
from ansflow.apps.audit.models import Chain, Entry
from ansflow.apps.pages import in_pages

SHOWN = (
    "number",
    "actor",
    "actor_id",
    "token_id",
    "address",
    "request_id",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "project_id",
    "before",
    "after",
    "previous_hash",
    "hash",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain stands: how many entries, and the hash of the last. Kept elsewhere, it proves the past."""

    length: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first entry that is not as it was written; `reason` says in a sentence what is wrong with it."""

    number: int
    reason: str


def head(tenant_id: int) -> Head:
    found = Chain.objects.filter(tenant_id=tenant_id).first()
    return Head(length=found.length, hash=found.hash) if found else Head(length=0, hash=START)


def verify(tenant_id: int, known: Head | None = None) -> Broken | None:
    """Walks the whole chain; None: every entry is as it was written.

    A tail that was cut off is found by the head. Who can rewrite everything, head included, is found by `known`: a head
    that was noted before and kept elsewhere.
    """
    now = head(tenant_id)  # first: what is appended meanwhile stands behind it
    previous, number = START, 0
    for entry in in_pages(Entry.objects.filter(tenant_id=tenant_id, number__lte=now.length), by="number"):
        number += 1
        if entry.number != number:
            return Broken(number=number, reason=f"Entry {number} is missing.")
        if entry.previous_hash != previous:
            return Broken(number=number, reason=f"Entry {number} does not follow the one before it.")
        if hash_of(entry) != entry.hash:
            return Broken(number=number, reason=f"Entry {number} was changed after it was written.")
        previous = entry.hash
        if known is not None and known.length == number and known.hash != previous:
            return Broken(number=number, reason=f"Entry {number} is not the one that was noted.")
    return _end(tenant_id, now, number=number, last=previous, known=known)


def entries(
    tenant_id: int,
    projects: QuerySet[Any] | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    action: str = "",
    **equal: Any,
) -> QuerySet[Entry]:
    """The tenant's entries, newest first; with `projects` (ids) only theirs. An `action` ending in `.` is a prefix."""
    found = Entry.objects.filter(tenant_id=tenant_id, **equal)
    if projects is not None:
        found = found.filter(project_id__in=projects)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    if action:
        found = found.filter(action__startswith=action) if action.endswith(".") else found.filter(action=action)
    return found.order_by("-number")


def export(tenant_id: int) -> Iterator[str]:
    """Every entry as one line of JSON, oldest first, without line ends."""
    for entry in in_pages(Entry.objects.filter(tenant_id=tenant_id), by="number"):
        yield canonical(as_json(entry))


def as_json(entry: Entry) -> dict[str, Any]:
    """All that was hashed, and the hash: with it, others can verify an export by themselves."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"tenant_id": entry.tenant_id, "at": at, **{name: getattr(entry, name) for name in SHOWN}}


def _end(tenant_id: int, now: Head, *, number: int, last: str, known: Head | None) -> Broken | None:
    if number < now.length:
        return Broken(number=number + 1, reason=f"Entry {number + 1} is missing: the end of the chain was cut off.")
    if last != now.hash:
        return Broken(number=number, reason=f"Entry {number} is not the one that the head of the chain names.")
    if known is not None and known.length > number:
        return Broken(number=number + 1, reason=f"Entry {number + 1} is missing, though {known.length} were noted.")
    if now.length == 0 and Entry.objects.filter(tenant_id=tenant_id).exists():
        return Broken(number=1, reason="There are entries, but the head of the chain is gone.")
    return None
