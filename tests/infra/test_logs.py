"""Logs in files: offsets, fences, and lines found without reading what comes before."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import Conflict
from ansflow.core.log_times import LogTimes, first_begun
from ansflow.infra.storage.logs import BLOCK, FileLogs
from ansflow.infra.storage.noted import Noted
from ansflow.infra.storage.recent import Recent


@pytest.fixture
def logs(tmp_path: Path) -> FileLogs:
    return FileLogs(tmp_path)


def append(logs: FileLogs, data: bytes, offset: int, fence: int = 1) -> int:
    return logs.append(1, "unit (python=3.12)", 1, fence=fence, offset=offset, data=data)


def test_bytes_are_kept_as_they_came(logs: FileLogs) -> None:
    assert append(logs, b"one\n\x00\xff", 0) == 6
    assert append(logs, b"two", 6) == 9
    assert logs.read(1, "unit (python=3.12)", 1) == b"one\n\x00\xfftwo"
    assert logs.read(1, "unit (python=3.12)", 1, start=4, end=7) == b"\x00\xfft"


def test_what_is_sent_twice_is_kept_once(logs: FileLogs) -> None:
    append(logs, b"hello", 0)
    assert append(logs, b"hello world", 0) == 11
    assert append(logs, b"llo", 2) == 11
    assert logs.read(1, "unit (python=3.12)", 1) == b"hello world"


def test_a_gap_is_refused_and_names_the_length(logs: FileLogs) -> None:
    append(logs, b"abc", 0)
    with pytest.raises(Conflict, match="has 3 bytes"):
        append(logs, b"xyz", 10)


def test_an_older_fence_is_refused_also_after_a_restart(logs: FileLogs) -> None:
    append(logs, b"a", 0, fence=2)
    with pytest.raises(Conflict, match="older"):
        append(logs, b"b", 1, fence=1)
    logs.close(1, "unit (python=3.12)", 1)
    with pytest.raises(Conflict, match="older"):
        append(FileLogs(logs.root), b"b", 1, fence=1)


def test_a_writer_that_was_killed_while_it_noted_its_fence_leaves_the_log_readable(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(logs, b"one\n", 0, fence=1)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Path, "rename", lambda path, target: _killed())
        append(logs, b"two\n", 4, fence=2)
    after = FileLogs(logs.root)
    assert after.lines(1, "unit (python=3.12)", 1, first=1, last=9) == [b"one"]
    assert append(after, b"two\n", 4, fence=2) == 8
    with pytest.raises(Conflict, match="older"):
        append(FileLogs(logs.root), b"three\n", 8, fence=1)


def _killed() -> None:
    raise KeyboardInterrupt


def test_a_fence_that_a_power_failure_has_emptied_is_the_lowest(logs: FileLogs) -> None:
    append(logs, b"one\n", 0, fence=3)
    (fence,) = logs.root.rglob("*.fence")
    fence.write_text("")
    after = FileLogs(logs.root)
    assert after.count(1, "unit (python=3.12)", 1) == 1
    assert append(after, b"two\n", 4, fence=4) == 8


BEGIN = datetime(2026, 11, 30, 8, tzinfo=UTC)


def printed(logs: FileLogs, data: bytes, seconds: int, fence: int = 1) -> None:
    at = BEGIN + timedelta(seconds=seconds)
    logs.append(1, "s", 1, fence=fence, offset=logs.length(1, "s", 1), data=data, at=at)


def times(logs: FileLogs) -> list[tuple[int, int]]:
    return [(line, (at - BEGIN).seconds) for line, at in logs.times(1, "s", 1, first=1, last=99)]


@pytest.mark.parametrize("left", range(0, 41))
def test_of_times_whose_end_a_crash_took_the_whole_ones_hold_and_others_follow(logs: FileLogs, left: int) -> None:
    for number in range(4):
        printed(logs, b"line\n", number)
    (path,) = logs.root.rglob("*.times")
    assert path.stat().st_size == 40
    os.truncate(path, left)
    after = FileLogs(logs.root)
    known = [(number + 1, number) for number in range(max(0, left // 8 - 1))]
    assert times(after) == known
    printed(after, b"line\n", 7)
    assert times(after) == [*known, (5, 7)]


def test_times_of_lines_that_a_power_failure_took_are_not_those_of_others(logs: FileLogs) -> None:
    for number in range(4):
        printed(logs, b"line\n", number)
    (path,) = logs.root.rglob("*.log")
    os.truncate(path, 7)  # the second line is half there, and its rest is sent again
    path.with_suffix(".times").write_bytes(path.with_suffix(".times").read_bytes() + bytes(24))
    after = FileLogs(logs.root)
    printed(after, b"ne\nthird\n", 8)
    assert times(after) == [(1, 0), (2, 1), (3, 8)]


def test_a_line_whose_writer_was_killed_before_it_came_has_the_time_of_the_next_one(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(logs, b"line\n", 0)
    pwrite = os.pwrite
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(os, "pwrite", lambda fd, data, at: _killed() if data == b"line\n" else pwrite(fd, data, at))
        printed(logs, b"line\n", 1)
    after = FileLogs(logs.root)
    assert times(after) == [(1, 0), (2, 1)] and after.count(1, "s", 1) == 1
    printed(after, b"line\n", 5)
    assert times(after) == [(1, 0), (2, 5)]


@pytest.mark.parametrize("damage", [b"\xff" * 24, b"\1" * 40, b"\0" * 7 + b"\1" + b"\xff" * 33])
def test_a_log_whose_times_are_damaged_goes_on_with_those_of_what_follows(logs: FileLogs, damage: bytes) -> None:
    printed(logs, b"line\n", 0)
    (path,) = logs.root.rglob("*.times")
    path.write_bytes(damage)
    assert FileLogs(logs.root).times(1, "s", 1, first=1, last=99) is not None
    for after in (logs, FileLogs(logs.root)):  # whoever had it open learns of it when he writes
        try:
            printed(after, b"line\n", 5)
        except OSError:
            printed(after, b"line\n", 5)
    assert times(logs) == [(2, 5)]
    assert logs.read(1, "s", 1) == b"line\n" * 3


def test_notes_behind_one_that_says_nothing_are_kept_where_a_writer_goes_on(logs: FileLogs) -> None:
    for number in range(3):
        printed(logs, b"line\n", number)
    (path,) = logs.root.rglob("*.times")
    whole = path.read_bytes()
    path.write_bytes(whole[:16] + bytes(8) + whole[16:])
    after = FileLogs(logs.root)
    for number in (3, 4):
        printed(after, b"line\n", number)
    assert times(after) == [(number + 1, number) for number in range(5)]


@pytest.mark.parametrize("before", [0, 1])
def test_a_writer_that_wakes_after_another_has_taken_the_log_leaves_its_times(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    for number in range(before):
        printed(logs, b"line\n", number)
    other = FileLogs(logs.root)

    def taken(data: bytes, start: int, *, newlines: int, is_border: bool) -> int:
        """While the first writer stands between looking at its fence and its note."""
        monkeypatch.undo()
        for number in range(before, 4):
            printed(other, b"line\n", number + 10, fence=2)
        return first_begun(data, start, newlines=newlines, is_border=is_border)

    monkeypatch.setattr("ansflow.infra.storage.logs.first_begun", taken)
    with pytest.raises(OSError, match="Another process"):
        printed(logs, b"line\n", before)
    with pytest.raises(Conflict, match="older"):
        printed(logs, b"line\n", before)
    printed(other, b"line\n", 20, fence=2)
    assert times(other) == [(n + 1, n if n < before else n + 10) for n in range(4)] + [(5, 20)]


def test_a_note_that_a_full_disk_cut_fails_and_those_behind_it_are_whole(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(logs, b"line\n", 0)
    pwrite = os.pwrite
    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:3], offset))
        printed(logs, b"line\n", 1)
    for number in (2, 3):
        printed(logs, b"line\n", number)
    assert times(logs) == [(1, 0), (2, 2), (3, 3)]


def test_a_log_that_is_packed_while_its_times_are_asked_for_has_them(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        printed(logs, b"line\n", number)
    logs.finish(1, "s", 1)
    read = Noted.in_file

    def packed(noted: Noted, path: Path, first: int, last: int) -> LogTimes:
        monkeypatch.undo()
        assert FileLogs(logs.root).pack((1, "s", 1))
        return read(noted, path, first, last)

    monkeypatch.setattr(Noted, "in_file", packed)
    assert times(logs) == [(1, 0), (2, 1), (3, 2)]


def test_what_is_being_added_while_its_log_is_packed_is_there(logs: FileLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    """An append is within its log when others take that for whole."""
    printed(logs, b"one\n", 0)
    write = os.pwrite
    others = [Thread(target=logs.close, args=(1, "s", 1)), Thread(target=logs.pack, args=((1, "s", 1),))]

    def late(fd: int, data: bytes, offset: int) -> int:
        monkeypatch.undo()
        for other in others:
            other.start()
            other.join(0.2)  # it may, and should, wait for us
        return write(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", late)
    logs.append(1, "s", 1, fence=1, offset=4, data=b"two\n")
    for other in others:
        other.join()
    assert logs.read(1, "s", 1) == b"one\ntwo\n"


def test_a_second_question_reads_what_has_been_noted_since_the_first(
    logs: FileLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    feed = LogTimes.feed
    monkeypatch.setattr(LogTimes, "feed", lambda self, written: taken.append(len(written)) or feed(self, written))
    for number in range(3):
        printed(logs, b"line\n", number)
    taken.clear()
    known = [(1, 0), (2, 1), (3, 2)]
    assert (times(logs), taken) == (known, [32])
    assert (times(logs), taken) == (known, [32, 0])
    printed(logs, b"line\n" * 9000, 3)
    assert (times(logs), taken) == ([*known, (4, 3)], [32, 0, 8])
    logs.close(1, "s", 1)
    assert logs.pack((1, "s", 1))
    taken.clear()
    assert (times(logs), taken) == ([*known, (4, 3)], [40])
    assert (times(logs), taken) == ([*known, (4, 3)], [40])


@given(st.lists(st.sampled_from(["print", "late", "ask", "crash", "pack"]), max_size=30), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_who_asks_again_and_again_hears_what_who_asks_for_the_first_time_does(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str], data: st.DataObject
) -> None:
    """Also where a crash took notes back, or left some of lines that never came, and others stand there now."""
    root = tmp_path_factory.mktemp("asked")
    writer, asked = FileLogs(root), FileLogs(root)
    for second, deed in enumerate(deeds):
        if deed in {"print", "late"}:
            printed(writer, b"line\n" * data.draw(st.integers(1, 3)), second if deed == "print" else 0)
        elif deed == "pack":
            writer.close(1, "s", 1)
            writer.pack((1, "s", 1))
        elif deed == "crash":
            writer = FileLogs(root)
            for path in root.rglob("*.times"):
                whole = path.read_bytes()
                kept = data.draw(st.integers(0, len(whole)))
                with path.open("r+b") as file:
                    if data.draw(st.booleans()):
                        file.truncate(kept)
                    else:
                        file.seek(len(whole))
                        file.write(whole[kept:])
        assert deed != "ask" or times(asked) == times(FileLogs(root))
    assert times(asked) == times(FileLogs(root))


def test_what_is_known_of_many_logs_is_bounded_by_how_much_it_is() -> None:
    known: Recent[int, list[int]] = Recent(10, len)
    grown = known.find(1, list)
    assert known.find(1, list) is grown
    known.keep(2, [0] * 5)
    grown += [0] * 6
    known.keep(1, grown)
    assert (known.get(2), known.get(1)) == (None, grown), "what was asked for last stays"
    grown += [0] * 20
    assert known.keep(1, grown) is known.get(1)


def test_a_packed_log_of_an_earlier_release_has_no_times_and_a_log_without_them_is_packed_as_it_was(
    logs: FileLogs,
) -> None:
    logs.append(1, "s", 1, fence=1, offset=0, data=b"line\n" * 9000)
    logs.close(1, "s", 1)
    assert logs.pack((1, "s", 1)) and times(logs) == []
    frames = [0x184D2A50, 0x184D2A50, 0x184D2A5E]  # outline, facts, table
    packed = next(logs.root.rglob("*.zst")).read_bytes()
    assert [int.from_bytes(packed[at : at + 4], "little") for at in _skippable(packed)] == frames


def _skippable(packed: bytes) -> list[int]:
    """Where frames begin that readers of Zstandard skip."""
    at = len(packed) - len(_behind_the_lines(packed))
    found = []
    while at < len(packed):
        found.append(at)
        at += 8 + int.from_bytes(packed[at + 4 : at + 8], "little")
    return found


def _behind_the_lines(packed: bytes) -> bytes:
    frame = zstd.ZstdDecompressor()
    frame.decompress(packed)
    return frame.unused_data


def test_a_step_that_prints_nothing_leaves_no_file(logs: FileLogs) -> None:
    assert logs.length(1, "quiet", 1) == 0
    assert logs.read(1, "quiet", 1) == b""
    assert logs.lines(1, "quiet", 1, first=1, last=5) == []
    assert logs.count(1, "quiet", 1) == 0
    assert list(logs.root.iterdir()) == []


def test_step_names_cannot_leave_the_folder(logs: FileLogs, tmp_path: Path) -> None:
    for name in ("../../evil", "a/b", "..", ".", "", "x" * 500, "步骤 \x00\n", "-rf", "a."):
        logs.append(1, name, 1, fence=1, offset=0, data=name.encode())
        assert logs.read(1, name, 1) == name.encode()
    assert all(path.resolve().is_relative_to(tmp_path / "1") for path in tmp_path.rglob("*.log"))
    assert len(list(tmp_path.rglob("*.log"))) == 9


LINE = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b""))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, max_size=60), st.integers(1, 9000), st.data())
def test_any_range_of_lines_is_the_one_that_counting_gives(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], repeat: int, data: st.DataObject
) -> None:
    logs = FileLogs(tmp_path_factory.mktemp("logs"))
    text = (b"\n".join(lines) + b"\n") * repeat
    text = text[: 4 * BLOCK]
    at = 0
    while at < len(text):
        size = data.draw(st.integers(1, 2 * BLOCK))
        at = logs.append(1, "s", 1, fence=1, offset=at, data=text[at : at + size])
        if data.draw(st.booleans()):
            logs.close(1, "s", 1)
    wanted = text.split(b"\n")
    if wanted[-1] == b"":
        wanted.pop()
    first = data.draw(st.integers(1, len(wanted) + 2))
    last = data.draw(st.integers(first, first + 20))
    assert logs.lines(1, "s", 1, first=first, last=last) == wanted[first - 1 : last]
    assert logs.count(1, "s", 1) == len(wanted)
    logs.close(1, "s", 1)


def test_an_index_cut_short_by_a_crash_is_counted_again(logs: FileLogs) -> None:
    text = b"".join(b"line %d\n" % number for number in range(1, 60_001))
    append(logs, text, 0)
    logs.close(1, "unit (python=3.12)", 1)
    index = next(logs.root.rglob("*.index"))
    index.write_bytes(index.read_bytes()[:23])
    assert logs.lines(1, "unit (python=3.12)", 1, first=50_000, last=50_001) == [b"line 50000", b"line 50001"]
    append(FileLogs(logs.root), b"end\n", len(text))
    assert logs.lines(1, "unit (python=3.12)", 1, first=60_001, last=60_001) == [b"end"]
