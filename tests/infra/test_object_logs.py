"""Logs in an S3-compatible store that goes away for a while: what is printed waits, and nothing is lost."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest

from ansflow.core.errors import ExternalError
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.infra.storage import opening
from ansflow.infra.storage.object_logs import ObjectLogs
from ansflow.infra.storage.objects import PART, Objects
from ansflow.infra.storage.opening import open_store
from ansflow.infra.storage.packing import Packing
from tests import object_store
from tests.infra.test_whole_logs import pump

KEY = (1, "a", 1)


class Wire:
    """A way to the server that can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = Event()
        self._whole.set()
        self.refused = Event()
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        self._whole.clear()
        self.refused.clear()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            self._ends.append(near)
            if not self._whole.is_set():
                near.close()
                self.refused.set()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._ends.append(far)
            for source, target in ((near, far), (far, near)):
                Thread(target=self._carry, args=(source, target), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire() -> Iterator[Wire]:
    found = Wire(object_store.port())
    yield found
    found.close()


@pytest.fixture
def logs(wire: Wire) -> Iterator[ObjectLogs]:
    packing = Packing()
    place = object_store.url().replace(str(object_store.port()), str(wire.port))
    found = ObjectLogs(Objects(open_store(place, credentials=(object_store.KEY, object_store.SECRET))), packing)
    found.packing = packing  # type: ignore[attr-defined]
    yield found
    wire.mend()
    found.end()
    packing.close()


def test_a_store_that_goes_away_in_the_middle_of_a_log_loses_nothing(
    wire: Wire, logs: ObjectLogs, tmp_path: Path, count
):
    text = b"".join(b"%d %x\n" % (number, random.Random(number).getrandbits(64)) for number in range(150_000))
    spool = tmp_path / "spool"
    spool.write_bytes(text)
    logs.append(*KEY, fence=1, offset=0, data=text[:PART])
    wire.cut()
    ended: list[str] = []
    carrying = Thread(target=lambda: ended.append(pump(logs, spool, "a").log_sha256))
    carrying.start()
    assert wire.refused.wait(60)
    wire.mend()
    carrying.join(120)
    assert ended == [sha256(text).hexdigest()]
    logs.packing.settle()  # type: ignore[attr-defined]
    assert logs.digest(*KEY) == ended[0] and logs.read(*KEY) == text
    count("log bytes through an outage of their store", len(text))


def test_a_store_that_stays_away_is_said_and_what_waits_is_kept(
    wire: Wire, logs: ObjectLogs, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(opening, "SECONDS_TO_TRY", 1)
    place = object_store.url().replace(str(object_store.port()), str(wire.port))
    impatient = ObjectLogs(
        Objects(open_store(place, credentials=(object_store.KEY, object_store.SECRET))),
        logs.packing,  # type: ignore[attr-defined]
    )
    impatient.append(*KEY, fence=1, offset=0, data=b"first\n")
    wire.cut()
    data = os.urandom(PART)
    with pytest.raises(ExternalError, match="object store"):
        impatient.append(*KEY, fence=1, offset=6, data=data)
    wire.mend()
    assert impatient.append(*KEY, fence=1, offset=6, data=data) == 6 + PART
    assert impatient.read(*KEY) == b"first\n" + data
    impatient.end()


def test_the_next_process_goes_on_where_the_store_ends(logs: ObjectLogs):
    """What waited in the first one is sent again from the spool, as to every store."""
    text = os.urandom(2 * PART + 1000)
    wanted = MemoryLogs()
    wanted.append(*KEY, fence=1, offset=0, data=text)
    logs.append(*KEY, fence=1, offset=0, data=text[: PART + 500])
    second = ObjectLogs(logs._objects, logs.packing)  # type: ignore[attr-defined]
    known = second.length(*KEY)
    assert known in (PART, PART + 500)  # the second it waits may have passed
    second.append(*KEY, fence=2, offset=known, data=text[known:])
    second.close(*KEY)
    assert second.read(*KEY) == wanted.read(*KEY)
    second.end()
