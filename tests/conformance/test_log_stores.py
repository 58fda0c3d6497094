"""What every log store promises, asked of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import Conflict
from ansflow.core.log_times import APART
from ansflow.core.outline import Scanner
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.engine.ports import FENCED, LogStore
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.packing import Packing

STEP = "unit (python=3.12)"
KEY = (1, STEP, 1)
BEGIN = datetime(2026, 11, 30, 8, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LONG = b"".join(b"line %d\n" % number for number in range(1, 120_001))  # more than one frame, block and part


class Store:
    """A log store, and how to wait until it has done what it does behind the scenes."""

    def __init__(self, logs: LogStore, packing: Packing | None = None) -> None:
        self.logs = logs
        self.packing = packing

    def append(
        self,
        data: bytes,
        offset: int | None = None,
        *,
        fence: int = 1,
        key: tuple[int, str, int] = KEY,
        at: datetime | None = None,
    ) -> int:
        start = self.logs.length(*key) if offset is None else offset
        return self.logs.append(*key, fence=fence, offset=start, data=data, at=at)

    def times(self, first: int, last: int) -> list[tuple[int, int]]:
        """Of each line that has its own, in milliseconds since BEGIN."""
        return [(line, (at - BEGIN) // MILLISECOND) for line, at in self.logs.times(*KEY, first=first, last=last)]

    def finish(self, key: tuple[int, str, int] = KEY) -> None:
        self.logs.finish(*key)
        if self.packing is not None:
            self.packing.settle()


STORES = ("memory", "files", "s3")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield Store(MemoryLogs())
        return
    packing = Packing()
    if request.param == "files":
        yield Store(FileLogs(tmp_path, packing), packing)
    else:
        from ansflow.infra.storage.object_logs import ObjectLogs
        from ansflow.infra.storage.objects import Objects

        logs = ObjectLogs(Objects(request.getfixturevalue("bucket")()), packing)
        yield Store(logs, packing)
        logs.end()
    packing.close()


def test_bytes_are_kept_as_they_came(store: Store) -> None:
    assert store.append(b"one\n\x00\xff", 0) == 6
    assert store.append(b"two", 6) == 9
    assert store.logs.read(*KEY) == b"one\n\x00\xfftwo"
    assert store.logs.read(*KEY, start=4, end=7) == b"\x00\xfft"
    assert store.logs.read(*KEY, start=7, end=400) == b"wo"
    assert store.logs.read(*KEY, start=9) == store.logs.read(*KEY, start=5, end=2) == b""


def test_what_is_sent_twice_is_kept_once(store: Store) -> None:
    store.append(b"hello", 0)
    assert store.append(b"hello world", 0) == 11
    assert store.append(b"llo", 2) == 11
    assert store.logs.read(*KEY) == b"hello world"


def test_a_gap_is_refused_and_names_the_length(store: Store) -> None:
    store.append(b"abc", 0)
    with pytest.raises(Conflict, match="3"):
        store.append(b"xyz", 10)
    assert store.logs.length(*KEY) == 3


def test_an_older_fence_is_refused_whatever_has_happened_since(store: Store) -> None:
    store.append(LONG, 0, fence=2)
    for change in (lambda: None, lambda: store.logs.close(*KEY), store.finish):
        change()
        with pytest.raises(Conflict) as refused:
            store.append(b"b", len(LONG), fence=1)
        assert refused.value.code == FENCED
    assert store.append(LONG, 0, fence=3) == len(LONG)


def test_a_step_that_prints_nothing_has_an_empty_log(store: Store) -> None:
    quiet = (1, "quiet", 1)
    for change in (lambda: None, lambda: store.finish(quiet)):
        change()
        assert store.logs.length(*quiet) == store.logs.count(*quiet) == 0
        assert store.logs.read(*quiet) == b""
        assert store.logs.lines(*quiet, first=1, last=5) == []
        assert store.logs.outline(*quiet).lines == 0
        assert store.logs.digest(*quiet) == sha256().hexdigest()


def test_logs_of_other_attempts_and_steps_are_others(store: Store) -> None:
    keys = [(1, "a", 1), (1, "a", 2), (1, "b", 1), (2, "a", 1), (1, "a/1", 1), (1, "../2/a", 1), (11, "a", 1)]
    for number, key in enumerate(keys):
        store.append(b"%d" % number, 0, key=key)
    assert [store.logs.read(*key) for key in keys] == [b"%d" % number for number in range(len(keys))]
    store.logs.remove(1)
    assert [store.logs.read(*key) for key in keys] == [b"", b"", b"", b"3", b"", b"", b"6"]
    store.logs.remove(1)


def test_whole_logs_read_as_they_did_before(store: Store) -> None:
    for at in range(0, len(LONG), 100_003):
        store.append(LONG[at : at + 100_003], at)
    wanted = LONG.split(b"\n")
    for change in (lambda: None, store.finish, store.finish):
        change()
        assert store.logs.length(*KEY) == len(LONG)
        assert store.logs.read(*KEY) == LONG
        assert store.logs.read(*KEY, start=262_140, end=524_300) == LONG[262_140:524_300]
        assert store.logs.count(*KEY) == 120_000
        assert store.logs.digest(*KEY) == sha256(LONG).hexdigest()
        for first in (1, 2, 20_000, 60_001, 119_999, 120_000):
            assert store.logs.lines(*KEY, first=first, last=first + 2) == wanted[first - 1 : min(first + 2, 120_000)]
        assert store.logs.lines(*KEY, first=120_001, last=120_002) == []


def test_a_log_that_was_finished_too_early_goes_on(store: Store) -> None:
    store.append(LONG, 0)
    store.finish()
    assert store.append(b"more\n", len(LONG), fence=2) == len(LONG) + 5
    assert store.logs.lines(*KEY, first=120_001, last=120_002) == [b"more"]
    store.finish()
    assert store.logs.read(*KEY, start=len(LONG) - 2) == b"0\nmore\n"
    assert store.logs.digest(*KEY) == sha256(LONG + b"more\n").hexdigest()


def test_the_outline_is_that_of_all_bytes_at_any_time(store: Store) -> None:
    text = b"::group::one\n" + LONG + b"::endgroup::\n::error file=a.c,line=3::bad\n--- last\nunfinished"
    at = 0
    for end in (5, 13, 700_000, len(text) - 4, len(text)):
        at = store.append(text[at:end], at)
        scanner = Scanner()
        scanner.feed(text[:end])
        assert store.logs.outline(*KEY) == scanner.outline()
    assert [group.end for group in scanner.outline().groups] == [120_002, 0]
    store.finish()
    assert store.logs.outline(*KEY) == scanner.outline()


LINE = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b""))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=60), st.integers(1, 9000), st.data())
def test_any_range_of_lines_is_the_one_that_counting_gives(
    store: Store, lines: list[bytes], repeat: int, data: st.DataObject
) -> None:
    store.logs.remove(1)
    text = ((b"\n".join(lines) + b"\n") * repeat)[: 600 * 1024]
    at = 0
    while at < len(text):
        at = store.append(text[at : at + data.draw(st.integers(1, 300_000))], at)
        if data.draw(st.booleans()):
            store.logs.close(*KEY)
    if data.draw(st.booleans()):
        store.finish()
    wanted = text.removesuffix(b"\n").split(b"\n") if text else []
    first = data.draw(st.integers(1, len(wanted) + 2))
    last = data.draw(st.integers(first, first + 20))
    assert store.logs.lines(*KEY, first=first, last=last) == wanted[first - 1 : last]
    assert store.logs.count(*KEY) == len(wanted)


def test_a_line_has_the_time_at_which_it_began_to_arrive(store: Store) -> None:
    for milliseconds, data in (
        (0, b"one\ntw"),
        (1000, b"o"),
        (2000, b"\n"),
        (3000, b"three\nfour\nfi"),
        (9000, b"ve\nsix"),
    ):
        store.append(data, at=BEGIN + milliseconds * MILLISECOND)
    for change in (lambda: None, lambda: store.logs.close(*KEY), store.finish, lambda: store.append(b"!", fence=2)):
        change()
        assert store.times(1, 100) == [(1, 0), (3, 3000), (6, 9000)]
        assert store.times(2, 2) == [(2, 0)]
        assert store.times(4, 6) == [(4, 3000), (6, 9000)]
    assert store.logs.read(*KEY) == b"one\ntwo\nthree\nfour\nfive\nsix!"


def test_of_lines_that_came_without_a_time_none_is_known(store: Store) -> None:
    store.append(b"of an earlier\nrelease\nwith")
    for change in (lambda: None, store.finish):
        change()
        assert store.times(1, 100) == []
    store.append(b"out\nand of this one\n", at=BEGIN, fence=2)
    store.finish()
    assert store.times(1, 100) == [(4, 0)]
    assert store.times(1, 3) == store.times(2, 1) == []


def test_times_go_when_their_log_goes(store: Store) -> None:
    store.append(b"one\n", at=BEGIN)
    store.logs.close(*KEY)
    store.logs.remove(1)
    assert store.times(1, 1) == []
    store.append(b"another\n", at=BEGIN + 5000 * MILLISECOND)
    assert store.times(1, 1) == [(1, 5000)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 200), st.binary(min_size=1, max_size=40), st.integers(1, 20_000), st.integers(-90, 3000)
        ),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_times_of_lines_never_go_back_and_are_those_of_their_pieces(
    store: Store, pieces: list[tuple[int, bytes, int, int]], data: st.DataObject
) -> None:
    """Whatever the clock of the writer does, a line's time is at most APART before the latest at which any began."""
    store.logs.remove(1)
    begun, now, latest, line_is_new = [], 0, 0, True
    for again, text, repeat, later in pieces:
        piece, now = text.replace(b"\r", b"\n") * repeat, max(0, now + later)
        if line_is_new or b"\n" in piece[:-1]:
            latest = max(latest, now)
        for character in piece:
            if line_is_new:
                begun.append(latest)
            line_is_new = character == 0x0A
        length = store.logs.length(*KEY)
        store.logs.append(*KEY, fence=1, offset=length, data=piece, at=BEGIN + now * MILLISECOND)
        store.append(
            piece[-again:], length + len(piece) - len(piece[-again:]), at=BEGIN + (latest + 5000) * MILLISECOND
        )
        if data.draw(st.booleans()):
            store.logs.close(*KEY)
    if data.draw(st.booleans()):
        store.finish()
    assert store.logs.count(*KEY) == len(begun)
    found = store.times(1, len(begun))
    assert found[0][0] == 1 and found == sorted(set(found)) and [at for _, at in found] == sorted(at for _, at in found)
    times = _spread(found, len(begun))
    assert all(at <= wanted < at + APART for at, wanted in zip(times, begun, strict=True))
    first = data.draw(st.integers(1, len(begun)))
    last = data.draw(st.integers(first, len(begun)))
    part = store.times(first, last)
    assert all(first <= line <= last for line, _ in part)
    assert _spread([(line - first + 1, at) for line, at in part], last - first + 1) == times[first - 1 : last]


def _spread(found: list[tuple[int, int]], lines: int) -> list[int]:
    """The time of each line, where that of the first one is known."""
    ends = [*(line for line, _ in found[1:]), lines + 1]
    return [at for (line, at), end in zip(found, ends, strict=True) for _ in range(line, end)]
