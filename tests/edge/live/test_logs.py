"""Logs over the socket: every byte once, in its place, for whoever may read them."""

from __future__ import annotations

import base64
import random
from contextlib import ExitStack
from hashlib import sha256
from threading import Event
from typing import Any

import pytest

from ansflow.edge.live import logs
from tests.edge.live.conftest import SECONDS, SHOP
from tests.server_process import until


def subscribe(client: Any, **data: Any) -> None:
    client.say("subscribe", **({"logs": True} | data))


def take(client: Any, length: int, *, attempt: int = 1, offset: int = 0) -> bytes:
    """The log from `offset` to `length`: each piece must begin where the last one ended."""
    found = bytearray()
    while offset + len(found) < length:
        data = client.next("log_update")["data"]
        assert (data["attempt"], data["offset"]) == (attempt, offset + len(found)), data
        piece = base64.b64decode(data["base64"]) if "base64" in data else data["text"].encode()
        assert data["end"] - data["offset"] == len(piece)
        found += piece
    return bytes(found)


@pytest.fixture
def unit(stage) -> int:
    """Execution 7, whose step `unit` runs."""
    stage.begin(7)
    stage.step(7, "unit", "running", hint=False)
    return 7


def test_a_log_comes_from_its_beginning_and_goes_on(live, stage, unit):
    stage.print(7, "unit", b"before\n")
    with live.execution(7) as ann:
        subscribe(ann)
        assert take(ann, 7) == b"before\n"
        stage.print(7, "unit", b"and on\n")
        assert take(ann, 14, offset=7) == b"and on\n"


def test_nobody_gets_a_log_who_has_not_asked_for_it(live, stage, unit):
    with live.execution(7) as ann:
        ann.next("snapshot")
        stage.print(7, "unit", b"a line\n")
        seq = stage.say(7)
        assert ann.next()["seq"] == seq


def test_who_comes_back_goes_on_where_he_was(live, stage, unit):
    stage.print(7, "unit", b"0123456789")
    with live.execution(7) as ann:
        subscribe(ann, logs={"unit": {"attempt": 1, "offset": 4}})
        assert take(ann, 10, offset=4) == b"456789"


def test_a_choice_of_steps_alone_asks_for_their_logs(live, stage, unit):
    stage.print(7, "unit", b"0123456789")
    with live.execution(7) as ann:
        ann.say("subscribe", steps=["unit"])
        assert take(ann, 10) == b"0123456789"


def test_only_the_steps_that_were_chosen_are_sent_and_a_new_choice_replaces_the_old(live, stage, unit):
    stage.step(7, "lint", "running", hint=False)
    with live.execution(7) as ann:
        subscribe(ann, steps=["lint"])
        ann.say("ping")
        ann.next("pong")
        stage.print(7, "unit", b"unit\n")
        stage.print(7, "lint", b"lint\n")
        assert ann.next("log_update")["data"]["key"] == "lint"
        subscribe(ann, steps=["unit"])
        assert ann.next("log_update")["data"]["text"] == "unit\n"
        subscribe(ann, logs=False)
        ann.say("ping")
        ann.next("pong")
        stage.print(7, "unit", b"more\n")
        seq = stage.say(7)
        while (frame := ann.next())["type"] != "execution_update":
            assert frame["type"] != "log_update"
        assert frame["seq"] <= seq


def test_steps_that_begin_later_and_later_attempts_come_too(live, stage, unit):
    with live.execution(7) as ann:
        subscribe(ann)
        stage.print(7, "unit", b"first\n")
        assert take(ann, 6) == b"first\n"
        stage.print(7, "unit", b"its end\n", hint=False)
        stage.step(7, "unit", "pending")
        assert take(ann, 14, offset=6) == b"its end\n"
        stage.step(7, "unit", "running", attempt=2)
        stage.print(7, "unit", b"second\n", attempt=2)
        assert take(ann, 7, attempt=2) == b"second\n"
        stage.step(7, "late", "running")
        stage.print(7, "late", b"late\n")
        assert take(ann, 5) == b"late\n"


def test_a_step_that_has_not_begun_can_be_waited_for(live, stage, unit):
    stage.step(7, "late", "pending", attempt=0, hint=False)
    with live.execution(7) as ann:
        subscribe(ann, steps=["late"])
        ann.say("ping")
        ann.next("pong")
        stage.step(7, "late", "running")
        stage.print(7, "late", b"here\n")
        assert take(ann, 5) == b"here\n"


