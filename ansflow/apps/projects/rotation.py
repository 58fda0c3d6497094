"""New keys for what is sealed: while the server runs, in small steps, to be taken up again where they were cut off."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ansflow.apps.accounts.known_keys import expect_known_keys
from ansflow.apps.actor import system
from ansflow.apps.audit.actions import record
from ansflow.apps.projects.models import DataKey, GitCredential, Project, Secret
from ansflow.apps.projects.sealing import add_key, newest_key, open_sealed, opened_key, seal
from ansflow.core.errors import NotAvailable

SEALED: tuple[type[Secret] | type[GitCredential], ...] = (Secret, GitCredential)
BATCH = 100


def rotate() -> int:
    """Gives every tenant a new data key under the newest key of the ring, and seals all they have with it.

    Old data keys are deleted once nothing is sealed with them. Where a former rotation was cut off, that one is brought
    to its end instead. Answers with the number of rows sealed anew. Raises NotAvailable for a row that does not open.
    """
    tenants = DataKey.objects.order_by("tenant_id").values_list("tenant_id", flat=True).distinct()
    return sum(_rotate_tenant(tenant_id) for tenant_id in list(tenants))


def check_keys() -> None:
    """For the start of a process: raises NotAvailable for keys of another installation, and as `check_sealed`."""
    expect_known_keys()
    check_sealed()


def check_sealed() -> None:
    """Raises NotAvailable where something is sealed that could never be opened again."""
    for key in DataKey.objects.order_by("tenant_id", "version"):
        opened_key(key)
    known = set(DataKey.objects.values_list("tenant_id", "version"))
    for table in SEALED:
        used = table.objects.exclude(key_version=0).values_list("project__tenant_id", "key_version").distinct()
        if gone := set(used) - known:
            tenant_id, version = min(gone)
            what = table._meta.verbose_name_plural
            raise NotAvailable(f"The data key {version} of tenant {tenant_id} is gone, and {what} are sealed with it.")


def _rotate_tenant(tenant_id: int) -> int:
    with transaction.atomic():
        newest = newest_key(tenant_id)
        if not DataKey.objects.filter(tenant_id=tenant_id, version__lt=newest.version).exists():
            newest = add_key(tenant_id, newest.version + 1)
            after = {"version": newest.version, "sealed_by": newest.sealed_by}
            record(system(tenant_id), "data_key.create", object_type="data_key", object_id=newest.id, after=after)
    sealed = sum(_seal_all(tenant_id, table) for table in SEALED)
    _retire(tenant_id)
    return sealed


def _seal_all(tenant_id: int, table: type[Secret] | type[GitCredential]) -> int:
    sealed = 0
    while batch := _seal_batch(tenant_id, table):
        sealed += batch
    return sealed


@transaction.atomic
def _seal_batch(tenant_id: int, table: type[Secret] | type[GitCredential]) -> int:
    """First the key is held, then the rows: in this order everywhere, so that nobody waits in a circle."""
    newest = newest_key(tenant_id)
    here = Project.objects.filter(tenant_id=tenant_id).values("id")
    rows = table.objects.select_for_update().filter(project__in=here, key_version__lt=newest.version)
    found: list[Any] = list(rows.exclude(key_version=0).order_by("id")[:BATCH])
    for row in found:
        plain = open_sealed(tenant_id, row.sealed, row.key_version, place=row.place)
        row.sealed, row.key_version = seal(tenant_id, plain, place=row.place)
        row.save(update_fields=["sealed", "key_version"])  # nobody has given it another value: updated_at stays
    return len(found)


@transaction.atomic
def _retire(tenant_id: int) -> None:
    """Whoever seals holds the keys: none that a row is just being sealed with is deleted."""
    newest = newest_key(tenant_id)
    here = Project.objects.filter(tenant_id=tenant_id).values("id")
    used = {
        version
        for table in SEALED
        for version in table.objects.filter(project__in=here).values_list("key_version", flat=True).distinct()
    }
    for key in DataKey.objects.filter(tenant_id=tenant_id, version__lt=newest.version):
        if key.version not in used:
            key.delete()
            record(system(tenant_id), "data_key.delete", object_type="data_key", before={"version": key.version})
