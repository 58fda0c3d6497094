"""What operators see of the record."""

from __future__ import annotations

from ansflow.apps.audit.models import Chain, Entry
from ansflow.apps.shown import Shown


class Chains(Shown):
    list_display = ("tenant_id", "length", "hash")


class Entries(Shown):
    list_display = ("number", "at", "actor", "action", "object_type", "object_name", "address", "tenant_id")
    list_filter = ("at", "object_type", "tenant_id")
    search_fields = ("actor", "action", "object_name", "address", "request_id")
    ordering = ("-at", "-number")


SHOWN = {Chain: Chains, Entry: Entries}