def test_an_old_attempt_is_read_to_its_end_before_the_next_one(live, stage, unit):
    stage.print(7, "unit", b"first\n")
    stage.step(7, "unit", "running", attempt=2, hint=False)
    stage.print(7, "unit", b"second\n", attempt=2)
    with live.execution(7) as ann:
        subscribe(ann, logs={"unit": {"attempt": 1, "offset": 3}})
        assert take(ann, 6, offset=3) == b"st\n"
        assert take(ann, 7, attempt=2) == b"second\n"


def test_growth_that_nobody_hinted_at_is_found(live, stage, unit):
    with live.execution(7) as ann:
        subscribe(ann)
        ann.say("ping")
        ann.next("pong")
        stage.print(7, "unit", b"quietly\n", hint=False)
        assert take(ann, 8) == b"quietly\n"


def test_letters_are_whole_and_what_is_left_at_the_end_comes_as_it_is(live, stage, unit):
    with live.execution(7) as ann:
        subscribe(ann)
        for byte in "日本".encode() + b"\xe6":
            stage.print(7, "unit", bytes([byte]))
        assert take(ann, 6) == "日本".encode()
        stage.step(7, "unit", "success")
        assert take(ann, 7, offset=6) == b"\xe6"


def test_any_bytes_arrive_as_they_were_for_every_viewer_who_comes_at_any_time(live, stage, unit, count):
    chance = random.Random(11)
    whole = b"".join(
        chance.choice([chance.randbytes(3000), "日本語 ✓\n".encode() * 700, b"\x1b[31mred\x00\n" * 500, b"x" * 40_000])
        for _ in range(120)
    )
    with ExitStack() as leaving:
        viewers = []
        for start in range(0, len(whole), 50_000):
            stage.print(7, "unit", whole[start : start + 50_000], hint=chance.random() < 0.7)
            if len(viewers) < 12:
                viewers.append(leaving.enter_context(live.execution(7)))
                subscribe(viewers[-1])
        stage.step(7, "unit", "success")
        for viewer in viewers:
            assert sha256(take(viewer, len(whole))).digest() == sha256(whole).digest()
    count("bytes of logs compared at viewers", len(whole) * len(viewers))


def test_viewers_at_the_end_of_a_log_share_one_read(live, stage, unit):
    with ExitStack() as leaving:
        viewers = [leaving.enter_context(live.execution(7)) for _ in range(40)]
        for viewer in viewers:
            subscribe(viewer)
            viewer.say("ping")
            viewer.next("pong")
        for number in range(10):
            stage.print(7, "unit", b"0123456789")
            for viewer in viewers:
                assert take(viewer, number * 10 + 10, offset=number * 10) == b"0123456789"
    assert stage.asked["read"] <= 20


def test_a_step_that_is_not_there_is_named(live, stage, unit):
    stage.print(7, "unit", b"a line\n")
    with live.execution(7) as ann:
        subscribe(ann, steps=["unit", "nowhere"])
        said = {frame["type"]: frame for frame in (ann.next(), ann.next(), ann.next())}
        assert "nowhere" in said["error"]["data"]["message"]
        assert said["log_update"]["data"]["text"] == "a line\n"


def test_attempts_that_are_far_from_begun_are_refused_and_nothing_is_kept_of_them(live, stage, unit):
    stage.print(7, "unit", b"a line\n")
    with live.execution(7) as ann:
        for attempt in (3, 9, 2**31):
            ann.say("subscribe", logs={"unit": {"attempt": attempt}})
            assert f"unit, attempt {attempt}" in ann.next("error")["data"]["message"]
        ann.say("subscribe", logs={"unit": {"attempt": 2}})  # the one that comes next may be waited for
        ann.say("subscribe", logs={"unit": {"attempt": 1}})
        assert ann.next("log_update")["data"]["text"] == "a line\n"
        (room,) = live.hub._rooms.values()
        assert list(room.logs._tails) == [("unit", 1)]


@pytest.mark.parametrize("name", ["", "a\0", "x" * 255])
def test_what_cannot_be_the_name_of_a_step_is_refused_and_the_socket_stays(live, stage, unit, name):
    with live.execution(7) as ann:
        ann.next("snapshot")
        for data in ({"steps": [name], "logs": True}, {"logs": {name: {}}}):
            ann.say("subscribe", **data)
            assert ann.next()["data"]["code"] == "invalid"
        ann.next_is_quiet(stage)


