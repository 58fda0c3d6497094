"""The socket of one execution, over real connections."""

from __future__ import annotations

import random
from contextlib import ExitStack
from threading import Thread

import pytest

from ansflow.edge.live import frames, room
from ansflow.engine.ports import Missed
from tests.server_process import until


def test_a_snapshot_comes_first_and_then_every_frame_by_its_number(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        first = ann.next()
        assert (first["type"], first["seq"], first["data"]["id"]) == ("snapshot", 1, 7)
        last = [stage.step(7, f"step-{number}", "running") for number in range(50)][-1]
        ann.until(last)


def test_what_comes_is_the_event_as_the_api_gives_it_out(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next()
        seq = stage.step(7, "unit", "success")
        assert ann.next() == stage.events[7][seq - 1]


@pytest.mark.parametrize("after", [0, 1, 13, 39, 40])
def test_who_comes_back_gets_what_follows_and_nothing_twice(live, stage, after):
    stage.begin(7)
    last = [stage.step(7, f"step-{number}", "running", hint=False) for number in range(39)][-1]
    with live.execution(7, after=after) as ann:
        stage.say(7, message="and on it goes")
        frame = ann.next()
        assert (frame["type"] != "snapshot", frame["seq"]) == (True, after + 1)
        ann.until(last + 1)


def test_long_absences_are_filled_from_the_tables(live, stage, monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT", 10)
    stage.begin(7)
    last = [stage.step(7, f"step-{number}", "running", hint=False) for number in range(2500)][-1]
    with live.execution(7, after=1) as ann:
        ann.until(last)


def test_a_gap_that_cannot_be_filled_is_said_and_a_snapshot_follows(live, stage, monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT", 2)
    monkeypatch.setattr(room, "MOST_REPLAYED", 5)
    stage.begin(7)
    for number in range(20):
        stage.step(7, f"step-{number}", "running", hint=False)
    for after in (1, 10**6):  # too long ago, and of a future that a restored table does not know
        with live.execution(7, after=after) as ann:
            assert ann.next()["data"]["reason"] == "gap"
            assert ann.next()["type"] == "snapshot"
            stage.say(7)
            ann.until(len(stage.events[7]))


def test_all_viewers_of_an_execution_share_one_read_and_one_encoding_per_hint(live, stage, monkeypatch, count):
    encoded = []
    monkeypatch.setattr(
        frames, "encoded", lambda frame, encode=frames.encoded: (encoded.append(frame), encode(frame))[1]
    )
    stage.begin(7)
    with ExitStack() as leaving:
        viewers = [leaving.enter_context(live.execution(7)) for _ in range(60)]
        for viewer in viewers:
            viewer.next("snapshot")
        pictures = len(encoded)
        assert stage.asked["picture"] <= 2
        for number in range(20):
            seq = stage.step(7, f"step-{number}", "running")
            for viewer in viewers:
                viewer.until(seq)
    assert stage.asked["frames"] <= 21
    assert len(encoded) - pictures == 20
    count("frames delivered of 20 that were encoded once", 60 * 20)


def test_hints_that_come_while_the_tables_are_read_become_one_more_read(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        stage.go.clear()
        last = [stage.step(7, f"step-{number}", "running") for number in range(500)][-1]
        stage.go.set()
        ann.until(last)
    assert stage.asked["frames"] <= 4


def test_what_nobody_hinted_at_comes_all_the_same(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        ann.until(stage.say(7, hint=False))


def test_when_the_bus_comes_back_rooms_look_at_once(live, stage, monkeypatch):
    monkeypatch.setattr("ansflow.edge.live.hub.LOOK", 600.0)
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        seq = stage.say(7, hint=False)
        live.hub.hear(Missed())
        ann.until(seq)


def test_a_forged_hint_changes_nothing(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        stage.bus.publish(7, 10**15)
        stage.bus.publish(8, 3)
        stage.bus.grown(7, "nothing", 1, 10**15)
        ann.until(stage.say(7))


def test_tables_that_cannot_be_read_for_a_while_cost_delay_only(live, stage, monkeypatch, caplog):
    caplog.set_level("CRITICAL", "ansflow.edge")
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        with monkeypatch.context() as away:
            away.setattr(stage, "frames", lambda *_: (_ for _ in ()).throw(OSError("away")))
            away.setattr(stage, "positions", lambda *_: (_ for _ in ()).throw(OSError("away")))
            away.setattr(stage, "judge", lambda *_: (_ for _ in ()).throw(OSError("away")))
            seq = stage.say(7)
        ann.until(seq)


def test_a_fault_in_a_turn_of_looking_ends_nothing_else(live, stage, monkeypatch, caplog):
    monkeypatch.setattr("ansflow.edge.live.hub.LINGER", 0.0)
    faults = {"positions", "judge", "sweep"}
    stage.begin(7)

    def fault(name: str) -> None:
        raise RuntimeError(name)

    def told() -> bool:
        return faults <= {str(record.exc_info[1]) for record in caplog.records if record.exc_info}

    with live.execution(7) as ann:
        ann.next("snapshot")
        with monkeypatch.context() as broken:
            broken.setattr(live.hub, "_sweep", lambda: fault("sweep"))
            for name in faults - {"sweep"}:
                broken.setattr(stage, name, lambda *_, name=name: fault(name))
            until(told, "all are told")
        ann.until(stage.say(7, hint=False))
        monkeypatch.setattr(stage, "positions", lambda *_: fault("positions"))
    live.wait_for(0)
    until(lambda: live.hub.counts.rooms == 0, "no rooms")


def test_reconnecting_clients_miss_nothing_and_see_nothing_twice_while_hints_are_lost(live, stage, count):
    """Each client checks every number as it comes (`Client.next`)."""
    stage.begin(7)
    chance = random.Random(4)
    frames_in_all, lives, clients = 400, 8, 24
    seen: list[int] = []
    broken: list[BaseException] = []

    def watch(stops: list[int]) -> None:
        try:
            after = None
            for stop in stops:
                with live.execution(7, after=after) as client:
                    client.until(stop)
                    after = client.seq
            seen.append(after or 0)
        except BaseException as error:
            broken.append(error)

    stops = [[*sorted(chance.sample(range(2, frames_in_all), lives - 1)), frames_in_all] for _ in range(clients)]
    threads = [Thread(target=watch, args=(one,)) for one in stops]
    for thread in threads:
        thread.start()
    for number in range(frames_in_all - 1):
        stage.step(7, f"step-{number}", "running", hint=chance.random() < 0.5)
    for thread in threads:
        thread.join()
    assert not broken
    assert seen == [frames_in_all] * clients
    count("reconnects without a frame missed or doubled", clients * lives)


def test_an_empty_room_is_closed_and_opened_anew(live, stage, monkeypatch):
    monkeypatch.setattr("ansflow.edge.live.hub.LINGER", 0.0)
    stage.begin(7)
    for _ in range(2):
        with live.execution(7) as ann:
            ann.next("snapshot")
            ann.until(stage.say(7))
        live.wait_for(0)
        until(lambda: live.hub.counts.rooms == 0, "no rooms")
