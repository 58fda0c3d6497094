from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from ansflow.apps.actor import Actor
from ansflow.apps.audit import queries
from ansflow.apps.audit.actions import record
from ansflow.apps.audit.chain import canonical, clean, facts
from ansflow.apps.audit.models import Chain, Entry
from tests.world import World


def write(actor: Actor, n: int) -> list[Entry]:
    return [
        record(actor, "project.create", object_type="project", object_id=i, after={"name": f"p{i}"}) for i in range(n)
    ]


def test_entries_follow_each_other_and_verify(world: World):
    entries = write(world.actor("owner"), 5)
    tenant = world.tenant.id
    before = entries[0].number
    assert [entry.number for entry in entries] == [before + i for i in range(5)]
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert queries.verify(tenant) is None
    assert queries.head(tenant) == queries.Head(length=entries[-1].number, hash=entries[-1].hash)


def test_each_tenant_has_a_chain_of_its_own(world: World):
    write(world.actor("owner"), 2)
    mine = queries.head(world.tenant.id)
    write(world.actor("rival"), 3)
    assert queries.head(world.tenant.id) == mine
    assert queries.verify(world.rivals.id) is None


def test_an_entry_says_who_and_from_where(world: World):
    actor = Actor(user_id=7, name="mei", tenant_id=world.tenant.id, token_id=9, address="192.0.2.1", request_id="abc")
    entry = record(
        actor, "pipeline.update", object_type="pipeline", object_id=3, object_name="shop", project_id=world.shop.id,
        before={"name": "a"}, after={"name": "b"},
    )  # fmt: skip
    entry.refresh_from_db()
    shown = queries.as_json(entry)
    assert shown["actor"] == "mei" and shown["actor_id"] == 7 and shown["token_id"] == 9
    assert shown["address"] == "192.0.2.1" and shown["request_id"] == "abc"
    assert shown["before"] == {"name": "a"} and shown["after"] == {"name": "b"}
    assert shown["object_name"] == "shop" and shown["project_id"] == world.shop.id


def test_a_deed_that_is_undone_leaves_no_entry(world: World):
    before = queries.head(world.tenant.id)
    with pytest.raises(RuntimeError), transaction.atomic():
        write(world.actor("owner"), 1)
        raise RuntimeError
    assert queries.head(world.tenant.id) == before
    assert queries.verify(world.tenant.id) is None


