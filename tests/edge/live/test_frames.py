from __future__ import annotations

import json

import pytest
from websockets.server import ServerProtocol

from ansflow.edge.live import frames
from ansflow.edge.live.frames import Ring, Told, text_frame
from ansflow.edge.live.logs import as_text


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_frame_is_what_the_library_would_send(length):
    library = ServerProtocol(max_size=None)
    library.state = type(library.state).OPEN
    library.send_text(b"x" * length)
    assert b"".join(library.data_to_send()) == text_frame(b"x" * length)


def numbers(ring: Ring, after: int, most: int = 10_000) -> list[int]:
    return [int(frame) for frame in ring.after(after, most)]


def filled(first: int, last: int, size: int = 0) -> Ring:
    ring = Ring(first - 1)
    for seq in range(first, last + 1):
        ring.add([Told(seq, str(seq).encode().ljust(size))])
    return ring


def test_a_ring_gives_what_follows_upon_any_number_that_it_reaches():
    ring = filled(11, 30)
    assert (ring.seq, ring.reaches(10), ring.reaches(9)) == (30, True, False)
    for after in range(10, 31):
        assert numbers(ring, after) == list(range(after + 1, 31))
    assert numbers(ring, 12, most=3) == [13, 14, 15]


def test_nothing_follows_upon_a_number_that_is_still_to_come():
    assert numbers(filled(1, 5), 9) == []


def test_a_ring_keeps_the_newest_by_number_and_by_bytes(monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT", 5)
    assert numbers(filled(1, 20), 15) == [16, 17, 18, 19, 20]
    monkeypatch.setattr(frames, "MOST_KEPT_BYTES", 250)
    ring = filled(1, 20, size=100)
    assert not ring.reaches(17)
    assert numbers(ring, 18) == [19, 20]


def test_one_frame_is_kept_however_long_it_is(monkeypatch):
    monkeypatch.setattr(frames, "MOST_KEPT_BYTES", 1)
    assert numbers(filled(1, 3, size=100), 2) == [3]


def test_a_resync_says_what_it_is_about():
    said = frames.resync(7, "slow", "Too slow.", execution_id=3)
    assert json.loads(said[said.index(b"{") :]) == {
        "type": "resync", "seq": 7, "data": {"execution_id": 3, "reason": "slow", "message": "Too slow."},
    }  # fmt: skip


def test_bytes_that_are_no_text_come_with_what_they_were():
    assert as_text("ok ✓".encode()) == {"text": "ok ✓"}
    assert as_text(b"\xff\x00a") == {"text": "�\x00a", "base64": "/wBh"}
