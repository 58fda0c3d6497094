"""Frames as they go over the wire, encoded once for everyone, and the newest of them kept for who was away."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

MOST_KEPT = 2000
MOST_KEPT_BYTES = 1 << 20

_encoder = msgspec.json.Encoder()


def text_frame(payload: bytes) -> bytes:
    """One whole, unmasked text message (RFC 6455, 5.2): the same bytes for every socket."""
    length = len(payload)
    if length < 126:
        return b"\x81" + length.to_bytes(1, "big") + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


def encoded(frame: Mapping[str, Any]) -> bytes:
    return text_frame(_encoder.encode(frame))


def snapshot(seq: int, data: Mapping[str, Any]) -> bytes:
    return encoded({"type": "snapshot", "seq": seq, "data": data})


def resync(seq: int, reason: str, message: str, **about: Any) -> bytes:
    """`slow` or `gap`. A new snapshot follows on the same socket."""
    return encoded({"type": "resync", "seq": seq, "data": {**about, "reason": reason, "message": message}})


def error(code: str, message: str) -> bytes:
    """What a client has asked for and does not get. The socket stays open."""
    return encoded({"type": "error", "data": {"code": code, "message": message}})


PONG = encoded({"type": "pong", "data": {}})


class Told(NamedTuple):
    """A numbered frame: its bytes, and what rooms have to know of it. `step` is empty for one about the execution."""

    seq: int
    frame: bytes
    step: str = ""
    attempt: int = 0
    status: str = ""


def told(frames: Sequence[Mapping[str, Any]]) -> list[Told]:
    """As `apps.executions.events` makes them."""
    return [
        Told(
            seq=frame["seq"],
            frame=encoded(frame),
            step=frame["data"].get("key", ""),
            attempt=frame["data"].get("attempt", 0),
            status=frame["data"]["status"],
        )
        for frame in frames
    ]


class Ring:
    """The newest frames of one execution, without gaps: the last one is number `seq`."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._frames: deque[bytes] = deque()
        self._bytes = 0

    def add(self, frames: Sequence[Told]) -> None:
        """They follow upon `seq`."""
        for frame in frames:
            self._frames.append(frame.frame)
            self._bytes += len(frame.frame)
        self.seq = frames[-1].seq
        while len(self._frames) > MOST_KEPT or (self._bytes > MOST_KEPT_BYTES and len(self._frames) > 1):
            self._bytes -= len(self._frames.popleft())

    def reaches(self, after: int) -> bool:
        """Whether every frame behind that number is here."""
        return after >= self.seq - len(self._frames)

    def after(self, seq: int, most: int) -> list[bytes]:
        """The frames behind that number, at most so many. It must be one that the ring reaches."""
        start = len(self._frames) - (self.seq - seq)
        return list(islice(self._frames, start, start + most))
