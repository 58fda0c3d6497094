"""API tokens: `ansf_` and 40 characters, for programs. Shown once; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ansflow.apps.accounts import queries
from ansflow.apps.accounts.models import ApiToken
from ansflow.apps.accounts.rules import need_power_over, wrong
from ansflow.apps.actor import Actor, Scope
from ansflow.apps.audit.actions import record
from ansflow.core.errors import Forbidden

PREFIX = "ansf_"
TOKEN = re.compile(r"ansf_[A-Za-z0-9]{40}")
SHOWN = len(PREFIX) + 4
USE_IS_WRITTEN = timedelta(minutes=1)
LETTERS = string.ascii_letters + string.digits


@transaction.atomic
def create(
    actor: Actor,
    *,
    name: str,
    scopes: Sequence[str],
    expires_in_days: int | None = None,
    project_ids: Sequence[int] = (),
) -> tuple[ApiToken, str]:
    """A token of the actor's own, and its text, which nobody sees again.

    A token makes tokens that may no more than itself, in no other projects, and live no longer. The projects must be
    checked by the caller: this app does not know them.
    """
    if actor.scopes is not None and Scope.ADMIN not in actor.scopes:
        raise Forbidden(f"This wants a token with the scope {Scope.ADMIN.value}.")
    _within(actor, scopes, project_ids)
    text = PREFIX + "".join(secrets.choice(LETTERS) for _ in range(40))
    token = ApiToken.objects.create(
        user_id=actor.user_id or 0,
        name=name,
        prefix=text[:SHOWN],
        digest=_digest(text),
        scopes=sorted(set(scopes)),
        project_ids=sorted(set(project_ids)),
        expires_at=_end(actor, expires_in_days),
    )
    after = {"name": name, "scopes": token.scopes, "project_ids": token.project_ids, "expires_at": token.expires_at}
    record(actor, "token.create", object_type="token", object_id=token.id, object_name=name, after=after)
    return token, text


@transaction.atomic
def revoke(actor: Actor, token_id: int) -> None:
    """Ends a token of one's own; of anybody in the tenant for administrators."""
    token = queries.token(actor, token_id)
    if token.user_id != actor.user_id:
        need_power_over(actor, token.user)
    if actor.scopes is not None and Scope.ADMIN not in actor.scopes and token.id != actor.token_id:
        raise Forbidden("A token without the scope admin ends itself only.")
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        before = {"name": token.name, "user": token.user.username}
        record(actor, "token.revoke", object_type="token", object_id=token.id, object_name=token.name, before=before)


def find(text: str) -> ApiToken | None:
    """The token with its user, where it is one that still counts. Its use is written at most once a minute."""
    if not TOKEN.fullmatch(text):
        return None
    token = ApiToken.objects.select_related("user").filter(digest=_digest(text)).first()
    now = timezone.now()
    if token is None or token.revoked_at is not None or not token.user.is_active:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.last_used_at is None or token.last_used_at <= now - USE_IS_WRITTEN:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_WRITTEN)
        ApiToken.objects.filter(stale, id=token.id).update(last_used_at=now)
    return token


def _within(actor: Actor, scopes: Collection[str], project_ids: Collection[int]) -> None:
    if not scopes:
        raise wrong("scopes", "Name at least one scope.")
    beyond = [] if actor.scopes is None else sorted(set(scopes) - actor.scopes)
    if beyond:
        raise wrong("scopes", f"Your token does not have this itself: {', '.join(beyond)}.")
    if actor.project_ids is not None and not (project_ids and set(project_ids) <= actor.project_ids):
        raise wrong("project_ids", "Your token is bound to projects: name some of these.")


def _end(actor: Actor, days: int | None) -> datetime | None:
    wanted = None if days is None else timezone.now() + timedelta(days=days)
    if actor.token_id is None:
        return wanted
    limit = ApiToken.objects.get(id=actor.token_id).expires_at
    return min(filter(None, (wanted, limit)), default=None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
