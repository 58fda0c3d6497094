"""Reading what has been stored: packing, ranges of a log of a gigabyte, searching; each beside what else there is."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from backports import zstd

from ansflow.cli.commands.logs import Kept
from ansflow.core.outline import Scanner
from ansflow.infra.searching import Place, Wanted, search
from ansflow.infra.storage.logs import FileLogs

LONG = 1 << 30
SEARCHED = 100 * 10**6
RANGE = 64 * 1024
READS = 200
ROW = 64 * 1024
KEY = (1, "step", 1)
Rows = dict[str, tuple[float, str]]


def measure_log_reading() -> dict[str, Rows]:
    with tempfile.TemporaryDirectory(prefix="ansflow-bench-log-") as folder:
        return {
            "Packing and outline, MB/s": _packing(Path(folder)),
            "A range of 64 KiB out of a log of 1 GiB, ms (median; worst of 200)": _ranges(Path(folder)),
            "Searching 100 MB for a text that is not there, seconds": _searching(Path(folder)),
        }


def _text(length: int) -> bytes:
    """Lines that compress as those of builds do."""
    chance = random.Random(1)
    lines = [
        f"[{number:>6}] compiling module_{number % 977}.c with -O2 -Wall {chance.getrandbits(64):x} … ok\n"
        for number in range(40_000)
    ]
    block = "".join(lines).encode()
    return (block * (length // len(block) + 1))[:length]


def _store(root: Path, pieces: Iterator[bytes]) -> FileLogs:
    logs = FileLogs(root)
    at = 0
    for piece in pieces:
        at = logs.append(*KEY, fence=1, offset=at, data=piece)
    logs.close(*KEY)
    return logs


def _packing(folder: Path) -> Rows:
    text = _text(128 << 20)
    logs = _store(folder / "packing", iter([text]))
    rows: Rows = {}
    for name, work in {
        "Zstandard in one stream (the limit)": lambda: zstd.compress(text, 1),
        "packed: seekable, digest, lines, outline": lambda: logs.pack(KEY),
        "outline of a live log": lambda: _outline(text),
    }.items():
        rows[name] = (len(text) / 2**20 / _seconds(work), "")
    packed = next((folder / "packing").rglob("*.zst")).stat().st_size
    rows["packed: seekable, digest, lines, outline"] = (
        rows["packed: seekable, digest, lines, outline"][0],
        f"{len(text) / packed:.1f}× smaller",
    )
    return rows


def _outline(text: bytes) -> None:
    scanner = Scanner()
    for at in range(0, len(text), 1 << 20):
        scanner.feed(text[at : at + (1 << 20)])


def _ranges(folder: Path) -> Rows:
    block = _text(64 << 20)
    logs = _store(folder / "ranges", (block for _ in range(LONG // len(block))))
    plain = next((folder / "ranges").rglob("*.log"))
    stream = folder / "stream.zst"
    with zstd.open(stream, "wb", level=1) as file, plain.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
    rows_of_sqlite = _rows(folder / "rows.sqlite", plain)
    chance = random.Random(2)
    places = [chance.randrange(LONG - RANGE) for _ in range(READS)]
    lines = [chance.randrange(1, logs.count(*KEY) - 1000) for _ in range(READS)]
    found: Rows = {
        "a plain file": _times(plain_range(plain), places),
        "ours, while it grows: by bytes": _times(lambda at: logs.read(*KEY, start=at, end=at + RANGE), places),
        "ours, while it grows: 800 lines": _times(lambda n: logs.lines(*KEY, first=n, last=n + 799), lines),
        "rows of 64 KiB in SQLite": _times(rows_of_sqlite, places),
        "Zstandard in one stream": _times(lambda at: _from_stream(stream, at), places[:3]),
    }
    logs.pack(KEY)
    again = FileLogs(folder / "ranges")
    found["ours, packed: the first read, with its tables"] = _times(
        lambda at: FileLogs(folder / "ranges").read(*KEY, start=at, end=at + RANGE), places
    )
    found["ours, packed: the outline of all its lines"] = _times(lambda _: again.outline(*KEY), places[:20])
    found["ours, packed: by bytes"] = _times(lambda at: again.read(*KEY, start=at, end=at + RANGE), places)
    found["ours, packed: 800 lines"] = _times(lambda n: again.lines(*KEY, first=n, last=n + 799), lines)
    return found


def _searching(folder: Path) -> Rows:
    text = _text(SEARCHED)
    logs = _store(folder / "searching", iter([text]))
    plain = next((folder / "searching").rglob("*.log"))
    among = [Kept(logs, *KEY, len(text))]
    found: Rows = {
        "grep -F": (_seconds(lambda: _grep("-F", "no such text", plain)), ""),
        "grep -i": (_seconds(lambda: _grep("-i", "no such text", plain)), ""),
        "Python's re, line by line": (_seconds(lambda: _by_line(plain)), ""),
        "ours, plain file: a text, capitals matter": (_search(among, Wanted(text="no such text", case=True)), ""),
        "ours, plain file: a text": (_search(among, Wanted(text="no such text")), ""),
    }
    logs.pack(KEY)
    for name, wanted in {
        "a text": Wanted(text="no such text"),
        "a pattern": Wanted(text=r"error: \w+ at \d+", regex=True),
        "(x+x+)+y": Wanted(text="(x+x+)+y", regex=True),
    }.items():
        found[f"ours, packed: {name}"] = (_search(among, wanted), "")
    return found


def plain_range(path: Path) -> Callable[[int], bytes]:
    def read(at: int) -> bytes:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(RANGE)

    return read


def _rows(path: Path, source: Path) -> Callable[[int], bytes]:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE part (start INTEGER PRIMARY KEY, data BLOB)")
    with source.open("rb") as file, connection:
        for at in range(0, LONG, ROW):
            connection.execute("INSERT INTO part VALUES (?, ?)", (at, file.read(ROW)))

    def read(at: int) -> bytes:
        found = connection.execute(
            "SELECT data FROM part WHERE start > ? AND start < ? ORDER BY start", (at - ROW, at + RANGE)
        )
        return b"".join(data for (data,) in found)[at % ROW :][:RANGE]

    return read


def _from_stream(path: Path, at: int) -> bytes:
    with zstd.open(path) as file:
        file.seek(at)
        return file.read(RANGE)


def _times(read: Callable[[int], object], places: list[int]) -> tuple[float, str]:
    taken = [_seconds(lambda place=place: read(place)) * 1000 for place in places]  # type: ignore[misc]
    return statistics.median(taken), f"worst {max(taken):,.1f}"


def _search(among: list[Kept], wanted: Wanted) -> float:
    def work() -> None:
        place: Place | None = Place(0)
        while place is not None:
            place = search(among, wanted, after=place).next

    return _seconds(work)


def _grep(flag: str, text: str, path: Path) -> None:
    subprocess.run(["grep", "-c", flag, text, str(path)], stdout=subprocess.DEVNULL, check=False)


def _by_line(path: Path) -> None:
    pattern = re.compile(rb"no such text")
    with path.open("rb") as file:
        for line in file:
            pattern.search(line)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def print_log_reading(measured: dict[str, Rows]) -> None:
    for title, rows in measured.items():
        print(f"\n{title}\n")
        limit = next(iter(rows.values()))[0]
        for name, (value, more) in rows.items():
            print(f"{name:60}{value:>12,.3f}{value / limit:>10.2f}×  {more}")


if __name__ == "__main__":
    print_log_reading(measure_log_reading())
