"""What a step prints → masked, stored, addressable: our path beside the physical limit, over the same bytes."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ansflow.engine.masking import Masker
from ansflow.engine.memory import SystemClock
from ansflow.infra.storage.logs import FileLogs

MEGABYTES = 128
CHUNK = 512 * 1024
SECRETS = {f"SECRET_{number}": f"s3cr3t-value-number-{number}-of-five" for number in range(5)}


def measure(rounds: int = 3) -> dict[str, float]:
    """MB/s, the best of some rounds taken in turns: a shared machine only ever makes a copy slower."""
    with tempfile.TemporaryDirectory(prefix="ansflow-bench-log-") as folder:
        spool = Path(folder, "spool")
        spool.write_bytes(_output())
        rows: dict[str, Callable[[Path, Path], None]] = {
            "read and count lines (the limit)": _count,
            "append to a file (the floor)": _append,
            "store: append + index and times of lines": _store,
            "store, 5 secrets masked in all their forms": _masked,
            "rows of 64 KiB in SQLite": _rows,
            "a row per line in SQLite": _row_per_line,
        }
        best: dict[str, float] = dict.fromkeys(rows, 0.0)
        for number in range(rounds):
            for name, work in rows.items():
                began = time.perf_counter()
                work(spool, Path(folder, f"{number}-{len(name)}"))
                best[name] = max(best[name], MEGABYTES / (time.perf_counter() - began))
    return best


def _output() -> bytes:
    """Lines as a build prints them; one in a thousand holds a secret."""
    lines = [f"[{number:>6}] compiling module_{number % 977}.c with -O2 -Wall -fPIC … ok\n" for number in range(1000)]
    lines[500] = f"using token {SECRETS['SECRET_3']} for upload\n"
    block = "".join(lines).encode()
    return (block * (MEGABYTES * 2**20 // len(block) + 1))[: MEGABYTES * 2**20]


def _count(spool: Path, target: Path) -> None:
    with spool.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            data.count(b"\n")


def _append(spool: Path, target: Path) -> None:
    with spool.open("rb", buffering=0) as file, target.open("wb", buffering=0) as copy:
        while data := file.read(CHUNK):
            copy.write(data)
    target.unlink()


def _store(spool: Path, target: Path) -> None:
    _copy(spool, target, lambda data: data)


def _masked(spool: Path, target: Path) -> None:
    stream = Masker(SECRETS).stream()
    _copy(spool, target, stream.feed)


def _rows(spool: Path, target: Path) -> None:
    with spool.open("rb", buffering=0) as file:
        _insert(target, iter(lambda: file.read(64 * 1024), b""))


def _row_per_line(spool: Path, target: Path) -> None:
    with spool.open("rb") as file:
        _insert(target, file)


def _insert(target: Path, pieces: Iterable[bytes]) -> None:
    """In one transaction: a commit for each would be slower still."""
    connection = sqlite3.connect(target)
    with connection:
        connection.execute("CREATE TABLE part (number INTEGER PRIMARY KEY, data BLOB)")
        connection.executemany("INSERT INTO part VALUES (?, ?)", enumerate(pieces))
    connection.close()
    target.unlink()


def _copy(spool: Path, target: Path, through: Callable[[bytes], bytes]) -> None:
    logs, now = FileLogs(target), SystemClock().now
    at = 0
    with spool.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            at = logs.append(1, "step", 1, fence=1, offset=at, data=through(data), at=now())
    logs.close(1, "step", 1)


def show(rows: Mapping[str, float]) -> None:
    print("\nLog path, MB/s (step output → stored, addressable)\n")
    limit = next(iter(rows.values()))
    for name, rate in rows.items():
        print(f"{name:60}{rate:>10,.0f}{rate / limit:>10.2f}×")