def test_what_cannot_be_answered_now_may_be_asked_again(live, stage, unit, monkeypatch):
    stage.print(7, "unit", b"a line\n")

    def away(*_):
        raise OSError("the database is away")

    with live.execution(7) as ann:
        ann.next("snapshot")
        with monkeypatch.context() as outage:
            outage.setattr(live.hub.source, "printing", away)
            subscribe(ann)
            assert ann.next()["data"]["code"] == "unavailable"
        subscribe(ann)
        assert ann.next("log_update")["data"]["text"] == "a line\n"


def test_the_end_of_a_log_comes_also_after_an_outage(live, stage, unit, monkeypatch):
    """The last byte is the beginning of a letter: nothing but the end of the log lets it go."""
    stage.print(7, "unit", b"caf\xc3")
    asked = Event()

    def away(*_):
        asked.set()
        raise OSError("the store of logs is away")

    with live.execution(7) as ann:
        subscribe(ann)
        assert ann.next("log_update")["data"]["text"] == "caf"
        with monkeypatch.context() as outage:
            outage.setattr(live.hub.source, "length", away)
            stage.step(7, "unit", "success")
            assert asked.wait(60)
        assert ann.next("log_update")["data"]["end"] == 4


def test_who_may_see_but_not_read_logs_is_refused_them(live, stage, unit):
    stage.people["eve"] = {SHOP: "guest"}
    stage.print(7, "unit", b"a line\n")
    with live.execution(7, "eve") as eve:
        eve.next("snapshot")
        subscribe(eve)
        assert eve.next()["data"]["code"] == "forbidden"
        eve.next_is_quiet(stage)


def test_who_may_not_read_logs_any_more_is_told_so_and_gets_none(live, stage, unit):
    with live.execution(7) as ann:
        subscribe(ann)
        stage.print(7, "unit", b"a line\n")
        take(ann, 7)
        stage.people["ann"] = {SHOP: "guest"}
        assert ann.next("error")["data"]["code"] == "forbidden"
        stage.print(7, "unit", b"another\n")
        ann.next_is_quiet(stage)


def test_a_role_that_goes_while_the_log_is_looked_up_leads_to_none(live, stage, unit, monkeypatch):
    stage.print(7, "unit", b"not for guests\n")
    looking, may_answer, printing = Event(), Event(), stage.printing

    def held(*asked):
        looking.set()
        assert may_answer.wait(SECONDS)
        return printing(*asked)

    monkeypatch.setattr(stage, "printing", held)
    with live.execution(7) as ann:
        ann.next("snapshot")
        subscribe(ann)
        assert looking.wait(SECONDS)
        stage.people["ann"] = {SHOP: "guest"}
        before = stage.asked["judge"]
        until(lambda: stage.asked["judge"] >= before + 2, "what was judged first has been told")
        may_answer.set()
        assert ann.next()["data"]["code"] == "forbidden"
        ann.next_is_quiet(stage)


def test_the_whole_log_comes_before_the_end_of_its_step(live, stage, unit, monkeypatch):
    monkeypatch.setattr(logs, "SECONDS_FOR_THE_REST", SECONDS)
    stage.step(7, "lint", "running", hint=False)
    stage.print(7, "unit", b"a line\n")
    with live.execution(7) as ann, live.execution(7) as ben:
        for client in (ann, ben):
            client.next("snapshot")
            subscribe(client)
            take(client, 7)  # from now on he follows
        for number in range(20):
            stage.print(7, "unit", b"a line\n" * 400, hint=False)
            stage.print(7, "lint", f"line {number}\n".encode(), hint=False)
        stage.step(7, "unit", "success", hint=False)
        stage.step(7, "lint", "failed")
        for client in (ann, ben):
            ends, ended = {"unit": 7}, dict[str, str]()
            while len(ended) < 2:
                frame = client.next()
                data = frame["data"]
                if frame["type"] == "log_update":
                    ends[data["key"]] = data["end"]
                else:
                    assert ends[data["key"]] == len(stage.logs[7, data["key"], 1])
                    ended[data["key"]] = data["status"]
            assert ended == {"unit": "success", "lint": "failed"}


def test_a_log_that_cannot_be_read_does_not_hold_up_the_end_of_its_step(live, stage, unit, monkeypatch):
    reading = Event()

    def held(*_, **__):
        assert reading.wait(SECONDS)
        return b"a line\n"

    monkeypatch.setattr(stage, "read", held)
    with live.execution(7) as ann:
        ann.next("snapshot")
        subscribe(ann)
        stage.print(7, "unit", b"a line\n")
        stage.step(7, "unit", "success")
        assert ann.next()["data"]["status"] == "success"
        reading.set()
        assert ann.next("log_update")["data"]["text"] == "a line\n"
