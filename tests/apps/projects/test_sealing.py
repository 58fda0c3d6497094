"""What is sealed opens here, in its own place, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from ansflow.apps.audit.models import Entry
from ansflow.apps.projects import queries, rotation, sealed
from ansflow.apps.projects.models import DataKey, GitCredential, Secret
from ansflow.apps.projects.sealing import open_sealed, seal
from ansflow.core.errors import NotAvailable
from tests.world import World

CANARY = "canary-93e2d7a041"


def make(world: World, name: str = "TOKEN", value: str = CANARY) -> Secret:
    return sealed.create_secret(world.actor("owner"), world.shop.id, name=name, value=value)


def value(world: World, name: str = "TOKEN") -> str:
    return queries.secret_values(world.shop.id, [name])[name]


def login(world: World) -> GitCredential:
    return sealed.create_git_credential(
        world.actor("owner"), world.shop.id, name="shop", host="git.example", password=CANARY
    )


def dump() -> bytes:
    """Every cell of every table, as the database holds it."""
    cells: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                cells += [bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row]
    return b"\0".join(cells)


def test_what_was_sealed_opens_with_the_same_keys(world: World, settings: Any):
    make(world)
    settings.ANSFLOW_KEY_RING = dict(settings.ANSFLOW_KEY_RING)  # read again, by the next start
    rotation.check_keys()
    assert value(world) == CANARY


def test_the_same_value_is_never_sealed_alike(world: World):
    first, second = make(world, "A"), make(world, "B")
    assert bytes(first.sealed) != bytes(second.sealed)
    assert {value(world, "A"), value(world, "B")} == {CANARY}


@pytest.mark.parametrize("ring", [{"other": os.urandom(32)}, None])
def test_with_other_keys_nothing_opens_and_no_server_starts(world: World, settings: Any, ring: dict[str, bytes] | None):
    make(world)
    settings.ANSFLOW_KEY_RING = ring or {name: os.urandom(32) for name in settings.ANSFLOW_KEY_RING}
    for attempt in (lambda: value(world), rotation.check_keys, rotation.rotate):
        with pytest.raises(NotAvailable) as refused:
            attempt()
        assert CANARY not in str(refused.value)


def test_a_database_that_knows_no_key_and_holds_nothing_sealed_takes_any(world: World, settings: Any):
    settings.ANSFLOW_KEY_RING = {"other": os.urandom(32)}
    rotation.check_keys()


def test_a_row_whose_data_key_is_gone_is_told_at_the_start(world: World):
    make(world)
    DataKey.objects.all().delete()
    with pytest.raises(NotAvailable, match="secrets are sealed with it"):
        rotation.check_keys()


def _swap(first: Secret, second: Secret) -> None:
    Secret.objects.filter(id=first.id).update(sealed=second.sealed)
    Secret.objects.filter(id=second.id).update(sealed=first.sealed)


def _rename(first: Secret, second: Secret) -> None:
    Secret.objects.filter(id=second.id).delete()
    Secret.objects.filter(id=first.id).update(name=second.name)


def _cut(first: Secret, second: Secret) -> None:
    Secret.objects.filter(id=second.id).update(sealed=bytes(second.sealed)[:-1])


def _flip(first: Secret, second: Secret) -> None:
    whole = bytearray(second.sealed)
    whole[20] ^= 1
    Secret.objects.filter(id=second.id).update(sealed=bytes(whole))


def _move(first: Secret, second: Secret) -> None:
    Secret.objects.filter(id=first.id).delete()
    Secret.objects.filter(id=second.id).update(id=first.id)


@pytest.mark.parametrize("tamper", [_swap, _rename, _cut, _flip, _move])
def test_a_row_that_somebody_moved_or_changed_does_not_open(world: World, tamper: Callable[[Secret, Secret], None]):
    first, second = make(world, "FIRST", f"{CANARY}-1"), make(world, "SECOND", f"{CANARY}-2")
    tamper(first, second)
    with pytest.raises(NotAvailable, match="cannot be opened"):
        value(world, "SECOND")


def test_the_bytes_of_one_tenant_do_not_open_for_another(world: World):
    written, version = seal(world.tenant.id, b"hunter2-hunter2", place="x:1")
    seal(world.rivals.id, b"another", place="x:1")
    for tenant, place in ((world.rivals.id, "x:1"), (world.tenant.id, "x:2")):
        with pytest.raises(NotAvailable):
            open_sealed(tenant, written, version, place=place)
    assert open_sealed(world.tenant.id, written, version, place="x:1") == b"hunter2-hunter2"


def test_saving_a_row_again_seals_nothing_twice(world: World):
    found = make(world)
    before = bytes(found.sealed)
    for _ in range(3):
        Secret.objects.get(id=found.id).save()
    assert bytes(Secret.objects.get(id=found.id).sealed) == before
    assert value(world) == CANARY


def test_the_database_holds_no_canary(world: World, count: Callable[[str, int], None]):
    canaries = [f"{CANARY}-{number:02}" for number in range(50)]
    for number, canary in enumerate(canaries):
        make(world, f"S{number}", canary)
    login(world)
    rotation.rotate()
    everything = dump()
    assert b"S49" in everything
    assert not [canary for canary in [CANARY, *canaries] if canary.encode() in everything]
    count("canaries sought in the database, none found", len(canaries) + 1)


def test_a_rotation_seals_all_anew_and_retires_the_old_key(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    rows = [make(world, f"S{number}", f"{CANARY}-{number}") for number in range(5)]
    known, old = login(world), bytes(DataKey.objects.get().sealed)
    assert rotation.rotate() == 6
    (key,) = DataKey.objects.all()
    assert (key.version, bytes(key.sealed) == old) == (2, False)
    for row in rows:
        again = Secret.objects.get(id=row.id)
        assert (again.key_version, again.updated_at) == (2, row.updated_at)
        assert bytes(again.sealed) != bytes(row.sealed)
        assert value(world, row.name) == f"{CANARY}-{row.name[1:]}"
    assert queries.git_login(world.shop.id, known.name).secret == CANARY
    assert Entry.objects.filter(action="data_key.create").count() == 1


def test_a_rotation_that_was_cut_off_is_brought_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        make(world, f"S{number}")
    monkeypatch.setattr(rotation, "BATCH", 1)
    seal_batch, left = rotation._seal_batch, [2]

    def cut_off(tenant_id: int, table: Any) -> int:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return seal_batch(tenant_id, table)

    monkeypatch.setattr(rotation, "_seal_batch", cut_off)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate()
    assert sorted(Secret.objects.values_list("key_version", flat=True)) == [1, 2, 2]
    assert {value(world, f"S{number}") for number in range(3)} == {CANARY}
    make(world, "NEW")
    monkeypatch.setattr(rotation, "_seal_batch", seal_batch)
    assert rotation.rotate() == 1
    assert list(DataKey.objects.values_list("version", flat=True)) == [2]


def test_a_new_key_of_the_ring_seals_from_the_next_rotation_on(world: World, settings: Any):
    make(world)
    old = dict(settings.ANSFLOW_KEY_RING)
    settings.ANSFLOW_KEY_RING = {**old, "next": os.urandom(32)}
    assert value(world) == CANARY
    rotation.rotate()
    assert DataKey.objects.get().sealed_by == "next"
    settings.ANSFLOW_KEY_RING = {"next": settings.ANSFLOW_KEY_RING["next"]}  # the old one may go now
    rotation.check_keys()
    assert value(world) == CANARY


def test_a_step_that_reads_while_a_key_is_retired_gets_its_value(world: World, monkeypatch: pytest.MonkeyPatch):
    make(world)
    opened = queries.open_sealed

    def open_late(*args: Any, **known: Any) -> bytes:
        monkeypatch.setattr(queries, "open_sealed", opened)
        rotation.rotate()
        return opened(*args, **known)

    monkeypatch.setattr(queries, "open_sealed", open_late)
    assert value(world) == CANARY
