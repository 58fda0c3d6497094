"""What a backup reads of a database that others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.pages import in_pages
from ansflow.config.backup import one_moment
from tests.databases import KINDS, migrated


@pytest.fixture(params=KINDS)
def alias(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock():
        alias = migrated(request.param)
        for name in ("ann", "ben", "cat"):
            Tenant.objects.using(alias).get_or_create(name=name)
        yield alias
        Tenant.objects.using(alias).filter(name__in=("ann", "ben", "cat", "dan")).delete()
        connections[alias].close()


def write(alias: str) -> None:
    """In a thread of its own, and so in a connection of its own; it fails where the other keeps it waiting."""
    try:
        Tenant.objects.using(alias).create(name="dan")
        Tenant.objects.using(alias).filter(name="ann").delete()
    finally:
        connections[alias].close()


def names(alias: str, size: int) -> set[str]:
    return {row.name for row in in_pages(Tenant.objects.using(alias).all(), size=size)}


def test_a_backup_reads_one_moment_and_keeps_nobody_from_writing(alias: str) -> None:
    with one_moment(connections[alias]):
        before = names(alias, 100)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(write, alias).result(timeout=30)
        assert names(alias, 100) == before
    assert names(alias, 100) == before - {"ann"} | {"dan"}
    Tenant.objects.using(alias).get_or_create(name="eve")[0].delete()  # the connection writes again as ever


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_hold_each_row_once_and_in_order(alias: str, size: int) -> None:
    found = [row.name for row in in_pages(Tenant.objects.using(alias).all(), by="name", size=size)]
    assert found == sorted(Tenant.objects.using(alias).values_list("name", flat=True))
    assert {"ann", "ben", "cat"} <= set(found)
