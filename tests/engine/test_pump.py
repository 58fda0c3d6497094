"""What a command prints arrives in the log store: masked, whole, and once."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import FrameType

from ansflow.core.errors import Conflict
from ansflow.engine.masking import Masker
from ansflow.engine.memory import SystemClock
from ansflow.engine.pump import CHUNK, Pump
from ansflow.plugins.contracts import Ended

Log = tuple[int, str, int]


class Logs:
    """A log store that keeps every promise of the port in a dictionary."""

    def __init__(self) -> None:
        self.stored: dict[Log, bytearray] = {}
        self.closed: set[Log] = set()
        self.appended = 0
        self.changed = threading.Condition()

    def append(
        self, execution: int, step: str, attempt: int, *, fence: int, offset: int, data: bytes, at: datetime
    ) -> int:
        with self.changed:
            log = self.stored.setdefault((execution, step, attempt), bytearray())
            if offset > len(log):
                raise Conflict(f"The log has {len(log)} bytes, not {offset}.")
            self.appended += len(data)
            log += data[len(log) - offset :]
            self.changed.notify_all()
            return len(log)

    def length(self, execution: int, step: str, attempt: int) -> int:
        return len(self.stored.get((execution, step, attempt), b""))

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes:
        return bytes(self.stored.get((execution, step, attempt), b"")[start:end])

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        return self.read(execution, step, attempt).splitlines()[first - 1 : last]

    def count(self, execution: int, step: str, attempt: int) -> int:
        return len(self.read(execution, step, attempt).splitlines())

    def close(self, execution: int, step: str, attempt: int) -> None:
        self.closed.add((execution, step, attempt))

    finish = close

    def wait_for(self, text: bytes, seconds: float = 20) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: any(text in log for log in self.stored.values()), seconds)


class Printing:
    """A running command turned by hand: it prints and ends when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.spool.touch()
        self._ended: Ended | None = None
        self._news = threading.Semaphore(0)

    def print(self, data: bytes) -> None:
        with open(self.spool, "ab") as spool:
            spool.write(data)
        self._news.release()

    def end(self, *, log_bytes: int | None = None) -> None:
        size = self.spool.stat().st_size
        self._ended = Ended(exit_code=0, log_bytes=size if log_bytes is None else log_bytes)
        self._news.release()

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        return self._ended

    def wait_for_output(self, timeout_seconds: float) -> None:
        self._news.acquire(timeout=timeout_seconds)

    def stop(self, *, timed_out: bool = False) -> None:
        raise AssertionError("a pump stops nothing")


def pump(logs: Logs, masker: Masker | None = None, on_growth: Callable[[int], None] = lambda length: None) -> Pump:
    masker = masker or Masker()
    now = SystemClock().now
    return Pump(logs=logs, masker=masker, execution=1, step="build", attempt=1, fence=1, now=now, on_growth=on_growth)


def followed(logs: Logs, running: Printing, masker: Masker | None = None) -> tuple[threading.Thread, list[Ended]]:
    ends: list[Ended] = []
    follower = threading.Thread(target=lambda: ends.append(pump(logs, masker).follow(running)))
    follower.start()
    return follower, ends


def test_a_line_is_stored_while_the_command_still_runs(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    follower, ends = followed(logs, running)
    running.print(b"compiling\n")
    assert logs.wait_for(b"compiling\n")
    running.print(b"done\n")
    running.end()
    follower.join()
    assert logs.read(1, "build", 1) == b"compiling\ndone\n" and (1, "build", 1) in logs.closed
    assert ends[0].log_bytes == 15 and ends[0].log_sha256 == sha256(b"compiling\ndone\n").hexdigest()
    assert not ends[0].log_truncated


def test_the_stored_log_is_masked_and_numbered_by_what_is_stored(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    running.print(b"token s3cr3t-token!\n")
    running.end()
    ended = pump(logs, Masker({"T": "s3cr3t-token"})).follow(running)
    assert logs.read(1, "build", 1) == b"token ***!\n" and ended.log_bytes == 11 and not ended.log_truncated


def test_a_worker_that_takes_over_repeats_and_loses_nothing(tmp_path: Path) -> None:
    masker = Masker({"T": "s3cr3t-token"})
    text = b"".join(b"%d s3cr3t-token\n" % n for n in range(100_000))
    whole = text.replace(b"s3cr3t-token", b"***")
    for known in (0, 1, 7, CHUNK, len(whole) - 1, len(whole)):
        logs, running = Logs(), Printing(tmp_path)
        running.spool.write_bytes(text)
        logs.stored[1, "build", 1] = bytearray(whole[:known])
        running.end()
        ended = pump(logs, masker).follow(running)
        assert logs.read(1, "build", 1) == whole and logs.appended == len(whole) - known
        assert not ended.log_truncated


def test_a_log_that_another_worker_masked_otherwise_is_called_incomplete(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    running.print(b"token s3cr3t-token and more\n")
    logs.stored[1, "build", 1] = bytearray(b"token s3cr3t")
    running.end()
    assert pump(logs, Masker({"T": "s3cr3t-token"})).follow(running).log_truncated


def test_a_spool_that_lost_bytes_is_called_incomplete(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    running.print(b"some")
    running.end(log_bytes=1000)
    assert pump(logs).follow(running).log_truncated


def test_viewers_are_told_of_the_last_byte_and_not_of_every_one(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    hints: list[int] = []
    for _ in range(200):
        running.print(b"line\n")
    running.end()
    pump(logs, on_growth=hints.append).follow(running)
    assert hints[-1] == 1000 and len(hints) <= 3


def test_values_added_by_the_step_are_known_afterwards(tmp_path: Path) -> None:
    logs, running = Logs(), Printing(tmp_path)
    running.print(b"::add-mask::made-in-the-step\n")
    running.end()
    follower = pump(logs)
    follower.follow(running)
    assert follower.masker.mask("made-in-the-step") == "***"


class Forgetful(Logs):
    """Keeps the length only."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def append(
        self, execution: int, step: str, attempt: int, *, fence: int, offset: int, data: bytes, at: datetime
    ) -> int:
        assert offset == self.size
        self.size += len(data)
        return self.size

    def length(self, execution: int, step: str, attempt: int) -> int:
        return self.size


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    running = Printing(tmp_path)
    running.spool.write_bytes((b"some line of text\n" * 2**16 + b"s3cr3t-token\n") * 32)
    running.end()
    tracemalloc.start()
    pump(Forgetful(), Masker({"T": "s3cr3t-token"})).follow(running)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * CHUNK < running.spool.stat().st_size / 8


def test_a_million_lines_cost_no_work_per_line(tmp_path: Path) -> None:
    running = Printing(tmp_path)
    running.spool.write_bytes(b"".join(b"%d\n" % n for n in range(1_000_000)))
    running.end()
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    follower, logs = pump(Logs(), Masker({"T": "s3cr3t-token"})), Logs()
    follower.logs = logs
    sys.setprofile(count)
    follower.follow(running)
    sys.setprofile(None)
    assert logs.length(1, "build", 1) == 6_888_890 and calls < 10_000
