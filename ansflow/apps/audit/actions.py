"""Appending to the chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from ansflow.apps.actor import Actor
from ansflow.apps.audit.chain import clean, facts, hash_of
from ansflow.apps.audit.models import Chain, Entry


def record(
    actor: Actor,
    action: str,
    *,
    object_type: str,
    object_id: int | None = None,
    object_name: str = "",
    project_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Entry:
    """Appends a deed to the tenant's chain, in the caller's transaction. Secrets never stand in `before` or `after`.

    `action` is `thing.verb`, as `project.create`. The head of the chain stays locked until the caller's transaction
    ends, so that numbers follow each other without a gap and an undone deed leaves no entry.
    """
    with transaction.atomic():
        head = _locked_head(actor.tenant_id)
        entry = Entry(
            tenant_id=actor.tenant_id,
            number=head.length + 1,
            at=timezone.now(),
            actor=clean(actor.name, 254),
            actor_id=actor.user_id,
            token_id=actor.token_id,
            address=clean(actor.address, 64),
            request_id=clean(actor.request_id, 64),
            action=action,
            object_type=object_type,
            object_id=object_id,
            object_name=clean(object_name, 254),
            project_id=project_id,
            before=facts(before),
            after=facts(after),
            previous_hash=head.hash,
        )
        entry.hash = hash_of(entry)
        entry.save(force_insert=True)
        Chain.objects.filter(id=head.id).update(length=entry.number, hash=entry.hash)
    return entry


def _locked_head(tenant_id: int) -> Chain:
    head = Chain.objects.select_for_update().filter(tenant_id=tenant_id).first()
    if head is None:
        head, _ = Chain.objects.select_for_update().get_or_create(tenant_id=tenant_id)
    return head
