"""Logs in one folder that several processes see, and one log that is closed while it is written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest

from ansflow.core.errors import Conflict
from ansflow.engine.ports import FENCED
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.packing import Packing

KEY = (1, "unit (python=3.12)", 1)
WRITER = """
import sys
from pathlib import Path
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.packing import Packing

packing = Packing()
logs, at = FileLogs(Path(sys.argv[1]), packing), 0
for number in range(1, 40_001):
    data = b"line %d of the worker\\n" % number
    at = logs.append(1, "unit (python=3.12)", 1, fence=1, offset=at, data=data)
logs.finish(1, "unit (python=3.12)", 1)
packing.settle()
packing.close()
"""


def test_one_process_reads_while_another_writes_and_packs(tmp_path: Path, count: Callable[[str, int], None]) -> None:
    """What `serve` shows of the log that a `worker` writes: no line is missing, doubled or torn at any moment."""
    wanted = [b"line %d of the worker" % number for number in range(1, 40_001)]
    whole = b"".join(line + b"\n" for line in wanted)
    logs = FileLogs(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) as writer:
        seen, looks, at_once = b"", 0, 0
        while True:
            ended = writer.poll() is not None
            length = logs.length(*KEY)
            seen += logs.read(*KEY, start=len(seen), end=length)
            assert whole.startswith(seen) and len(seen) == length
            lines = logs.count(*KEY)
            last = logs.lines(*KEY, first=max(1, lines - 3), last=lines - 1)
            assert last == wanted[max(0, lines - 4) : max(0, lines - 1)]
            assert logs.outline(*KEY).lines <= 40_000
            looks += 1
            at_once += 0 < length < len(whole)
            if ended:
                break
    assert writer.returncode == 0
    assert seen == whole
    assert logs.digest(*KEY) == sha256(whole).hexdigest()
    assert not list(tmp_path.rglob("*.log")) and not list(tmp_path.rglob("*.part")), "it is packed"
    assert at_once > 3, "it was read while it grew"
    count("looks at a log that another process was writing", looks)


def test_what_another_process_has_unpacked_and_packed_anew_is_read_anew(tmp_path: Path) -> None:
    first, second = Packing(), Packing()
    here, there = FileLogs(tmp_path, first), FileLogs(tmp_path, second)
    text = b"".join(b"%d\n" % number for number in range(30_000))
    here.append(*KEY, fence=1, offset=0, data=text)
    here.finish(*KEY)
    first.settle()
    assert there.read(*KEY) == text
    here.append(*KEY, fence=2, offset=len(text), data=text)
    assert there.length(*KEY) == 2 * len(text)
    here.finish(*KEY)
    first.settle()
    assert there.read(*KEY) == text + text
    for packing in (first, second):
        packing.close()


def test_a_writer_hears_of_the_fence_that_another_process_has_raised(tmp_path: Path) -> None:
    frozen, other = FileLogs(tmp_path), FileLogs(tmp_path)
    frozen.append(*KEY, fence=1, offset=0, data=b"one\n")
    for fence in (2, 3):
        other.append(*KEY, fence=fence, offset=4, data=b"two\n")
        other.close(*KEY)
    with pytest.raises(Conflict) as refused:
        frozen.append(*KEY, fence=1, offset=4, data=b"late\n")
    assert refused.value.code == FENCED
    assert other.read(*KEY) == b"one\ntwo\n"
    frozen.close(*KEY)


def test_a_log_may_be_closed_by_others_while_it_is_written(tmp_path: Path) -> None:
    """A chore that packs what has ended, beside the late worker of an attempt that was given up: bytes that went to a
    descriptor of somebody else would be lost, and spoil the file that has it now."""
    logs = FileLogs(tmp_path)
    written, others = Event(), [0]

    def close_it_again_and_again() -> None:
        while not written.is_set():
            logs.close(*KEY)
            with (tmp_path / "other").open("wb"):  # takes the number that has just become free
                others[0] += 1

    closing = [Thread(target=close_it_again_and_again) for _ in range(2)]
    for thread in closing:
        thread.start()
    at = 0
    try:
        for number in range(3000):
            at = logs.append(*KEY, fence=1, offset=at, data=b"line %d\n" % number)
    finally:
        written.set()
        for thread in closing:
            thread.join()
    assert logs.read(*KEY) == b"".join(b"line %d\n" % number for number in range(3000))
    assert (tmp_path / "other").stat().st_size == 0
    assert others[0] > 10
    logs.close(*KEY)
