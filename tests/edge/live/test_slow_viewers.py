"""Viewers that do not read, do not answer, or say too much: they harm themselves only."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from ansflow.edge.live import frames, line, room
from tests.edge.live.conftest import Live, opened
from tests.server_process import until


def knock(live: Live, path: str = "/ws/executions/7/", receive: int = 4096) -> socket.socket:
    """A client that says what it must, and then nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", live.port))
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost:{live.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer ann\r\n\r\n".encode()
    )
    return sock


def test_who_does_not_read_holds_up_nobody_and_is_told_to_begin_anew(live, stage, monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT", 20)
    stage.begin(7)
    with live.execution(7) as ann, live.execution(7, max_queue=1) as slow:
        ann.next("snapshot")
        slow.next("snapshot")
        slow.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        last = 0
        waiting = [viewer for one in live.hub._rooms.values() for viewer in one.viewers]
        for number in range(400):  # until there is more than the kernel and this process keep for him
            last = stage.say(7, message="x" * 50_000)
            ann.until(last)
            if number > 30 and any(not viewer.line.free for viewer in waiting):
                break
        for _ in range(60):
            ann.until(stage.say(7, message="x" * 50_000))
        held = [viewer.line.transport.get_write_buffer_size() for viewer in waiting]
        assert max(held) < line.MOST_WAITING + room.AT_ONCE * 60_000
        slow.seq = None
        said = slow.next("resync")
        assert said["data"]["reason"] == "slow"
        assert slow.next()["type"] == "snapshot"
        last = stage.say(7)
        slow.until(last)
        ann.until(last)


@pytest.fixture
def impatient(open_edge, stage, monkeypatch) -> Iterator[Live]:
    monkeypatch.setattr(line, "SECONDS_TO_CLOSE", 0.2)
    pings = {"seconds_between_pings": 0.2, "seconds_for_pong": 0.3}
    yield from opened(open_edge, stage, monkeypatch, pings=pings)


def test_a_half_open_socket_is_dropped(impatient, stage):
    stage.begin(7)
    with knock(impatient) as sock:
        impatient.wait_for(1)
        impatient.wait_for(0)
        while sock.recv(65536):
            pass


def test_who_neither_reads_nor_answers_is_dropped_with_all_that_waits_for_him(impatient, stage):
    stage.begin(7)
    with knock(impatient):
        impatient.wait_for(1)
        for _ in range(100):
            stage.say(7, message="x" * 50_000)
        impatient.wait_for(0)
        until(lambda: not sockets_of(impatient), "the connection is gone")


def test_who_answers_is_kept_however_long_he_says_nothing(impatient, stage):
    stage.begin(7)
    with impatient.execution(7) as ann:
        ann.next("snapshot")
        for _ in range(4):  # each takes longer than a pong may
            ann.until(stage.say(7, hint=False))
        assert impatient.hub.counts.viewers == 1


def test_many_sockets_that_nobody_answers_at_leave_the_api_alone(live, stage, count):
    stage.begin(7)
    socks = [knock(live) for _ in range(200)]
    half = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(200)]
    live.wait_for(200)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", live.port), timeout=60) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    for sock in socks + half:
        sock.close()
    live.wait_for(0)
    count("requests answered beside 400 sockets that say nothing", 20)


def test_a_message_longer_than_64_kib_ends_the_socket(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.connection.send("x" * (1 << 16))
        ann.next("error")
        ann.connection.send("x" * ((1 << 16) + 1))
        assert ann.ended() == 1009


def test_pieces_of_a_message_count_together(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.connection.send(["x" * 40_000, "x" * 40_000])
        assert ann.ended() == 1009


def test_more_than_20_messages_a_second_end_the_socket(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        for _ in range(20):
            ann.say("ping")
        for _ in range(20):
            ann.next("pong")
        with suppress(ConnectionClosed):  # soon or later, as busy as this machine is
            for _ in range(5_000):
                ann.say("ping")
        assert ann.ended() == 1008


def test_a_flood_of_pings_ends_the_socket(live, stage):
    stage.begin(7)
    with live.execution(7) as ann:
        with suppress(ConnectionClosed):
            for _ in range(5_000):
                ann.connection.ping()
        assert ann.ended() == 1008


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", "1", "null", '"ping"', '{"type": 1}', '{"typ": "ping"}', '{"type": "ping", "more": 1}',
     '{"type": "subscribe", "data": {"logs": "all"}}',
     '{"type": "subscribe", "data": {"logs": true, "steps": "unit"}}', "[" * 30_000, '{"type": "cancel"}',
     '{"type": "subscribe", "data": {"logs": {"unit": {"offset": 1.5}}}}'],
)  # fmt: skip
def test_what_cannot_be_understood_is_answered_and_the_socket_stays(live, stage, said):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.connection.send(said)
        assert ann.next("error")["data"]["message"]
        ann.say("ping")
        ann.next("pong")


def sockets_of(live: Live) -> list[object]:
    return [viewer for one in live.hub._rooms.values() for viewer in one.viewers]


def test_what_was_missed_is_looked_up_no_faster_than_it_is_read(live, stage, monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT", 10)
    stage.begin(7)
    for _ in range(5000):
        stage.say(7, message="x" * 2000, hint=False)
    with knock(live, "/ws/executions/7/?after=1"):
        live.wait_for(1)
        until(lambda: any(not viewer.line.free for viewer in sockets_of(live)), "he is full")
        assert stage.asked["frames"] < 5