FORGERIES: dict[str, Callable[[int], object]] = {
    "actor": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(actor="somebody"),
    "actor_id": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(actor_id=99),
    "token_id": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(token_id=99),
    "address": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(address="10.0.0.9"),
    "request_id": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(request_id="x"),
    "at": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(at=datetime(2020, 1, 1, tzinfo=UTC)),
    "action": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(action="project.view"),
    "object_type": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(object_type="tool"),
    "object_id": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(object_id=None),
    "object_name": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(object_name="x"),
    "project_id": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(project_id=99),
    "before": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(before={"name": "x"}),
    "after": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(after={}),
    "hash": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(hash="0" * 64),
    "previous_hash": lambda t: Entry.objects.filter(tenant_id=t, number=3).update(previous_hash="0" * 64),
    "removed": lambda t: Entry.objects.filter(tenant_id=t, number=3).delete(),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_changed_entry_is_found(world: World, what: str):
    write(world.actor("owner"), 5)
    FORGERIES[what](world.tenant.id)
    broken = queries.verify(world.tenant.id)
    assert broken is not None and broken.number == 3 and "3" in broken.reason


def test_a_tail_that_was_cut_off_is_found(world: World):
    write(world.actor("owner"), 5)
    Entry.objects.filter(tenant_id=world.tenant.id, number__gte=4).delete()
    broken = queries.verify(world.tenant.id)
    assert broken is not None and broken.number == 4 and "cut off" in broken.reason


def test_a_head_that_is_gone_or_wrong_is_found(world: World):
    write(world.actor("owner"), 2)
    Chain.objects.filter(tenant_id=world.tenant.id).update(hash="0" * 64)
    assert queries.verify(world.tenant.id) is not None
    Chain.objects.filter(tenant_id=world.tenant.id).delete()
    assert queries.verify(world.tenant.id) is not None


def test_who_rewrites_everything_is_found_by_a_head_that_was_noted(world: World):
    write(world.actor("owner"), 3)
    noted = queries.head(world.tenant.id)
    assert queries.verify(world.tenant.id, noted) is None
    Entry.objects.filter(tenant_id=world.tenant.id).delete()
    Chain.objects.filter(tenant_id=world.tenant.id).delete()
    write(world.actor("guest"), 2)
    assert queries.verify(world.tenant.id) is None
    cut = queries.verify(world.tenant.id, noted)
    assert cut is not None and cut.number == 3
    write(world.actor("guest"), 2)
    rewritten = queries.verify(world.tenant.id, noted)
    assert rewritten is not None and "noted" in rewritten.reason


def test_the_export_is_one_line_of_json_per_entry_and_proves_itself(world: World):
    entries = write(world.actor("owner"), 3)
    record(world.actor("owner"), "x.y", object_type="x", object_name="two\nlines \u2028 \x1b[31mred")
    lines = list(queries.export(world.tenant.id))
    assert len(lines) == 4 and not any(set(line) & set("\n\r\x1b\u2028") for line in lines)
    read = [json.loads(line) for line in lines]
    assert [one["hash"] for one in read[:3]] == [entry.hash for entry in entries]
    import hashlib

    for one in read:
        said = {name: value for name, value in one.items() if name != "hash"}
        assert hashlib.sha256(canonical(said).encode()).hexdigest() == one["hash"]


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r\nb",
        "\x1b[2J",
        "\x9b31m",
        "x\u202ey",
        "x\u2066y",
        "nul\x00",
        "half \ud800",
        "\u2028",
        "\x7f",
        "\ufeff",
    ],
)
def test_texts_cannot_forge_lines_or_steer_a_terminal(world: World, text: str):
    written = clean(text)
    assert written.isprintable() and written.isascii()
    actor = Actor(user_id=1, name=text, tenant_id=world.tenant.id, address=text, request_id=text)
    entry = record(actor, "x.y", object_type="x", object_name=text, after={text: [text, {"deep": text}]})
    entry.refresh_from_db()
    assert text not in json.dumps(queries.as_json(entry), ensure_ascii=False)
    assert queries.verify(world.tenant.id) is None


def test_long_texts_are_cut_to_what_the_table_holds(world: World):
    actor = Actor(user_id=1, name="n" * 999, tenant_id=world.tenant.id, address="a" * 999, request_id="r" * 999)
    entry = record(actor, "x.y", object_type="x", object_name="\n" * 999)
    assert len(entry.actor) == 254 and len(entry.address) == 64 and len(entry.object_name) == 254
    assert queries.verify(world.tenant.id) is None


def test_values_survive_the_database_as_they_were_hashed(world: World):
    after = {
        "z": 1, "a": {"y": None, "b": [1, 2, {"c": True}]}, "half": 0.1, "huge": 10**15, "big": 1e300, "text": "日本 é",
        "when": datetime(2026, 1, 2, tzinfo=UTC), "set": {"b", "a"}, "tuple": (1, 2),
    }  # fmt: skip
    record(world.actor("owner"), "x.y", object_type="x", after=after)
    assert queries.verify(world.tenant.id) is None


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError, match="bytes"):
        facts({"key": b"secret"})


def test_appending_takes_few_questions_to_the_database(world: World, django_assert_max_num_queries):
    write(world.actor("owner"), 1)
    actor = world.actor("owner")
    with django_assert_max_num_queries(5):  # savepoint, head, entry, head, savepoint
        write(actor, 1)
    assert connection.in_atomic_block
